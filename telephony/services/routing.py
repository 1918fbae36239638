"""Where a call goes: decided anew for each call, as data, with the reasons in words."""

import re
from dataclasses import dataclass, field, replace
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError

from telephony.fields import format_number, normalise_number
from telephony.models import Assignment, Gateway, Number
from telephony.services.dialing import DestinationNotAllowedError, callable_number, check_forwardable, is_emergency
from telephony.services.recording_rules import Party, recording_for
from telephony.services.subscribers import holder_at, holder_of, holder_of_number
from telephony.services.talk_limits import allowance_of, outside_minutes_used_up
from telephony.switch.commands import ExtensionEndpoint, GatewayEndpoint, RecordingTarget
from telephony.switch.dialplan import INTERNAL, PUBLIC, TRANSFER, CallEmergency, CallOut, Marks, Plan, Refuse, Ring
from telephony.switch.directory import can_be_repeated

MOST_GATEWAYS: Final = 4
FORWARD_RING_SECONDS: Final = 25

# What phones and carriers send as a number, and what people type into one.
_DIALLED = re.compile(r"[0-9+*# ().-]{1,40}")
_EXTENSION = re.compile(r"[0-9]{2,7}")
_E164 = re.compile(r"[1-9][0-9]{6,14}")
_ID = re.compile(r"[1-9][0-9]{0,17}")
_LEG_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """A call that wants to go somewhere. `user` and `domain` are what the phone proved, "" where it proved nothing.

    Of a leg that is handed over: `handed_over_by` and `party` are the ids of extensions, whose phone did so and whose is on the
    leg, as a plan of ours had them written down; "" or anything else where there is none. `number` is what was called where the
    leg leads outside.
    """

    context: str
    destination: str
    user: str = ""
    domain: str = ""
    leg_uuid: str = ""
    handed_over_by: str = ""
    party: str = ""
    number: str = ""
    is_recorded: bool = False


@dataclass(slots=True)
class _Reasons:
    """What was found, in the order in which it was found."""

    found: list[str] = field(default_factory=list)

    def add(self, sentence: str) -> None:
        self.found.append(sentence)


class _RefusedError(Exception):
    """The call may not be; `cause` for the switch, the message for people."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def route(call: Dialled) -> Plan | None:
    """Return where a call goes; None where its context is not the portal's."""
    way = {INTERNAL: _from_extension, PUBLIC: _from_carrier, TRANSFER: _handed_over}.get(call.context)
    if way is None:
        return None
    if not _DIALLED.fullmatch(call.destination):
        return Plan(
            context=call.context,
            action=Refuse(cause="NO_ROUTE_DESTINATION"),
            reasons=("What was dialled is no number: refused.",),
        )
    return way(call, _Reasons())


# -- calls of our own extensions -------------------------------------------------------------------------------------------


def _from_extension(call: Dialled, reasons: _Reasons) -> Plan:
    caller = _proved(call)
    if caller is None:
        reasons.add("Nobody proved to be an extension that may call now: refused.")
        return Plan(context=INTERNAL, action=Refuse(cause="CALL_REJECTED"), reasons=tuple(reasons.found))
    reasons.add(f"{caller.extension} calls; {caller.user} holds it.")
    return _outward(call, caller, reasons)


def route_for(payer: Assignment, call: Dialled) -> Plan:
    """Return where a call goes that the portal places for somebody: as if they had dialled it; never to emergency services."""
    reasons = _Reasons()
    if is_emergency(call.destination):
        reasons.add("Emergency numbers are not called for anybody: refused.")
        action = Refuse(cause="OUTGOING_CALL_BARRED")
        return Plan(context=call.context, action=action, marks=_marks(payer, "outbound"), reasons=tuple(reasons.found))
    return _outward(call, payer, reasons)


