"""Give every request an id that its answer and its log lines carry."""

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")
# The signature in an upload's address, the value of a signed link's parameter.
_PROOF = re.compile(r"[0-9a-f]{64}|(?<=signature=)[^\s&\"']+")
_current: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """Return the id of the request that is being answered, "" outside of one."""
    return _current.get()


class RequestIdMiddleware:
    """Take the client's X-Request-ID if it is a sane one, else make one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the id."""
        given = request.headers.get(HEADER, "")
        request_id = given if _SANE.fullmatch(given) else uuid.uuid4().hex
        token = _current.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            _current.reset(token)
        response.headers[HEADER] = request_id
        return response


def without_proofs(text: str) -> str:
    """Return a log line without the signatures and tokens that addresses carry."""
    return _PROOF.sub("[removed]", text)


class RequestIdFilter(logging.Filter):
    """Put the request's id on a log record, and take out of it what would let its reader in."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.request_id = current_request_id()
        record.msg, record.args = without_proofs(record.getMessage()), ()
        # Django hands the whole request along, whose text shows its address.
        record.__dict__.pop("request", None)
        return True
