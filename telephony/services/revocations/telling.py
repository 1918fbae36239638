"""What one switch is told of one revocation, step by step, each with its answer: that is the proof."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from telephony.models import Assignment, Revocation
from telephony.switch.access_commands import (
    Extension,
    FlushRegistrations,
    FlushUser,
    LiveLeg,
    ShowPhonesOf,
    live_leg,
    place_of,
)
from telephony.switch.commands import Command, ShowChannels, UuidKill, rows
from telephony.switch.errors import CommandRefusedError, SwitchError, SwitchLostError
from telephony.switch.esl import EventSocket
from telephony.switch.live_commands import DumpChannel, dumped, phones
from telephony.switch.live_facts import PhoneFacts

# What a manager hangs up ends with, as the switch itself has it.
CAUSE: Final = "MANAGER_REQUEST"
# A leg that was told to end takes a moment to do so; one that was about to come into being is in the next list.
ENDED_WITHIN_SECONDS: Final = 5.0
BETWEEN_LISTS_SECONDS: Final = 0.2
# By how much the clocks of portal and switch may differ.
SLACK: Final = timedelta(seconds=30)
_LONGEST_ANSWER: Final = 200
_MOST_STEPS: Final = 200

Step = dict[str, Any]


@dataclass
class Told:
    """What was said and heard. `keep` is given all steps whenever there is one more; `problem` says what is not done."""

    keep: Callable[[list[Step]], None]
    steps: list[Step] = field(default_factory=list)
    problem: str = ""

    def add(self, step: str, command: Command, answer: str, **more: Any) -> None:
        """Write down a step: which one it was, the command's text, the first line of the answer, and what that comes to."""
        line = next((part.strip() for part in answer.splitlines() if part.strip()), "")
        shown = "".join(letter if letter.isprintable() else " " for letter in line)[:_LONGEST_ANSWER]
        if len(self.steps) < _MOST_STEPS:
            said = {"at": timezone.now().isoformat(), "step": step, "command": command.text, "answer": shown}
            self.steps.append(said | more)
            self.keep(self.steps)


@dataclass(frozen=True)
class _Conversation:
    socket: EventSocket
    told: Told
    deadline: float

    def ask(self, command: Command) -> str:
        """Ask the switch. Raises SwitchError, CommandRefusedError where it says no."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            self.socket.close()
            raise SwitchLostError("The switch did not answer in time.")
        return self.socket.api(command, timeout=left)


def tell(socket: EventSocket, revocation: Revocation, told: Told, deadline: float) -> None:
    """Let a switch forget an extension's phones and end its calls; `told.problem` says what it did not do.

    Raises SwitchError where it cannot be asked any further.
    """
    extension = Extension(revocation.extension.number, revocation.extension.domain.name)
    talk = _Conversation(socket, told, deadline)
    try:
        _forget(talk, extension, may_register=_is_in_use(revocation))
    except SwitchError as error:
        if socket.closed:
            raise
        # A switch that cannot say who is registered can hang up all the same.
        told.problem = str(error)
    _end_calls(talk, extension, revocation)


def _forget(talk: _Conversation, extension: Extension, *, may_register: bool) -> None:
    """Let the switch forget what it keeps of an extension, in the order in which it would come back otherwise."""
    flush = FlushUser(extension)
    talk.told.add("cache", flush, talk.ask(flush))
    before = _phones(talk, extension)
    forget = FlushRegistrations(extension)
    talk.told.add("registrations", forget, talk.ask(forget), phones=[_described(phone) for phone in before])
    left = _phones(talk, extension)
    talk.told.add("forgotten", ShowPhonesOf(extension), f"{len(left)} registered", phones=[_described(phone) for phone in left])
    # With a new password a phone may have come back at once; without a right to it none can.
    if left and not may_register:
        talk.told.problem = "The switch still has a phone registered."


def _phones(talk: _Conversation, extension: Extension) -> list[PhoneFacts]:
    return phones(talk.ask(ShowPhonesOf(extension)))


def _described(phone: PhoneFacts) -> dict[str, str]:
    return {"place": place_of(phone), "agent": phone.agent[:100]}


def _end_calls(talk: _Conversation, extension: Extension, revocation: Revocation) -> None:
    """Hang up every leg of an extension, until a list has none any more."""
    until = _last_beginning(revocation)
    give_up = min(talk.deadline - BETWEEN_LISTS_SECONDS, time.monotonic() + ENDED_WITHIN_SECONDS)
    ended: set[UUID] = set()
    while legs := [leg for leg in _legs(talk, extension, until) if leg.is_of(extension, revocation.extension_id)]:
        for leg in (leg for leg in legs if leg.uuid not in ended):
            _hang_up(talk, leg)
            ended.add(leg.uuid)
        if time.monotonic() >= give_up:
            talk.told.problem = "The switch still has a call of this extension."
            return
        time.sleep(BETWEEN_LISTS_SECONDS)
    talk.told.add("ended", ShowChannels(), f"{len(ended)} ended, 0 left")


def _last_beginning(revocation: Revocation) -> datetime | None:
    """Return until when a call must have begun to be ended; None for every call.

    Where the switch is told late, somebody may have been let in again meanwhile: what began since then is theirs.
    """
    late = timezone.now() > revocation.created_at + SLACK
    return revocation.created_at + SLACK if late and _is_in_use(revocation) else None


def _is_in_use(revocation: Revocation) -> bool:
    """Tell whether somebody may use the extension at this moment."""
    return Assignment.objects.in_use().filter(extension=revocation.extension_id).exists()


def _legs(talk: _Conversation, extension: Extension, until: datetime | None) -> Iterator[LiveLeg]:
    """Yield the legs that live, those first that the list itself shows as the extension's: time may run out before the last."""

    def is_somebody_elses(row: dict[str, str]) -> bool:
        return extension.number not in (row.get("accountcode"), row.get("presence_id", "").partition("@")[0])

    for row in sorted(rows(talk.ask(ShowChannels())), key=is_somebody_elses):
        if until is not None and _began_after(row, until):
            continue
        leg = _leg(talk, row.get("uuid", ""))
        if leg is not None:
            yield leg


def _began_after(row: dict[str, str], until: datetime) -> bool:
    text = row.get("created_epoch", "")
    return text.isascii() and text.isdigit() and len(text) < 12 and datetime.fromtimestamp(int(text), UTC) > until


def _leg(talk: _Conversation, text: str) -> LiveLeg | None:
    """Return a leg by its variables; None where it has ended meanwhile, or has a name that no leg of ours has."""
    try:
        leg_uuid = UUID(text)
        return live_leg(leg_uuid, dumped(talk.ask(DumpChannel(leg_uuid))))
    except (ValueError, CommandRefusedError):
        return None


def _hang_up(talk: _Conversation, leg: LiveLeg) -> None:
    kill = UuidKill(leg.uuid, CAUSE)
    try:
        answer = talk.ask(kill)
    except CommandRefusedError as refused:
        # It has ended by itself.
        answer = refused.reply
    talk.told.add("call", kill, answer, **_shown(leg))


def _shown(leg: LiveLeg) -> dict[str, str]:
    """Return what a person knows a call by: who called, and whom."""
    names = {"from": ("effective_caller_id_number", "sip_from_user"), "to": ("sip_req_user", "dialed_user", "sip_to_user")}
    found = {key: next((leg.variables[name] for name in among if leg.variables.get(name)), "") for key, among in names.items()}
    return {key: "".join(letter for letter in value if letter.isprintable())[:40] for key, value in found.items()}
