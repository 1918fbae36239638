"""What goes on at this moment, as a page that brings itself up to date: calls, phones, gateways, switches."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.permissions import person_of
from telephony.models import GatewayChange, GatewayStatus, LiveCall, Registration
from telephony.services.live.alarms import Alarm, alarms
from telephony.services.live.condition import conditions
from telephony.services.live.hanging_up import hang_up
from telephony.services.switchboard import SwitchAwayError

MOST_SHOWN: Final = 200
CHANGES_SHOWN: Final = 5


def alarms_of_staff(request: HttpRequest) -> dict[str, Any]:
    """Give every page what is wrong now, for staff alone; it is looked up where a page asks for it."""
    user = getattr(request, "user", None)
    find: Callable[[], list[Alarm]] = alarms if isinstance(user, User) and user.is_staff else list
    return {"open_alarms": SimpleLazyObject(find)}


@login_required
@never_cache
@require_safe
def live_page(request: HttpRequest) -> HttpResponse:
    """Show what goes on: staff see everything, others their own calls and phones."""
    return render(request, "telephony/live.html", _now(person_of(request)))


@login_required
@never_cache
@require_safe
def live_now(request: HttpRequest) -> HttpResponse:
    """Show it anew, as the part of the page that asks again and again."""
    return render(request, "telephony/partials/live_now.html", _now(person_of(request)))


def _now(viewer: User) -> dict[str, Any]:
    """Return what the page shows; a fixed number of queries, however much goes on."""
    now = timezone.now()
    found = conditions(now)
    heard = {each.switch.pk for each in found if each.switch and each.is_heard}
    calls = list(LiveCall.objects.visible_to(viewer).for_listing()[: MOST_SHOWN + 1])
    for call in calls:
        call.seen_direction = call.direction_for(viewer)
        # Of a switch that is away nobody knows how long it has gone on by now.
        call.seconds = round((now - call.since).total_seconds(), 1) if call.switch_id in heard else None
    phones = list(Registration.objects.current(now).visible_to(viewer).for_listing()[: MOST_SHOWN + 1])
    context: dict[str, Any] = {
        "now": now,
        "conditions": found,
        "unheard": [each for each in found if not each.is_heard],
        "calls": calls[:MOST_SHOWN],
        "more_calls": len(calls) > MOST_SHOWN,
        "phones": phones[:MOST_SHOWN],
        "more_phones": len(phones) > MOST_SHOWN,
    }
    if viewer.is_staff:
        context["alarms"] = alarms(found)
        context["gateways"] = GatewayStatus.objects.select_related("switch", "gateway__domain")
        context["changes"] = GatewayChange.objects.select_related("switch")[:CHANGES_SHOWN]
    return context


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def live_hang_up(request: HttpRequest, call_uuid: UUID) -> HttpResponse:
    """Ask whether a call is to be hung up; a POST does it. One that has ended meanwhile is no error."""
    viewer = person_of(request)
    call = LiveCall.objects.visible_to(viewer).for_listing().filter(call_uuid=str(call_uuid)).first()
    if call is None:
        # Over, somebody else's, or never there: nobody is told which.
        return render(request, "telephony/live_ended.html", status=404)
    if request.method != "POST":
        return render(request, "telephony/live_hang_up.html", {"call": call})
    try:
        if hang_up(call, actor=viewer):
            messages.success(request, "The call was hung up.")
        else:
            messages.info(request, "This call has ended already.")
    except SwitchAwayError:
        messages.error(
            request, f"The switch {call.switch} cannot be reached at the moment: the call was not hung up. Try again."
        )
    return redirect("live")