def _outward(call: Dialled, caller: Assignment, reasons: _Reasons) -> Plan:
    outward = Plan(
        context=call.context,
        action=Refuse(cause="NO_ROUTE_DESTINATION"),
        leg_uuid=_leg_uuid(call),
        marks=_marks(caller, "outbound"),
        party_id=caller.extension_id,
    )
    try:
        plan, parties = _to_destination(outward, caller, call.destination, reasons)
    except _RefusedError as refused:
        reasons.add(str(refused))
        return replace(outward, action=Refuse(cause=refused.cause), reasons=tuple(reasons.found))
    is_emergency = isinstance(plan.action, CallEmergency)
    recording = recording_for(call.leg_uuid, parties, reasons.add, is_emergency=is_emergency)
    return replace(plan, recording=recording, reasons=tuple(reasons.found))


def _proved(call: Dialled) -> Assignment | None:
    """Return by what the caller holds their extension; what a phone merely claims, in From, does not come in here."""
    return holder_at(call.user, call.domain) if can_be_repeated(call.user, call.domain) else None


def _marks(held: Assignment, direction: str) -> Marks:
    return Marks(
        direction=direction,
        domain=held.extension.domain.name,
        extension_id=held.extension_id,
        accountcode=held.extension.number,
        number_id=held.number_id,
    )


def _to_destination(plan: Plan, caller: Assignment, destination: str, reasons: _Reasons) -> tuple[Plan, list[Party]]:
    """Return where somebody's call goes, and who of ours talks then. Raises _RefusedError."""
    if is_emergency(destination):
        return _to_emergency(plan, caller, destination, reasons), [_calling(caller)]
    callee = _callee(caller, destination, reasons)
    if callee is not None:
        called = Party(held=callee, direction="inbound", is_outside=False)
        return _to_extension(plan, caller, callee, reasons), [_calling(caller, is_outside=False), called]
    digits = _callable(destination)
    if Number.objects.filter(number=digits).exists():
        raise _RefusedError("UNALLOCATED_NUMBER", f"{format_number(digits)} is ours, and nobody holds it.")
    reasons.add(f"{format_number(digits)} is outside, in a country and of a kind that may be called.")
    return replace(plan, action=_call_out(caller, digits, reasons)), [_calling(caller)]


def _calling(caller: Assignment, *, is_outside: bool = True) -> Party:
    return Party(held=caller, direction="outbound", is_outside=is_outside)


def _to_emergency(plan: Plan, caller: Assignment, destination: str, reasons: _Reasons) -> Plan:
    if not settings.EMERGENCY_GATEWAY:
        raise _RefusedError("OUTGOING_CALL_BARRED", "This is an emergency number, and EMERGENCY_GATEWAY is not set: refused.")
    reasons.add(f"This is an emergency number: it goes through {settings.EMERGENCY_GATEWAY}, without limits.")
    number = destination.strip().removeprefix("+")
    caller_id = caller.number.number if caller.number else ""
    return replace(plan, action=CallEmergency(gateway=settings.EMERGENCY_GATEWAY, number=number, caller_id=caller_id))


def _callee(caller: Assignment, destination: str, reasons: _Reasons) -> Assignment | None:
    """Return the extension that a destination is, or whose number it is; None where it is none of ours."""
    domain = caller.extension.domain.name
    if _EXTENSION.fullmatch(destination):
        callee = holder_at(destination, domain)
        if callee is not None:
            reasons.add(f"{destination} is an extension of {domain}.")
            return callee
    try:
        digits = normalise_number(destination)
    except ValidationError:
        return None
    callee = holder_of_number(digits)
    if callee is not None:
        reasons.add(f"{format_number(digits)} is ours and belongs to {callee.extension}.")
    return callee


def _to_extension(plan: Plan, caller: Assignment, callee: Assignment, reasons: _Reasons) -> Plan:
    neighbours = caller.extension.domain_id == callee.extension.domain_id
    shown = caller.extension.number if neighbours or caller.number is None else caller.number.number
    return replace(
        plan,
        action=_ring(callee, reasons),
        marks=_marks(caller, "local"),
        caller_id_number=shown,
        caller_id_name=caller.extension.display_name or caller.user.name,
    )


