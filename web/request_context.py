"""Which request is being answered: its id, which its answer and its log lines carry, and from where it comes."""

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from web.addresses import client_address

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")
# The signature in an upload's address; a token wherever it stands; what follows the name of something that opens a door, in
# an address or a form, in JSON or in the text of an exception.
_PROOF = re.compile(
    r"[0-9a-f]{64}"
    r"|\beyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)+"
    r"|(?<=\bBearer )[^\s\"',]+"
    r"|(?P<name>\b(?:signature|code|state|nonce|code_verifier|client_secret|access_token|refresh_token|id_token)"
    r"(?:=|[\"']\s?[:=]\s?)[\"']?)[^\s&\"',}]+",
    re.IGNORECASE,
)
_FORMATTER = logging.Formatter()
_request_id: ContextVar[str] = ContextVar("request_id", default="")
_address: ContextVar[str] = ContextVar("address", default="")


def current_request_id() -> str:
    """Return the id of the request that is being answered, "" outside of one."""
    return _request_id.get()


def current_address() -> str | None:
    """Return from where the request comes that is being answered, None outside of one."""
    return _address.get() or None


class RequestContextMiddleware:
    """Note the request's id, the client's X-Request-ID if it is a sane one, and its address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the id."""
        given = request.headers.get(HEADER, "")
        request_id = given if _SANE.fullmatch(given) else uuid.uuid4().hex
        tokens = _request_id.set(request_id), _address.set(client_address(request))
        try:
            response = self.get_response(request)
        finally:
            _request_id.reset(tokens[0])
            _address.reset(tokens[1])
        response.headers[HEADER] = request_id
        return response


def without_proofs(text: str) -> str:
    """Return a log line without the signatures and tokens that addresses carry."""
    return _PROOF.sub(lambda found: f"{found['name'] or ''}[removed]", text)


class RequestIdFilter(logging.Filter):
    """Put the request's id on a log record, and take out of it what would let its reader in."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.request_id = current_request_id()
        record.msg, record.args = without_proofs(record.getMessage()), ()
        if record.exc_info:
            # What an exception says, and what the ones before it said, may quote the request.
            record.exc_text = without_proofs(_FORMATTER.formatException(record.exc_info))
            record.exc_info = None
        # Django hands the whole request along, whose text shows its address.
        record.__dict__.pop("request", None)
        return True
