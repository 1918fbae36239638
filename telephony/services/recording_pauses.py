"""Pause the recording of a talk while it goes on, and let it go on: by a party of ours, or by staff.

Which legs record, and whose talk, the switch is asked itself: it knows also where nothing listens to its events.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import Assignment, Leg, PauseMark
from telephony.services.recording_rules import recording_file
from telephony.services.switchboard import SwitchAwayError, addresses, reach
from telephony.switch.commands import ShowChannels, rows
from telephony.switch.errors import CommandRefusedError
from telephony.switch.esl import EventSocket
from telephony.switch.masks import (
    LastCode,
    Mask,
    MaskRecording,
    NoteMask,
    WhoseRecording,
    extension_ids,
    is_masked,
)

Row = dict[str, str]


class NoRecordingError(Exception):
    """No talk of this person's is recorded under that uuid now."""


@dataclass(frozen=True, slots=True)
class LiveRecording:
    """A talk that is being recorded: `leg_uuid` is the leg that records it."""

    leg_uuid: UUID
    caller: str
    callee: str
    started_at: datetime
    is_paused: bool


def live_recordings(person: User) -> list[LiveRecording]:
    """Return the talks of a person's extension that are being recorded. Raises SwitchAwayError where no switch can be asked."""
    held = _held_by(person)
    if held is None:
        return []
    found = []
    for socket in _switches():
        channels = rows(socket.api(ShowChannels()))
        own = [row for row in channels if _is_at(row, held)]
        found += [_seen(socket, leg, channels) for leg in _recorders(socket, own, held.extension_id)]
    return sorted(found, key=lambda recording: recording.started_at)


def set_paused(person: User, uuid: UUID, *, paused: bool) -> UUID:
    """Pause the recording of the talk that this leg is part of, or let it go on; return the leg that records.

    The same again changes nothing. Raises NoRecordingError, SwitchAwayError; SwitchError where it is not known whether
    the switch did it: then the same may be asked for again.
    """
    held = _held_by(person)
    if held is None and not person.is_staff:
        raise NoRecordingError
    for socket in _switches():
        named = [row for row in rows(socket.api(ShowChannels())) if row.get("uuid") == str(uuid)]
        for leg in _recorders(socket, named, None if person.is_staff or held is None else held.extension_id):
            try:
                socket.api(MaskRecording(leg, recording_file(str(leg)), is_masked=paused))
            except CommandRefusedError:
                # It was told to record, and does not yet, or not any more.
                continue
            _note(person, leg, paused=paused)
            socket.api(NoteMask(leg, is_masked=paused))
            return leg
    raise NoRecordingError


def _held_by(person: User) -> Assignment | None:
    held = Assignment.objects.open().filter(user=person).select_related("extension__domain")
    return held.order_by("-starts_at", "-id").first()


def _switches() -> Iterator[EventSocket]:
    """Yield a connection to each switch that can be reached. Raises SwitchAwayError where none can be."""
    reasons, reached = [], False
    for address in addresses():
        try:
            with reach(address) as socket:
                reached = True
                yield socket
        except SwitchAwayError as error:
            reasons.append(str(error))
    if not reached:
        raise SwitchAwayError(" ".join(reasons) or "FREESWITCH_ESL_URL is not set.")


def _is_at(row: Row, held: Assignment) -> bool:
    """Tell whether a leg may be one of this extension's; whose talk it is its own variable says."""
    extension = held.extension
    return row.get("accountcode") == extension.number or row.get("presence_id") == f"{extension.number}@{extension.domain.name}"


def _recorders(socket: EventSocket, legs: list[Row], extension_id: int | None) -> Iterator[UUID]:
    """Yield the legs that record the talk of these, each once; of one extension's talk only, where one is named."""
    asked: dict[UUID, None] = {}
    for row in legs:
        # The second leg names the first one, which records.
        asked |= dict.fromkeys(leg for name in ("uuid", "call_uuid") if (leg := _uuid(row.get(name, ""))))
    for leg in asked:
        try:
            whose = extension_ids(socket.api(WhoseRecording(leg)))
        except CommandRefusedError:
            # It is over since.
            continue
        if whose if extension_id is None else extension_id in whose:
            yield leg


def _uuid(text: str) -> UUID | None:
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


def _seen(socket: EventSocket, leg: UUID, channels: list[Row]) -> LiveRecording:
    row: Row = next((row for row in channels if row.get("uuid") == str(leg)), {})
    began = row.get("created_epoch", "")
    codes = settings.RECORDING_CODES
    return LiveRecording(
        leg_uuid=leg,
        caller=row.get("cid_num", "")[:64],
        callee=row.get("dest", "")[:64],
        started_at=datetime.fromtimestamp(int(began), UTC) if began.isdecimal() and len(began) < 12 else timezone.now(),
        is_paused=is_masked(_last_code(socket, leg), codes[0] if codes else None),
    )


def _last_code(socket: EventSocket, leg: UUID) -> str:
    try:
        return socket.api(LastCode(leg))
    except CommandRefusedError:
        return ""


# -- writing it down -------------------------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def _note(person: User, leg: UUID, *, paused: bool) -> None:
    PauseMark.objects.create(leg_uuid=str(leg), at=timezone.now(), is_paused=paused, actor=person)
    action = "recording.paused" if paused else "recording.resumed"
    AuditEntry.objects.record(action, actor=person, after={"leg_uuid": str(leg)})


def note_keys(leg: Leg, masks: list[Mask]) -> None:
    """Write down what keys did to a leg's recording, as its record tells it; a record that comes again adds nothing."""
    if not masks:
        return
    marks = [PauseMark(leg_uuid=leg.uuid, at=mask.at, is_paused=mask.is_masked) for mask in masks]
    PauseMark.objects.bulk_create(marks, ignore_conflicts=True)
    AuditEntry.objects.record(
        "recording.paused_by_keys",
        leg,
        actor_label="keys of a phone",
        after={"times": sum(mask.is_masked for mask in masks), "first": masks[0].at.isoformat()},
    )