def _callable(destination: str) -> str:
    """Return the E.164 digits of a number outside that may be called. Raises _RefusedError."""
    try:
        return callable_number(destination)
    except DestinationNotAllowedError as error:
        raise _RefusedError("OUTGOING_CALL_BARRED", str(error)) from None
    except ValidationError:
        raise _RefusedError("NO_ROUTE_DESTINATION", "This is neither an extension nor a phone number.") from None


# -- calls of carriers -----------------------------------------------------------------------------------------------------


def _from_carrier(call: Dialled, reasons: _Reasons) -> Plan:
    """Lead a call from outside to one of our numbers, and nowhere else: here an extension cannot be had, nor a way out."""
    plan = Plan(context=PUBLIC, action=Refuse(cause="UNALLOCATED_NUMBER"), marks=Marks(direction="inbound"))
    try:
        digits = normalise_number(call.destination)
    except ValidationError:
        reasons.add("What was called from outside is no phone number: refused.")
        return replace(plan, reasons=tuple(reasons.found))
    callee = holder_of_number(digits)
    if callee is None:
        reasons.add(f"Nobody holds {format_number(digits)}: refused.")
        return replace(plan, reasons=tuple(reasons.found))
    reasons.add(f"{format_number(digits)} belongs to {callee.extension}.")
    action = _ring(callee, reasons)
    party = Party(held=callee, direction="inbound", is_outside=True)
    recording = recording_for(call.leg_uuid, [party], reasons.add)
    return replace(
        plan,
        action=action,
        leg_uuid=_leg_uuid(call),
        marks=_marks(callee, "inbound"),
        recording=recording,
        reasons=tuple(reasons.found),
    )


# -- calls that are handed over --------------------------------------------------------------------------------------------


def _handed_over(call: Dialled, reasons: _Reasons) -> Plan:
    """Lead a leg on to where the party at its other end wants it: as if they had called there themselves, at their charge.

    The leg stays what its own records say it is, so it is not marked anew.
    """
    caller = holder_of(int(call.handed_over_by)) if _ID.fullmatch(call.handed_over_by) else None
    if caller is None:
        reasons.add("Nobody who may call now hands this call over: refused.")
        return Plan(context=TRANSFER, action=Refuse(cause="CALL_REJECTED"), reasons=tuple(reasons.found))
    reasons.add(f"{caller.extension} hands the call over; {caller.user} holds it.")
    plan = Plan(context=TRANSFER, action=Refuse(cause="NO_ROUTE_DESTINATION"), leg_uuid=_leg_uuid(call))
    remaining = holder_of(int(call.party)) if _ID.fullmatch(call.party) else None
    number, name = _shown(remaining, call.number)
    try:
        plan, _ = _to_destination(plan, caller, call.destination, reasons)
        recording = _recorded_from_now_on(call, caller, remaining, plan, reasons)
    except _RefusedError as refused:
        reasons.add(str(refused))
        return replace(plan, action=Refuse(cause=refused.cause), reasons=tuple(reasons.found))
    return replace(
        plan,
        marks=None,
        caller_id_number=number,
        caller_id_name=name,
        # What is recorded goes on being; what must not be is not.
        recording=None if call.is_recorded else recording,
        ends_recording=call.is_recorded and recording is None,
        reasons=tuple(reasons.found),
    )


def _shown(remaining: Assignment | None, number: str) -> tuple[str, str]:
    """Return number and name of the party on the leg, for the next one to see; ("", "") for what the leg shows itself."""
    if remaining is not None:
        return remaining.extension.number, remaining.extension.display_name or remaining.user.name
    return (number, "") if _E164.fullmatch(number) else ("", "")


