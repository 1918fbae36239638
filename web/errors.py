"""Errors as RFC 9457 problem details, from views of either kind."""

import json
import logging
import sys
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render
from rest_framework import exceptions, status

logger = logging.getLogger("portal.errors")

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5


class Problem(exceptions.APIException):
    """An error with a stable slug for programs; `raise Problem(409, "number_pool_empty", "No number is free.")`."""

    def __init__(self, status_code: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail, code)
        self.status_code = status_code
        self.code = code
        self.headers = dict(headers or {})


# The slug and the sentence for what the frameworks raise; None takes the exception's own sentence.
_KNOWN: tuple[tuple[type[Exception], int, str, str | None], ...] = (
    (Http404, 404, "not_found", "There is nothing here, or nothing that you may see."),
    (exceptions.NotFound, 404, "not_found", "There is nothing here, or nothing that you may see."),
    (PermissionDenied, 403, "permission_denied", "You may not do this."),
    (exceptions.PermissionDenied, 403, "permission_denied", None),
    (exceptions.NotAuthenticated, 401, "not_authenticated", None),
    (exceptions.AuthenticationFailed, 401, "invalid_credentials", None),
    (exceptions.MethodNotAllowed, 405, "method_not_allowed", None),
    (exceptions.NotAcceptable, 406, "not_acceptable", "Only JSON is to be had here: see Accept."),
    (exceptions.UnsupportedMediaType, 415, "unsupported_media_type", None),
    (exceptions.Throttled, 429, "throttled", None),
    (exceptions.ParseError, 400, "parse_error", None),
    (UnreadablePostError, 400, "body_incomplete", "The body broke off."),
    (RequestDataTooBig, 413, "body_too_large", "The body is larger than this endpoint takes."),
)


def problem(status_code: int, code: str, detail: str, **extra: Any) -> dict[str, Any]:
    """Return the members of a problem document."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status_code).phrase,
        "status": status_code,
        "detail": detail,
        "code": code,
    } | extra


def problem_response(
    request: HttpRequest | None,
    status_code: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> HttpResponse:
    """Answer a plain view's request with a problem document."""
    document = problem(status_code, code, detail, **extra)
    return HttpResponse(json.dumps(document), status=status_code, content_type=CONTENT_TYPE, headers=dict(headers or {}))


def database_unavailable(request: HttpRequest | None) -> HttpResponse:
    """Answer while the database is away: nothing was stored, try again."""
    logger.error("the database is away")
    return problem_response(
        request,
        503,
        "database_unavailable",
        "The database is away; try again.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def problem_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Turn what a REST view raised into a problem document; None leaves it to Django's 500."""
    if isinstance(error, (OperationalError, InterfaceError)):
        return database_unavailable(context["request"])
    if isinstance(error, exceptions.ValidationError):
        return _respond(
            400, "invalid_input", "The request has wrong values: see errors.", {}, errors=_errors_by_field(error.detail)
        )
    if isinstance(error, Problem):
        return _respond(error.status_code, error.code, str(error.detail), error.headers)
    for kind, status_code, code, detail in _KNOWN:
        if isinstance(error, kind):
            return _respond(
                status_code, _code_of(error, code), detail or str(getattr(error, "detail", error)), _headers_of(error)
            )
    return None


def _respond(status_code: int, code: str, detail: str, headers: Mapping[str, str], **extra: Any) -> HttpResponse:
    return problem_response(None, status_code, code, detail, headers=headers, **extra)


def _code_of(error: Exception, default: str) -> str:
    """Return the slug that whoever raised the error gave it, if it is one of its own."""
    code = getattr(getattr(error, "detail", None), "code", None)
    return code if code and code != getattr(error, "default_code", None) else default


def _headers_of(error: Exception) -> dict[str, str]:
    challenge, wait = getattr(error, "auth_header", None), getattr(error, "wait", None)
    headers = {"WWW-Authenticate": str(challenge)} if challenge else {}
    return headers | ({"Retry-After": str(int(wait) + 1)} if wait else {})


def _errors_by_field(detail: Any) -> dict[str, list[str]]:
    if isinstance(detail, Mapping):
        return {str(name): _sentences(value) for name, value in detail.items()}
    return {"non_field_errors": _sentences(detail)}


def _sentences(value: Any) -> list[str]:
    """Flatten whatever shape the framework gave to a list of sentences."""
    if isinstance(value, Mapping):
        return [f"{name}: {sentence}" for name, inner in value.items() for sentence in _sentences(inner)]
    if isinstance(value, (list, tuple)):
        return [sentence for inner in value for sentence in _sentences(inner)]
    return [str(value)]


def _away(request: HttpRequest) -> HttpResponse:
    refusal = database_unavailable(request)
    if speaks_json(request):
        return refusal
    page = render(None, "away.html", status=refusal.status_code)
    page.headers["Retry-After"] = refusal.headers["Retry-After"]
    return page


def speaks_json(request: HttpRequest) -> bool:
    """Tell whether a program asks, for whom an error is a document and no page."""
    return request.path.startswith(("/api/", "/freeswitch/"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 for what Django itself refuses."""
    if speaks_json(request):
        return problem_response(request, 400, "bad_request", "The request is malformed.")
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    if speaks_json(request):
        return problem_response(request, 403, "permission_denied", "You may not do this.")
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    if speaks_json(request):
        return problem_response(request, 404, "not_found", "There is nothing at this address.")
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 where the database is away; the templates take nothing from the request, which may be what broke."""
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        return _away(request)
    if speaks_json(request):
        return problem_response(request, 500, "internal_error", "Something broke here; the request's id leads to its log.")
    return render(None, "500.html", status=status.HTTP_500_INTERNAL_SERVER_ERROR)
