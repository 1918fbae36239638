"""The calls, as pages."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.permissions import person_of
from telephony.audio import audio_response
from telephony.filters import CallPageFilter
from telephony.models import Call
from telephony.tables import CallTable
from web.paging import InvalidCursor, KeysetPaginator, Page

CALLS = KeysetPaginator(ordering=("-started_at", "-id"))
ROWS = 25


@login_required
@require_safe
def call_list(request: HttpRequest) -> HttpResponse:
    """Show the calls that the person may see, newest first."""
    filters = CallPageFilter(request.GET, queryset=Call.objects.visible_to(person_of(request)).for_listing(), request=request)
    page = _page(filters, request.GET.get("cursor"))
    query = request.GET.copy()
    query.pop("cursor", None)
    context = {
        "filters": filters,
        "table": CallTable(page.items, viewer=person_of(request)),
        "page": page,
        "query": query.urlencode(),
        "is_filtered": any(request.GET.get(name) for name in CallPageFilter.base_filters),
    }
    return render(request, "telephony/call_list.html", context)


def _page(filters: CallPageFilter, cursor: str | None) -> Page[Call]:
    """Return the page asked for; a wrong filter shows nothing but its complaint, an old cursor the first page."""
    calls = filters.qs if filters.is_valid() else Call.objects.none()
    try:
        return CALLS.page(calls, cursor, ROWS)
    except InvalidCursor:
        return CALLS.page(calls, None, ROWS)


@login_required
@require_safe
def call_audio(request: HttpRequest, call_id: int) -> HttpResponseBase:
    """Send the audio of a call that the person may see, by Range."""
    try:
        call = Call.objects.visible_to(person_of(request)).for_listing().find(call_id)
    except Call.DoesNotExist:
        raise Http404 from None
    return audio_response(request, call.recording, person_of(request))