def _recorded_from_now_on(
    call: Dialled, caller: Assignment, remaining: Assignment | None, plan: Plan, reasons: _Reasons
) -> RecordingTarget | None:
    """Return how the talk after a transfer is recorded, by the policies of those who talk then."""
    callee = holder_of(plan.action.extension_id) if isinstance(plan.action, Ring) else None
    parties = [_calling(remaining, is_outside=callee is None)] if remaining else []
    if callee is not None:
        parties.append(Party(held=callee, direction="inbound", is_outside=remaining is None))
    is_emergency = isinstance(plan.action, CallEmergency)
    if parties:
        return recording_for(call.leg_uuid, parties, reasons.add, is_emergency=is_emergency)
    # Nobody of ours talks: what counts is the word of who pays, and nobody pauses by keys.
    recording = recording_for(call.leg_uuid, [_calling(caller)], reasons.add, is_emergency=is_emergency)
    return replace(recording, keys=None) if recording else None


# -- what both have in common ----------------------------------------------------------------------------------------------


def _ring(callee: Assignment, reasons: _Reasons) -> Ring:
    extension = callee.extension
    endpoint = ExtensionEndpoint(extension.number, extension.domain.name)
    return Ring(endpoint=endpoint, extension_id=extension.pk, forward=_forward(callee, reasons))


def _forward(callee: Assignment, reasons: _Reasons) -> CallOut | None:
    """Return where the callee's calls go when nobody answers; None where nowhere, or nowhere that may be called."""
    digits = callee.extension.forward_to
    if not digits:
        return None
    try:
        _check_forward(digits)
        forward = _call_out(callee, digits, reasons)
    except _RefusedError as refused:
        reasons.add(f"It is forwarded, but not there: {refused}")
        return None
    reasons.add(f"When nobody answers it is forwarded to {format_number(digits)}.")
    return replace(forward, ring_seconds=FORWARD_RING_SECONDS)


def _check_forward(digits: str) -> None:
    try:
        check_forwardable(digits)
    except DestinationNotAllowedError as error:
        raise _RefusedError("OUTGOING_CALL_BARRED", str(error)) from None
    except ValidationError as error:
        raise _RefusedError("NO_ROUTE_DESTINATION", " ".join(error.messages)) from None


def _call_out(payer: Assignment, digits: str, reasons: _Reasons) -> CallOut:
    """Return how a number outside is called at somebody's charge. Raises _RefusedError where it may not be."""
    if payer.number is None:
        raise _RefusedError("OUTGOING_CALL_BARRED", f"{payer.extension} has no number that could be shown outside.")
    domain = payer.extension.domain
    active = Gateway.objects.filter(domain=domain, is_active=True).order_by("priority", "name")
    gateways = list(active.values_list("name", flat=True)[:MOST_GATEWAYS])
    if not gateways:
        raise _RefusedError("NO_ROUTE_TRANSIT_NET", f"{domain} has no gateway in use.")
    _check_minutes(payer)
    allowed = allowance_of(payer.extension)
    reasons.add(f"It leaves through {', then '.join(gateways)} and shows {format_number(payer.number.number)}.")
    return CallOut(
        endpoints=tuple(GatewayEndpoint(gateway, digits) for gateway in gateways),
        payer_id=payer.user_id,
        caller_id=payer.number.number,
        at_once=allowed.at_once,
        an_hour=allowed.an_hour,
        longest_seconds=allowed.longest_minutes * 60,
    )


def _check_minutes(payer: Assignment) -> None:
    """Raise _RefusedError where somebody has talked enough for a day: stolen proofs are used to run up bills."""
    if outside_minutes_used_up(payer):
        minutes = allowance_of(payer.extension).minutes_a_day
        raise _RefusedError("OUTGOING_CALL_BARRED", f"{payer.user} has talked {minutes} minutes to the outside within a day.")


def _leg_uuid(call: Dialled) -> str:
    return call.leg_uuid if _LEG_UUID.fullmatch(call.leg_uuid) else ""
