"""The records of calls of the past, for filling a portal: no socket, no clock, no chance but by uuid."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from demo.switch import stages
from demo.switch.audio import RATE, recording
from demo.switch.cdr import record_of
from demo.switch.dial_strings import Endpoint
from demo.switch.endings import MICROSECONDS
from demo.switch.events import Switch
from demo.switch.legs import NOBODY, Leg, Quality, inbound_leg, outbound_leg
from demo.switch.scenarios import EXTENSIONS, NUMBERS, Outcome

DEFAULT_SWITCH = Switch(core_uuid="00000000-0000-4000-8000-000000000001")
# What the plan and the other leg take before somebody's phone rings, in µs.
_STEP = 20_000
_WITHOUT_OTHER_LEG = frozenset({"USER_NOT_REGISTERED", "SUBSCRIBER_ABSENT", "INVALID_GATEWAY", "NO_ROUTE_DESTINATION"})
_CANCELS = frozenset({"NO_ANSWER", "ORIGINATOR_CANCEL"})
_REFUSALS = {outcome.cause: outcome for outcome in (*NUMBERS.values(), *EXTENSIONS.values()) if outcome.does == "refuses"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCall:
    """A call between two parties.

    `caller` and `callee` are extensions or outside numbers, as the kind has it: `local` from extension to extension,
    `outbound` from an extension to a number, `inbound` from a number to an extension, `call_link` from an extension to
    either. `number` is ours: dialled by an inbound call, shown by the others. Without `talk_seconds` nobody talked, and
    `cause` says why; a call link's `source_answers` False means that not even the source did. `variables` are what the
    plan set on the a-leg.
    """

    kind: Literal["local", "outbound", "inbound", "call_link"]
    caller: str
    callee: str
    started_at: datetime
    number: str = ""
    caller_name: str = ""
    ring_seconds: float = 6.0
    talk_seconds: float = 0.0
    cause: str = "NORMAL_CLEARING"
    source_answers: bool = True
    caller_hangs_up: bool = True
    recorded: bool = False
    domain: str = "pbx.example.com"
    gateway: str = "carrier"
    variables: Mapping[str, str] = field(default_factory=dict)
    quality: Quality = field(default_factory=Quality)
    callee_quality: Quality = field(default_factory=Quality)

    @property
    def uuid(self) -> str:
        """Return the a-leg's uuid, which is the call's."""
        return self._uuid("a")

    @property
    def callee_uuid(self) -> str:
        """Return the b-leg's uuid."""
        return self._uuid("b")

    def _uuid(self, leg: str) -> str:
        name = f"{self.kind} {self.caller} {self.callee} {self.started_at.isoformat()} {leg}"
        return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def records_of(call: PastCall, switch: Switch = DEFAULT_SWITCH) -> list[tuple[str, bytes]]:
    """Return uuid and record of each leg, in the order in which the switch posts them: the b-leg, if any, first."""
    return [(leg.uuid, record_of(leg, switch)) for leg in reversed(list(_legs_of(call)))]


def recording_of(call: PastCall) -> bytes:
    """Return the recording that the call left: a WAV file, the caller on the left."""
    return recording(call.uuid, call.talk_seconds)


def _legs_of(call: PastCall) -> Iterator[Leg]:
    """Yield the a-leg, then the b-leg if there was one, both ended."""
    started = round(call.started_at.timestamp() * MICROSECONDS)
    source = _link_source(call, started) if call.kind == "call_link" else _calling_leg(call, started)
    source.quality = call.quality
    yield source
    if source.times.hangup:
        return
    at = (source.times.answered or started) + _STEP
    if call.cause == "NO_ROUTE_DESTINATION" and not call.talk_seconds:
        stages.hang_up(source, call.cause, "send_refuse", at)
        return
    stages.execute(source, "bridge", _dial_string(call), at)
    stages.look_for(source, _callee(call))
    if call.cause in _WITHOUT_OTHER_LEG and not call.talk_seconds:
        stages.fail_to_reach(source, call.cause, None, Outcome())
        stages.hang_up(source, call.cause, "send_refuse", at)
        return
    destination = _called_leg(call, source, at)
    yield destination
    finish = _talk if call.talk_seconds else _fail
    finish(call, source, destination, at + round(call.ring_seconds * MICROSECONDS))


# -- the legs --------------------------------------------------------------------------------------------------------------


def _calling_leg(call: PastCall, at: int) -> Leg:
    """Return the leg that a phone or the carrier placed, with the plan's variables on it."""
    comes_in = call.kind == "inbound"
    caller = Endpoint(call.caller, gateway=call.gateway) if comes_in else Endpoint(call.caller, call.domain)
    dialled = call.number if comes_in else call.callee
    leg = inbound_leg(call.uuid, caller, dialled, at, 1, name=call.caller_name, context="public" if comes_in else "internal")
    if not comes_in:
        leg.variables |= _directory(call, call.caller)
    if call.cause == "NO_ROUTE_DESTINATION" and not call.talk_seconds:
        return leg
    stages.hear(leg, at + _STEP)
    plan = {"call_direction": call.kind, "hangup_after_bridge": "true", "domain_name": call.domain}
    if call.kind == "outbound" and call.number:
        plan["effective_caller_id_number"] = call.number
    for name, value in (plan | dict(call.variables)).items():
        stages.execute(leg, "set", f"{name}={value}", at + _STEP)
        leg.variables[name] = value
    return leg


