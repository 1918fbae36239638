"""Keep the calls that go on as the switch's events tell them: each leg a row, and the legs of a call summed up in one.

A leg is written when it comes, when more is known of it, and when it goes; who is who is found out anew only when that changed.
"""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from django.db import models, transaction

from telephony.models import LiveCall, LiveChannel, Switch
from telephony.services import announcing
from telephony.services.resolution import resolve
from telephony.switch.live_facts import LegNow
from telephony.switch.summary import summarise

# What is found out of a call of the list is found out of one that goes on, by the same code.
SUMMED_UP: Final = (
    "call_uuid", "direction", "local", "caller_number", "caller_name", "callee_number", "caller_extension", "callee_extension",
    "caller_user", "callee_user", "number", "call_link", "domain_name", "started_at", "answered_at",
)  # fmt: skip
TIMES: Final = frozenset({"answered_at", "bridged_at", "held_at"})


@transaction.atomic
def take(switch: Switch, leg: LegNow, bridged_at: datetime | None = None) -> None:
    """Write down what is known of a leg. With `bridged_at` it and its relatives were connected at that moment."""
    channel = LiveChannel.objects.filter(switch=switch, uuid=leg.uuid).first()
    calls = _calls_of(switch, leg, channel)
    call = _one_of(switch, calls, leg)
    joined = channel is None or len(calls) > 1
    channel = channel or LiveChannel(switch=switch)
    channel.call = call
    changed = _fill(channel, leg)
    if joined or changed:
        channel.save()
    if bridged_at is not None:
        together = LiveChannel.objects.filter(switch=switch, uuid__in={leg.uuid, *leg.relatives}, bridged_at=None)
        changed |= {"bridged_at"} if together.update(bridged_at=bridged_at) else set()
    if joined or changed:
        sum_up(call, only_times=not (joined or changed - TIMES))


@transaction.atomic
def forget(switch: Switch, uuids: Iterable[str]) -> int:
    """Take legs that have ended off their calls, and calls without legs away; return how many legs there were."""
    gone = LiveChannel.objects.filter(switch=switch, uuid__in=set(uuids))
    calls = set(gone.values_list("call_id", flat=True))
    count, _ = gone.delete()
    LiveCall.objects.filter(pk__in=calls, channels=None).delete()
    for call in LiveCall.objects.filter(pk__in=calls):
        sum_up(call, only_times=True)
    return count


def sum_up(call: LiveCall, *, only_times: bool = False) -> None:
    """Bring a call's row up to what its legs say; `only_times`: who takes part has not changed."""
    legs = list(call.channels.all())
    was_answered = call.answered_at is not None
    if not only_times:
        values = resolve(summarise(legs), call.switch)
        for name in SUMMED_UP:
            setattr(call, name, values[name])
        call.core_uuid = legs[0].core_uuid
    elif call.answered_at is None:
        call.answered_at = min((leg.bridged_at for leg in legs if leg.bridged_at), default=None)
    call.held_at = min((leg.held_at for leg in legs if leg.held_at), default=None)
    call.state = _state(call)
    call.save()
    announcing.live_call_changed(call, people=not only_times, answered=not was_answered)


def _state(call: LiveCall) -> str:
    if call.held_at is not None:
        return LiveCall.State.HELD
    return LiveCall.State.RINGING if call.answered_at is None else LiveCall.State.ANSWERED


def _calls_of(switch: Switch, leg: LegNow, channel: LiveChannel | None) -> list[LiveCall]:
    """Return the calls to which a leg belongs, the elder first: its own, and those of its relatives."""
    with_relatives = models.Q(channels__switch=switch, channels__uuid__in=leg.relatives)
    own = models.Q(pk=channel.call_id) if channel else models.Q()
    return list(LiveCall.objects.filter(with_relatives | own).distinct().order_by("started_at", "pk"))


def _one_of(switch: Switch, calls: list[LiveCall], leg: LegNow) -> LiveCall:
    """Return the one call of a leg: of several, which this leg joins, the elder, with all their legs; a new one of none."""
    if not calls:
        return LiveCall.objects.create(switch=switch, core_uuid=leg.core_uuid, call_uuid=leg.uuid, started_at=leg.started_at)
    elder, *younger = calls
    if not younger:
        return elder
    LiveChannel.objects.filter(call__in=younger).update(call=elder)
    LiveCall.objects.filter(pk__in=[call.pk for call in younger]).delete()
    return elder


def _fill(channel: LiveChannel, leg: LegNow) -> set[str]:
    """Take over what was not known of a leg before, and whether it is on hold; return which columns changed.

    What is known stays: the switch turns caller and callee of a leg round when it is answered.
    """
    values: dict[str, Any] = {name: value for name, value in asdict(leg).items() if name != "relatives"}
    changed = set()
    for name, value in values.items():
        known = getattr(channel, name)
        if (name == "held_at" and known != value) or (known in ("", None) and value not in ("", None)):
            setattr(channel, name, value)
            changed.add(name)
    return changed
