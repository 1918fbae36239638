"""All calls of a filter as a file, and how far it has come."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import cast

from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.permissions import person_of
from telephony.exports import export_response
from telephony.filters.calls import CallPageFilter
from telephony.models import Call

# How console.js names an export, so that its progress can be asked for.
_EXPORT = re.compile(r"[0-9A-Za-z-]{1,36}")
PROGRESS_KEPT = timedelta(minutes=10)


@login_required
@require_safe
def call_export(request: HttpRequest, extension: str) -> HttpResponseBase:
    """Send every call of the filter in the address, newest first, as `calls.csv` or `calls.xlsx`."""
    person = person_of(request)
    filters = CallPageFilter(request.GET, queryset=Call.objects.all(), request=request)
    if not filters.is_valid():
        wrong = "; ".join(f"{name}: {' '.join(map(str, errors))}" for name, errors in filters.errors.items())
        return HttpResponseBadRequest(wrong, content_type="text/plain; charset=utf-8")
    key = _key(person.pk, request.GET.get("export", ""))

    def count(done: int) -> None:
        cache.set(key, {"rows": done, "done": False}, PROGRESS_KEPT.total_seconds())

    def followed(body: Iterator[bytes]) -> Iterator[bytes]:
        count(0)
        yield from body
        cache.set(key, (cache.get(key) or {"rows": 0}) | {"done": True}, PROGRESS_KEPT.total_seconds())

    asked = request.GET.copy()
    asked.pop("export", None)
    response = export_response(request, filters.qs, extension, actor=person, asked=asked, count=count)
    if request.method == "GET":
        response.streaming_content = followed(cast(Iterator[bytes], response.streaming_content))
    return response


@login_required
@require_safe
def call_export_progress(request: HttpRequest) -> HttpResponse:
    """Show how many calls an export of one's own has written; asks again by itself until it is done."""
    export = request.GET.get("export", "")
    progress = cache.get(_key(person_of(request).pk, export)) or {"rows": 0, "done": False}
    context = {"export": export, **progress}
    return render(request, "telephony/partials/export_progress.html", context)


def _key(person_id: int, export: str) -> str:
    return f"export:{person_id}:{export if _EXPORT.fullmatch(export) else ''}"