def _link_source(call: PastCall, at: int) -> Leg:
    """Return the leg that the switch placed to a call link's source: answered, or ended already."""
    shown = {"origination_caller_id_number": call.number, "origination_caller_id_name": call.number} if call.number else {}
    own = {"origination_uuid": call.uuid, "call_direction": "outbound", "domain_name": call.domain}
    endpoint = Endpoint(call.caller, call.domain, variables=own | shown | dict(call.variables))
    leg = outbound_leg(call.uuid, endpoint, at, 1)
    stages.ring(leg, at + _STEP)
    answered = at + round(call.ring_seconds * MICROSECONDS)
    if not call.source_answers:
        stages.hang_up(leg, call.cause, _how_failed(call.cause), answered, _refusal(call.cause))
        return leg
    stages.answer(leg, answered)
    stages.accept(leg, _directory(call, call.caller))
    return leg


def _called_leg(call: PastCall, source: Leg, at: int) -> Leg:
    """Return the leg that the switch placed for the source, ringing."""
    number = call.number if call.kind != "local" else call.caller
    variables = {"domain_name": call.domain} if call.kind == "local" else {}
    if call.kind == "call_link" and call.number:
        variables = {"origination_caller_id_number": number, "origination_caller_id_name": number} | dict(call.variables)
    leg = outbound_leg(call.callee_uuid, _callee(call, variables), at, 2, source, "PCMU@8000h@20i")
    leg.quality = call.callee_quality
    stages.call_other(source, leg)
    stages.ring(leg, at + _STEP)
    if source.direction == "inbound":
        source.times.progress = at + _STEP
    return leg


def _callee(call: PastCall, variables: Mapping[str, str] = MappingProxyType({})) -> Endpoint:
    if _calls_extension(call):
        return Endpoint(call.callee, call.domain, variables=dict(variables))
    return Endpoint(call.callee, gateway=call.gateway, variables=dict(variables))


def _calls_extension(call: PastCall) -> bool:
    return call.kind in ("local", "inbound") or (call.kind == "call_link" and len(call.callee) < len(NOBODY))


def _dial_string(call: PastCall) -> str:
    return f"user/{call.callee}@{call.domain}" if _calls_extension(call) else f"sofia/gateway/{call.gateway}/{call.callee}"


def _directory(call: PastCall, extension: str) -> dict[str, str]:
    known = {
        "user_context": "internal", "domain_name": call.domain, "accountcode": extension,
        "effective_caller_id_name": f"Ext {extension}", "effective_caller_id_number": extension,
        "outbound_caller_id_number": call.number if call.kind != "inbound" else "",
    }  # fmt: skip
    return {name: value for name, value in known.items() if value}


# -- the end ---------------------------------------------------------------------------------------------------------------


def _talk(call: PastCall, source: Leg, destination: Leg, at: int) -> None:
    stages.answer(destination, at)
    if destination.endpoint.is_user:
        destination.variables = _directory(call, call.callee) | destination.variables
    if not source.times.answered:
        stages.answer(source, at)
    stages.bridge(source, destination, at)
    end = at + round(call.talk_seconds * MICROSECONDS)
    if call.recorded:
        samples = round(call.talk_seconds * RATE)
        source.variables["RECORD_STEREO"] = "true"
        stages.record(source, samples, 44 + 4 * samples)
    first, second = (source, destination) if call.caller_hangs_up else (destination, source)
    stages.hang_up(first, "NORMAL_CLEARING", "recv_bye", end)
    stages.hang_up(second, "NORMAL_CLEARING", "send_bye", end)


def _fail(call: PastCall, source: Leg, destination: Leg, at: int) -> None:
    outcome = _refusal(call.cause)
    stages.hang_up(destination, call.cause, _how_failed(call.cause), at, outcome)
    stages.fail_to_reach(source, call.cause, destination, outcome)
    is_up = bool(source.times.answered)
    cause, how = call.cause, "send_bye" if is_up else "send_refuse"
    if call.cause == "NO_ANSWER":
        # The plan goes on after it, and comes to its end.
        cause = "NORMAL_CLEARING"
    elif call.cause == "ORIGINATOR_CANCEL":
        cause, how = ("NORMAL_CLEARING", "recv_bye") if is_up else (call.cause, "recv_cancel")
    stages.hang_up(source, cause, how, at)


def _refusal(cause: str) -> Outcome:
    if cause in _CANCELS:
        return Outcome("silent", cause)
    return _REFUSALS.get(cause, Outcome("refuses", cause, 480, "Temporarily Unavailable"))


def _how_failed(cause: str) -> str:
    return "send_cancel" if cause in _CANCELS else "recv_refuse"
