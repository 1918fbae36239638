"""A recording's mask: silence in place of what is said, put on and taken off while it records.

Source: FreeSWITCH 1.11.1, as run: the file's length stays, both channels are zero in between; the record's list of
applications tells of a mask by keys, with its microsecond, and of one by a command nothing.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from telephony.switch.commands import Command, RecordingTarget
from telephony.switch.errors import SwitchError, UnsafeCommandError
from telephony.switch.recording import MASK, RECORDED_FOR, UNMASK

# The variable in which the switch keeps which code was pressed last; commands write into it, too, what they did.
LAST_CODE: Final = "last_matching_digits"
MASKED, UNMASKED = "paused", "resumed"
_ABSENT: Final = "_undef_"

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
UUID_RECORD: Final = re.compile(rf"uuid_record {_UUID} (?:mask|unmask) /[A-Za-z0-9._/-]{{1,500}}")
UUID_SETVAR: Final = re.compile(rf"uuid_setvar {_UUID} {LAST_CODE} (?:{MASKED}|{UNMASKED})")
UUID_GETVAR: Final = re.compile(rf"uuid_getvar {_UUID} (?:{RECORDED_FOR}|{LAST_CODE})")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS = re.compile(r"[0-9]{1,17}")
_MOST_MASKS: Final = 1000


@dataclass(frozen=True)
class _OfALeg(Command):
    leg_uuid: UUID

    def __post_init__(self) -> None:
        if not isinstance(self.leg_uuid, UUID):
            raise UnsafeCommandError("The uuid of the leg is no UUID.")
        super().__post_init__()


@dataclass(frozen=True)
class MaskRecording(_OfALeg):
    """Put a mask on what a leg records into a file, or take it off; refused where the leg does not record into that file."""

    grammar = UUID_RECORD
    file: str
    is_masked: bool

    def __post_init__(self) -> None:
        _ = RecordingTarget(url="http://portal/r", file=self.file)
        super().__post_init__()

    def _compose(self) -> str:
        return f"uuid_record {self.leg_uuid} {'mask' if self.is_masked else 'unmask'} {self.file}"


@dataclass(frozen=True)
class NoteMask(_OfALeg):
    """Write down at the leg whether it is masked, where a code that is pressed is written down, too."""

    grammar = UUID_SETVAR
    is_masked: bool

    def _compose(self) -> str:
        return f"uuid_setvar {self.leg_uuid} {LAST_CODE} {MASKED if self.is_masked else UNMASKED}"


@dataclass(frozen=True)
class WhoseRecording(_OfALeg):
    """Ask of which extensions' talk a leg was told to record; `extension_ids` reads the reply."""

    grammar = UUID_GETVAR

    def _compose(self) -> str:
        return f"uuid_getvar {self.leg_uuid} {RECORDED_FOR}"


@dataclass(frozen=True)
class LastCode(_OfALeg):
    """Ask what was done last to a leg's recording; `is_masked` reads the reply."""

    grammar = UUID_GETVAR

    def _compose(self) -> str:
        return f"uuid_getvar {self.leg_uuid} {LAST_CODE}"


def extension_ids(reply: str) -> frozenset[int]:
    """Read the reply to WhoseRecording: nothing where the leg was not told to record. Raises SwitchError."""
    text = reply.strip()
    if text == _ABSENT:
        return frozenset()
    if not re.fullmatch(r"[0-9]{1,19}(?:-[0-9]{1,19}){0,3}", text):
        raise SwitchError("The switch named no extensions.")
    return frozenset(map(int, text.split("-")))


def is_masked(reply: str, pause_code: str | None) -> bool:
    """Read the reply to LastCode."""
    return reply.strip() in {MASKED, pause_code}


class Mask(NamedTuple):
    """A moment at which keys put a mask on, or took it off."""

    at: datetime
    is_masked: bool


def masks_in(record: dict[str, Any]) -> list[Mask]:
    """Return what keys did to a leg's recording, as its record tells it, oldest first; what makes no sense is passed over."""
    log = record.get("app_log")
    applications = log.get("applications") if isinstance(log, dict) else None
    found = []
    for application in applications if isinstance(applications, list) else []:
        name = application.get("app_name") if isinstance(application, dict) else None
        stamp = str(application.get("app_stamp", "")) if name in (MASK, UNMASK) else ""
        if _MICROSECONDS.fullmatch(stamp):
            found.append(Mask(_EPOCH + timedelta(microseconds=int(stamp)), name == MASK))
    return sorted(found)[:_MOST_MASKS]
