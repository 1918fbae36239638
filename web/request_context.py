"""Which request is being answered: its id, which its answer and its log lines carry, and from where it comes."""

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from web.addresses import client_address
from web.proofs import path_without_proofs, proofs_of, without_proofs

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FORMATTER = logging.Formatter()
_request_id: ContextVar[str] = ContextVar("request_id", default="")
_address: ContextVar[str] = ContextVar("address", default="")
_credential: ContextVar[str] = ContextVar("credential", default="")
_proofs: ContextVar[tuple[str, ...]] = ContextVar("proofs", default=())


def current_request_id() -> str:
    """Return the id of the request that is being answered, "" outside of one."""
    return _request_id.get()


def current_address() -> str | None:
    """Return from where the request comes that is being answered, None outside of one."""
    return _address.get() or None


def current_credential() -> str:
    """Return by what the request that is being answered proved who sends it, "" outside of one and where it proved nothing."""
    return _credential.get()


def note_credential(name: str) -> None:
    """Note by what the request proves who sends it, as the audit log is to name it: `api_key:12`; never the secret itself."""
    _credential.set(name)


class RequestContextMiddleware:
    """Note the request's id, the client's X-Request-ID if it is a sane one, its address, and what must not be logged of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the id."""
        given = request.headers.get(HEADER, "")
        request_id = given if _SANE.fullmatch(given) else uuid.uuid4().hex
        tokens = _request_id.set(request_id), _address.set(client_address(request)), _proofs.set(proofs_of(request))
        credential = _credential.set("")
        try:
            response = self.get_response(request)
        finally:
            _request_id.reset(tokens[0])
            _address.reset(tokens[1])
            _proofs.reset(tokens[2])
            _credential.reset(credential)
        response.headers[HEADER] = request_id
        return response


class RequestIdFilter(logging.Filter):
    """Put the request's id on a log record, and take out of it what would let its reader in."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.request_id = current_request_id()
        message = record.getMessage()
        # Django hands the whole request along, whose text shows its address, and quotes its path.
        request = record.__dict__.pop("request", None)
        if isinstance(request, HttpRequest):
            message = message.replace(request.path, path_without_proofs(request.path))
        record.msg, record.args = without_proofs(message, _proofs.get()), ()
        if record.exc_info:
            # What an exception says, and what the ones before it said, may quote the request.
            record.exc_text = without_proofs(_FORMATTER.formatException(record.exc_info), _proofs.get())
            record.exc_info = None
        return True
