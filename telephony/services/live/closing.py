"""A switch that started anew has lost its calls: what became of them nobody knows, until their records come after all."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from telephony.models import Call, Leg, LiveCall, LiveChannel, Recording, Switch, UnrecordedLeg
from telephony.services import announcing
from telephony.services.call_links.progress import settle
from telephony.services.resolution import resolve
from telephony.services.tallies import note_change
from telephony.switch.causes import UNKNOWN, outcome_of
from telephony.switch.summary import summarise
from web.locks import lock_names

logger = logging.getLogger("portal.listener")

MOST_AT_ONCE: Final = 200


def close_lost(switch: Switch, core_uuid: str, last_heard_at: datetime | None) -> int:
    """Close the calls of a switch that belong to another run of it than the present one; return how many there were.

    Each stands in the list of calls from now on, with nothing known of its end but that it went on when the switch was last
    heard. A call of which some leg's record is there already stays as that record has it.
    """
    closed = 0
    lost = LiveCall.objects.filter(switch=switch).exclude(core_uuid=core_uuid)
    while found := list(lost.prefetch_related("channels")[:MOST_AT_ONCE]):
        for call in found:
            _close(call, list(call.channels.all()), last_heard_at)
            closed += 1
    if closed:
        logger.warning("a switch that started anew has lost calls", extra={"switch": switch.name, "calls": closed})
    return closed


@transaction.atomic
def _close(live: LiveCall, channels: Sequence[LiveChannel], last_heard_at: datetime | None) -> None:
    uuids = {channel.uuid for channel in channels}
    # The intake of records locks the same names: a record that comes at this moment sees the call, or is seen.
    lock_names(uuids)
    recorded = dict(Leg.objects.filter(uuid__in=uuids).values_list("uuid", "call_id"))
    missing = [channel for channel in channels if channel.uuid not in recorded]
    if missing:
        call = Call.objects.filter(pk__in=recorded.values()).order_by("pk").first() or _unknown(live, missing, last_heard_at)
        UnrecordedLeg.objects.bulk_create((UnrecordedLeg(uuid=leg.uuid, call=call) for leg in missing), ignore_conflicts=True)
        announcing.records_changed(call)
    live.delete()


def _unknown(live: LiveCall, channels: Sequence[LiveChannel], last_heard_at: datetime | None) -> Call:
    """Store a call of which only this is known: who called whom, when, and whether they talked."""
    values = resolve(summarise(channels), live.switch)
    # Whatever was written of the call was heard of the switch.
    seen = (live.started_at, live.updated_at, last_heard_at, *(leg.bridged_at for leg in channels))
    ended_at = max(at for at in seen if at is not None)
    answered_at = values["answered_at"]
    call = Call.objects.create(
        **values
        | {
            "ended_at": max(ended_at, values["started_at"]),
            "duration_seconds": _seconds(values["started_at"], ended_at),
            # They talked at least for so long: what came after the last sign of life is charged to nobody.
            "bill_seconds": _seconds(answered_at, ended_at) if answered_at else 0,
            "hangup_cause": UNKNOWN,
            "outcome": outcome_of(UNKNOWN, talked=values["answered"]).slug,
        }
    )
    note_change([call.started_at])
    Recording.objects.filter(leg_uuid__in=[leg.uuid for leg in channels], call=None).update(call=call)
    settle(call)
    return call


def _seconds(begin: datetime, end: datetime) -> int:
    return max(0, int((end - begin).total_seconds()))
