"""Have webhooks told of what happens to calls, recordings and numbers: each in the transaction in which it does.

A call is told of as completed once, when all of it is known: ADR 20 says when that is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from telephony.models import Assignment, Call, Leg, LegLink, LiveCall, LiveChannel, Recording, UnrecordedLeg
from web.jobs import task
from webhooks.outbox import announce, is_wanted

COMPLETED: Final = "call.completed"
# For how long the records of legs that a call names are waited for, after its last one; some switches are told to send none.
OTHERS_WITHIN: Final = timedelta(seconds=60)
# The same while its first leg's is missing, or a leg still lives: the longest call.
REST_WITHIN: Final = timedelta(hours=24)
LOOK_AGAIN: Final = timedelta(seconds=60)
# As long as it is kept who was told.
TOLD_WITHIN: Final = timedelta(days=29)


@dataclass(frozen=True, slots=True)
class FailedRecording:
    """A recording that cannot be used; `code` for programs, the reason for people."""

    call: Call
    leg_uuid: str
    code: str
    reason: str


# -- calls -----------------------------------------------------------------------------------------------------------------


def live_call_changed(call: LiveCall, *, people: bool, answered: bool) -> None:
    """Tell that a call has begun, where it has new `people`, and that it is talked on, where that is new to some of them."""
    users = (call.caller_user_id, call.callee_user_id)
    if people:
        announce("call.started", call, users, key=f"call.started:{call.call_uuid}", at=call.started_at, since=call.started_at)
    if call.answered_at is not None and (people or answered):
        announce(
            "call.answered", call, users, key=f"call.answered:{call.call_uuid}", at=call.answered_at, since=call.answered_at
        )


def records_changed(call: Call) -> None:
    """Tell what a new record of a call's brings: that it is over, and that its recordings can be listened to."""
    for recording in Recording.objects.filter(call=call, state=Recording.State.READY).defer("peaks"):
        recording.call = call
        recording_ready(recording)
    call_over(call)


def call_over(call: Call) -> None:
    """Tell that a call is over, or look again when more of it may be known."""
    now = timezone.now()
    users = (call.caller_user_id, call.callee_user_id)
    if call.ended_at is None or call.created_at <= now - TOLD_WITHIN:
        return
    if not is_wanted(COMPLETED, users, call.created_at):
        return
    look_at = _incomplete_until(call, now)
    if look_at is not None:
        look_at_call.enqueue(run_at=look_at, call=call.pk)
        return
    # As two calls, which a late record joined, some may have been told of it.
    former = [f"{COMPLETED}:{alias}" for alias in call.aliases.values_list("former_id", flat=True)]
    announce(COMPLETED, call, users, key=f"{COMPLETED}:{call.pk}", former_keys=former, at=call.ended_at, since=call.created_at)


@task("telephony.look_at_call")
def look_at_call(call: int) -> None:
    """Tell that a call is over whose records were waited for."""
    with transaction.atomic():
        known = Call.objects.select_for_update().filter(pk=call).first()
        if known is not None:
            call_over(known)


def _incomplete_until(call: Call, now: datetime) -> datetime | None:
    """Return when to look again whether all of a call is known, None where it is, or nothing more is to be waited for."""
    legs = list(Leg.objects.filter(call=call).values_list("uuid", "originator_uuid", "created_at"))
    known = {uuid for uuid, _, _ in legs}
    missing = set(LegLink.objects.filter(leg__call=call).values_list("uuid", flat=True)) - known
    missing |= set(UnrecordedLeg.objects.filter(call=call).values_list("uuid", flat=True))
    has_root = any(not originator for _, originator, _ in legs)
    if has_root and not missing:
        return None
    last = max((created for _, _, created in legs), default=call.created_at)
    lives = bool(missing) and LiveChannel.objects.filter(uuid__in=missing).exists()
    until = last + (OTHERS_WITHIN if has_root and not lives else REST_WITHIN)
    if until <= now:
        return None
    return min(until, now + LOOK_AGAIN) if lives else until


# -- recordings ------------------------------------------------------------------------------------------------------------


def recording_ready(recording: Recording) -> None:
    """Tell that a recording can be listened to, once it is known of which call it is."""
    call = recording.call
    if call is None or recording.created_at <= timezone.now() - TOLD_WITHIN:
        return
    key = f"recording.ready:{recording.pk}"
    users = (call.caller_user_id, call.callee_user_id)
    announce("recording.ready", recording, users, key=key, at=recording.created_at, since=recording.created_at)


def recording_failed(leg_uuid: str, code: str, reason: str) -> None:
    """Tell that a leg's recording cannot be used, where its call is known; for each reason once."""
    leg = Leg.objects.filter(uuid=leg_uuid).select_related("call").only("call", "uuid").first()
    if leg is None:
        return
    failed = FailedRecording(leg.call, leg_uuid, code, reason)
    users = (leg.call.caller_user_id, leg.call.callee_user_id)
    announce("recording.failed", failed, users, key=f"recording.failed:{leg_uuid}:{code}")


# -- numbers ---------------------------------------------------------------------------------------------------------------


def number_assigned(assignment: Assignment) -> None:
    """Tell that somebody was given a number."""
    if assignment.number_id is not None:
        announce("number.assigned", assignment, (assignment.user_id,), at=assignment.starts_at)


def number_released(assignment: Assignment, at: datetime) -> None:
    """Tell that somebody's number is theirs no more."""
    if assignment.number_id is not None:
        announce("number.released", assignment, (assignment.user_id,), at=at)
