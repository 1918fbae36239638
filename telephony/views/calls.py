"""The calls, as pages."""

import json
import re
from functools import partial
from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.permissions import person_of
from telephony.audio import audio_response, waveform_of
from telephony.filters.calls import CallPageFilter
from telephony.models import Call
from telephony.services.call_lists import CALLS
from telephony.services.first_steps import first_steps_of
from telephony.services.recordings import plays_of
from telephony.switch.quality import verdict
from telephony.tables.calls import CallTable
from telephony.timeline import Timeline
from telephony.views.call_preferences import liking_of
from telephony.views.route import address_about
from web.errors import Problem
from web.listing import listing

ROWS = 25
_CALLABLE: Final = re.compile(r"[0-9]{2,15}")


@login_required
@require_safe
def call_list(request: HttpRequest) -> HttpResponse:
    """Show the calls that the person may see, newest first."""
    viewer = person_of(request)
    liking = liking_of(viewer)
    hidden = [name for name in CallTable.base_columns if name not in liking.columns]
    calls = Call.objects.for_listing(*(relation for name, relation in CallTable.RELATIONS.items() if name not in hidden))
    table = partial(CallTable, viewer=viewer, exclude=hidden)
    context = listing(request, calls, paginator=CALLS, table=table, filters=CallPageFilter, rows=ROWS)
    query = QueryDict(context["query"])
    context |= {
        "chips": [(label, value, _without(query, name)) for name, label, value in context["filters"].chosen],
        "saved_filters": liking.saved_filters,
        "columns": [(name, CallTable.base_columns[name].verbose_name, name not in hidden) for name in CallTable.base_columns],
    }
    if not context["page"].items and not context["is_filtered"] and not viewer.is_staff:
        context["first_steps"] = first_steps_of(viewer)
    return render(request, "telephony/call_list.html", context)


def _without(query: QueryDict, name: str) -> str:
    """Return the query without one of its parameters."""
    rest = query.copy()
    rest.pop(name, None)
    return rest.urlencode()


@login_required
@require_safe
def call_newer(request: HttpRequest) -> HttpResponse:
    """Tell a first page whether it has a newer call to show than the one in `first`; it fetches itself anew then."""
    filters = CallPageFilter(request.GET, queryset=Call.objects.all(), request=request)
    newest = CALLS.first_keys(filters.parts, 1)
    response = HttpResponse(status=204)
    if newest and str(newest[0][-1]) != request.GET.get("first", ""):
        response["HX-Trigger"] = "calls-changed"
    return response


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
        "call_label": f"Call {call.pk}",
        "route_address": address_about(call) if viewer.is_staff else "",
        "seen_direction": call.direction_for(viewer),
        "call_back": _other_party(call, viewer),
        "timeline": Timeline(call),
        "quality": call.worst_quality,
        "verdict": verdict(*call.worst_quality),
        "plays": plays_of(call) if viewer.is_staff else [],
        "raw": [(leg, json.dumps(leg.raw, indent=2, sort_keys=True)) for leg in call.legs.all()] if viewer.is_staff else [],
    }
    return render(request, "telephony/call_detail.html", context)


def _other_party(call: Call, viewer: User) -> str:
    """Return the number that the viewer would call to talk to the call's other party again, "" where there is none."""
    came_in = call.direction_for(viewer) == Call.Direction.INBOUND
    number = call.caller_number if came_in else call.callee_number
    return number if _CALLABLE.fullmatch(number) else ""


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


@login_required
@require_safe
def call_peaks(request: HttpRequest, call_id: int) -> HttpResponse:
    """Send the waveform of a call that the person may see, for the player; 204 while it is not measured."""
    try:
        return JsonResponse(waveform_of(_visible(person_of(request), call_id).recording))
    except Problem:
        return HttpResponse(status=204)
