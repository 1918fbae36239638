"""Read-only mode: kept in the database, so that it is in force in every worker at the next request."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from web.errors import Problem, problem_response, speaks_json
from web.models import ReadOnlyMode

RETRY_AFTER_SECONDS = 60
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_SERVED: Final = "served_when_read_only"
# A call that went unrecorded cannot be recorded later.
_SWITCH_PATHS: Final = "/freeswitch/"

V = TypeVar("V", bound=Callable[..., HttpResponseBase])


class ReadOnlyError(Problem):
    """Nothing is written or dialled at the moment."""

    def __init__(self) -> None:
        super().__init__(
            503,
            "read_only",
            "The portal only reads at the moment; nothing was done. Try again later.",
            {"Retry-After": str(RETRY_AFTER_SECONDS)},
        )


def is_on() -> bool:
    """Tell whether the portal only reads; one query."""
    return ReadOnlyMode.objects.filter(pk=ReadOnlyMode.ONLY_ID, is_on=True).exists()


def refuse() -> None:
    """Raise ReadOnlyError while the portal only reads: for what acts though its method is safe."""
    if is_on():
        raise ReadOnlyError


def turn(*, on: bool) -> bool:
    """Turn read-only mode on or off; tell whether that changed anything."""
    with transaction.atomic():
        mode, _ = ReadOnlyMode.objects.select_for_update().get_or_create(pk=ReadOnlyMode.ONLY_ID)
        changed = mode.is_on != on
        if changed:
            mode.is_on = on
            mode.save()
    return changed


def served_when_read_only(view: V) -> V:
    """Let a page's form be sent all the same: people may come and go, a session is none of the portal's data."""
    setattr(view, _SERVED, True)
    return view


class ReadOnlyMiddleware:
    """Refuse every unsafe method while the portal only reads, save what the switch reports and what is marked as served.

    REST views refuse by themselves, once they know that the client may ask at all.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Answer 503 instead of the view."""
        if request.method in SAFE_METHODS or _sees_to_it_itself(request, view) or not is_on():
            return None
        return _unavailable(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer 503 where a page that acts refused."""
        return _unavailable(request) if isinstance(exception, ReadOnlyError) else None


def _sees_to_it_itself(request: HttpRequest, view: Callable[..., HttpResponseBase]) -> bool:
    is_api_view = hasattr(getattr(view, "cls", None), "refuses_when_read_only")
    return is_api_view or hasattr(view, _SERVED) or request.path.startswith(_SWITCH_PATHS)


def _unavailable(request: HttpRequest) -> HttpResponse:
    refusal = ReadOnlyError()
    if speaks_json(request):
        return problem_response(request, 503, refusal.code, str(refusal.detail), headers=refusal.headers)
    response = render(request, "503.html", status=503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
