"""Whether a talk is recorded, and how: decided by the policies of our own parties, with the reason in words.

Of a number, an extension and its domain, the first that says something of its own decides for a party; a number's word counts
where it is dialled from outside, or shown there. Where two of ours talk, it is enough that one wants the talk recorded, unless
the other one has said `off`. A notice is given when anything of any party asks for one.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from django.conf import settings

from telephony.models import Assignment, RecordingPolicy
from telephony.services.recordings import upload_path
from telephony.switch.commands import PauseKeys, RecordingTarget

_LEG_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WHAT: Final = {
    RecordingPolicy.OFF: "no calls",
    RecordingPolicy.INBOUND: "calls that come in",
    RecordingPolicy.OUTBOUND: "calls that go out",
    RecordingPolicy.ALL: "all calls",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One of ours in a call: who calls is `outbound` and has the leg that records, who is called is `inbound`.

    `is_outside`: the other end is none of ours.
    """

    held: Assignment
    direction: Literal["inbound", "outbound"]
    is_outside: bool


@dataclass(frozen=True, slots=True)
class _Rule:
    """What decides for a party, and whose word it is."""

    policy: RecordingPolicy
    whose: str


def recording_for(
    leg_uuid: str, parties: Sequence[Party], tell: Callable[[str], None], *, is_emergency: bool = False
) -> RecordingTarget | None:
    """Return where and how the switch is to record a talk, None where it is not to; `tell` is given the reason.

    `parties` are ours, the caller first. A call for help waits for no notice.
    """
    if not _is_wanted(parties, tell) or not _LEG_UUID.fullmatch(leg_uuid):
        return None
    notice = not is_emergency and any(_asks_for_notice(party) for party in parties)
    if notice:
        tell("Both parties hear a tone before they talk.")
    return RecordingTarget(
        url=settings.PUBLIC_URL + upload_path(leg_uuid),
        file=recording_file(leg_uuid),
        extension_ids=tuple(dict.fromkeys(party.held.extension_id for party in parties)),
        notice=notice,
        keys=_keys(parties),
    )


def recording_file(leg_uuid: str) -> str:
    """Return where on the switch a leg's talk is recorded."""
    return f"{settings.FREESWITCH_RECORDINGS_DIR}/{leg_uuid}.wav"


def _is_wanted(parties: Sequence[Party], tell: Callable[[str], None]) -> bool:
    if not settings.FREESWITCH_RECORDINGS_DIR:
        tell("The talk is not recorded: FREESWITCH_RECORDINGS_DIR is not set.")
        return False
    rules = [(_rule_of(party), party.direction) for party in parties]
    for rule, _ in rules:
        if rule.policy is RecordingPolicy.OFF:
            tell(f"The talk is not recorded: {rule.whose} has no calls recorded.")
            return False
    for rule, direction in rules:
        if rule.policy.wants(direction):
            tell(f"The talk is recorded: {rule.whose} has {_WHAT[rule.policy]} recorded.")
            return True
    said = " and ".join(dict.fromkeys(f"{rule.whose} has only {_WHAT[rule.policy]} recorded" for rule, _ in rules))
    tell(f"The talk is not recorded: {said}.")
    return False


def _rule_of(party: Party) -> _Rule:
    """Return what decides for a party: the most particular of what says something of its own."""
    extension, number = party.held.extension, party.held.number
    for ruled in (number if party.is_outside else None, extension):
        if ruled is not None and ruled.recording_policy is not None:
            return _Rule(ruled.recording_policy, str(ruled))
    return _Rule(RecordingPolicy(extension.domain.recording), str(extension.domain))


def _asks_for_notice(party: Party) -> bool:
    extension, number = party.held.extension, party.held.number
    of_the_number = number is not None and party.is_outside and number.recording_notice
    return of_the_number or extension.recording_notice or extension.domain.recording_notice


def _keys(parties: Sequence[Party]) -> PauseKeys | None:
    """Return by which keys our own parties pause the recording; never somebody from outside. None where there are no codes."""
    if settings.RECORDING_CODES is None:
        return None
    pause, resume = settings.RECORDING_CODES
    sides: dict[str, Literal["self", "peer"]] = {"outbound": "self", "inbound": "peer"}
    return PauseKeys(
        pause=pause,
        resume=resume,
        sides=tuple(sides[party.direction] for party in parties),
    )


# -- in words --------------------------------------------------------------------------------------------------------------

_WITH_THE_OUTSIDE: Final = {
    RecordingPolicy.OFF: "Calls with the outside are not recorded.",
    RecordingPolicy.INBOUND: "Calls from the outside are recorded; those to the outside are not.",
    RecordingPolicy.OUTBOUND: "Calls to the outside are recorded; those from the outside are not.",
    RecordingPolicy.ALL: "Calls with the outside are recorded.",
}
_BETWEEN_EXTENSIONS: Final = {
    RecordingPolicy.OFF: "Calls with other extensions are not recorded.",
    RecordingPolicy.INBOUND: "Calls from other extensions are recorded; those to them where theirs are.",
    RecordingPolicy.OUTBOUND: "Calls to other extensions are recorded; those from them where theirs are.",
    RecordingPolicy.ALL: "Calls with other extensions are recorded, except where theirs never are.",
}


def policy_in_words(held: Assignment) -> list[str]:
    """Return in sentences which of a holder's calls are recorded, and what they hear and can do about it."""
    if not settings.FREESWITCH_RECORDINGS_DIR:
        return ["No calls are recorded here."]
    outside, inside = (_rule_of(Party(held=held, direction="inbound", is_outside=each)) for each in (True, False))
    said = [_WITH_THE_OUTSIDE[outside.policy], _BETWEEN_EXTENSIONS[inside.policy]]
    if RecordingPolicy.OFF is outside.policy is inside.policy:
        return ["None of your calls are recorded."]
    if _asks_for_notice(Party(held=held, direction="inbound", is_outside=True)):
        said.append("Both parties hear a tone before a talk that is recorded.")
    if settings.RECORDING_CODES is not None:
        pause, resume = settings.RECORDING_CODES
        said.append(f"During a talk press {pause} to have silence recorded, and {resume} to go on.")
    return said
