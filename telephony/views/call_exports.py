"""All calls of a filter as a file, and how far it has come."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import AuditEntry
from accounts.permissions import person_of
from telephony.exports import csv_lines, rows_of, workbook
from telephony.filters.calls import CallPageFilter
from telephony.models import Call

# How console.js names an export, so that its progress can be asked for.
_EXPORT = re.compile(r"[0-9A-Za-z-]{1,36}")
PROGRESS_KEPT = timedelta(minutes=10)


class Format(NamedTuple):
    """A kind of file."""

    content_type: str
    write: Callable[[Iterator[list[Any]]], Iterator[bytes]]


FORMATS = {
    "csv": Format("text/csv; charset=utf-8", csv_lines),
    "xlsx": Format("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook),
}


@login_required
@require_safe
def call_export(request: HttpRequest, extension: str) -> HttpResponseBase:
    """Send every call of the filter in the address, newest first, as `calls.csv` or `calls.xlsx`."""
    person = person_of(request)
    filters = CallPageFilter(request.GET, queryset=Call.objects.all(), request=request)
    if not filters.is_valid():
        wrong = "; ".join(f"{name}: {' '.join(map(str, errors))}" for name, errors in filters.errors.items())
        return HttpResponseBadRequest(wrong, content_type="text/plain; charset=utf-8")
    kind = FORMATS[extension]
    key = _key(person.pk, request.GET.get("export", ""))

    def count(done: int) -> None:
        cache.set(key, {"rows": done, "done": False}, PROGRESS_KEPT.total_seconds())

    def body() -> Iterator[bytes]:
        count(0)
        yield from kind.write(rows_of(filters.qs, count))
        cache.set(key, (cache.get(key) or {"rows": 0}) | {"done": True}, PROGRESS_KEPT.total_seconds())

    query = request.GET.copy()
    query.pop("export", None)
    if request.method == "GET":
        AuditEntry.objects.record("calls.exported", actor=person, after={"format": extension, "filter": query.urlencode()})
    response = StreamingHttpResponse(body() if request.method == "GET" else iter(()), content_type=kind.content_type)
    name = f"calls-{timezone.localdate():%Y-%m-%d}.{extension}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    # A proxy that collects the answer would keep its reader waiting.
    response["X-Accel-Buffering"] = "no"
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
