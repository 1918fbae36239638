"""The calls, as pages."""

import json

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.permissions import person_of
from telephony.audio import audio_response
from telephony.filters import CallPageFilter
from telephony.models import Call
from telephony.services.recordings import plays_of
from telephony.switch.quality import verdict
from telephony.tables import CallTable
from telephony.timeline import Timeline
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
def call_detail(request: HttpRequest, call_id: int) -> HttpResponse:
    """Show one call: what happened when, how it sounded, and its recording."""
    viewer = person_of(request)
    call = _visible(viewer, call_id)
    if call.pk != call_id:
        return redirect("call-detail", call.pk, permanent=True)
    context = {
        "call": call,
        "seen_direction": call.direction_for(viewer),
        "timeline": Timeline(call),
        "quality": call.worst_quality,
        "verdict": verdict(*call.worst_quality),
        "plays": plays_of(call) if viewer.is_staff else [],
        "raw": [(leg, json.dumps(leg.raw, indent=2, sort_keys=True)) for leg in call.legs.all()] if viewer.is_staff else [],
    }
    return render(request, "telephony/call_detail.html", context)


def _visible(viewer: User, call_id: int) -> Call:
    """Return a call that the viewer may see. Raises Http404."""
    try:
        return Call.objects.visible_to(viewer).for_listing().find(call_id)
    except Call.DoesNotExist:
        raise Http404 from None


@login_required
@require_safe
def call_audio(request: HttpRequest, call_id: int) -> HttpResponseBase:
    """Send the audio of a call that the person may see, by Range."""
    viewer = person_of(request)
    return audio_response(request, _visible(viewer, call_id).recording, viewer)
