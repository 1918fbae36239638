"""What the switch tells of a call link: events, the result of its command, and at last the record."""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from telephony.models import Call, CallLink
from telephony.services.talk_limits import link_allowance_of
from telephony.switch.causes import true_cause
from telephony.switch.commands import UuidKill
from telephony.switch.errors import CommandRefusedError
from telephony.switch.esl import Event, EventSocket

logger = logging.getLogger("portal.call_links")

_CANONICAL_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TALK_SLACK = timedelta(minutes=1)
Handler = Callable[[EventSocket, CallLink, Event], None]


def follow(socket: EventSocket, event: Event, *, only: CallLink | None = None) -> CallLink | None:
    """Move the link that an event is about; return it, None where the event is about none (or not about `only`)."""
    handler = HANDLERS.get(event.name)
    if handler is None:
        return None
    link = _link_of(event)
    if link is None or (only is not None and link.pk != only.pk):
        return None
    handler(socket, link, event)
    return link


def _link_of(event: Event) -> CallLink | None:
    if event.name == "BACKGROUND_JOB":
        return _by_uuid("job_uuid", event.get("Job-UUID"))
    # Events of the destination's leg tell nothing that those of the source's do not.
    return _by_uuid("call_uuid", event.get("Unique-ID"))


def _by_uuid(column: str, text: str) -> CallLink | None:
    return CallLink.objects.filter(**{column: text}).first() if _CANONICAL_UUID.fullmatch(text) else None


def _at(event: Event) -> datetime:
    text = event.get("Event-Date-Timestamp")
    return (
        EPOCH + timedelta(microseconds=int(text)) if text.isascii() and text.isdigit() and len(text) == 16 else timezone.now()
    )


def _job(socket: EventSocket, link: CallLink, event: Event) -> None:
    """Take the result of the command: the first leg is up, or why it never came to be."""
    result = event.body.strip()
    if result.startswith("+OK"):
        link.advance(CallLink.Status.SOURCE_ANSWERED, _at(event))
        return
    cause = result.removeprefix("-ERR").strip()[:64]
    _end_untalked(link, cause if cause.replace("_", "").isalnum() else "", _at(event))


def _created(socket: EventSocket, link: CallLink, event: Event) -> None:
    """Hang up a leg that comes to be after its link was cancelled, or was given up: its phone must not ring."""
    if link.is_open and link.cancel_requested_at is None:
        return
    try:
        socket.api(UuidKill(link.call_uuid, "ORIGINATOR_CANCEL"))
    except CommandRefusedError:
        return
    logger.info("a leg that nobody wants any more was hung up", extra={"call_link": link.pk})
    link.end(CallLink.Status.CANCELLED, "ORIGINATOR_CANCEL", _at(event))


def _ringing(socket: EventSocket, link: CallLink, event: Event) -> None:
    link.advance(CallLink.Status.RINGING_SOURCE, _at(event))


def _answered(socket: EventSocket, link: CallLink, event: Event) -> None:
    link.advance(CallLink.Status.SOURCE_ANSWERED, _at(event))


def _bridged(socket: EventSocket, link: CallLink, event: Event) -> None:
    at = _at(event)
    if link.advance(CallLink.Status.BRIDGED, at):
        until = at + timedelta(minutes=link_allowance_of(link.extension).longest_minutes) + TALK_SLACK
        CallLink.objects.open().filter(pk=link.pk).update(expires_at=until)


def _hung_up(socket: EventSocket, link: CallLink, event: Event) -> None:
    if link.status == CallLink.Status.BRIDGED:
        link.end(CallLink.Status.COMPLETED, event.get("Hangup-Cause"), _at(event))
        return
    cause = true_cause(event.get("Hangup-Cause"), event.get("variable_originate_disposition"), talked=False)
    _end_untalked(link, cause, _at(event))


HANDLERS: dict[str, Handler] = {
    "BACKGROUND_JOB": _job,
    "CHANNEL_CREATE": _created,
    "CHANNEL_PROGRESS": _ringing,
    "CHANNEL_PROGRESS_MEDIA": _ringing,
    "CHANNEL_ANSWER": _answered,
    "CHANNEL_BRIDGE": _bridged,
    "CHANNEL_HANGUP_COMPLETE": _hung_up,
}


def _end_untalked(link: CallLink, cause: str, at: datetime) -> None:
    cancelled = link.cancel_requested_at is not None
    link.end(CallLink.Status.CANCELLED if cancelled else CallLink.Status.FAILED, cause, at)


def settle(call: Call) -> None:
    """End the link that placed a call as the call's record has it, once the record of its first leg is there."""
    link = call.call_link
    if link is None or call.ended_at is None or call.call_uuid != str(link.call_uuid):
        return
    if call.answered:
        status = CallLink.Status.COMPLETED
    elif link.cancel_requested_at is not None:
        status = CallLink.Status.CANCELLED
    else:
        status = CallLink.Status.FAILED
    if call.switch_id is not None and link.switch_id != call.switch_id:
        CallLink.objects.filter(pk=link.pk).update(switch=call.switch)
    link.settle(status, call.hangup_cause, call.ended_at, call.answered_at)
