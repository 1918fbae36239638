"""Sum up a call from the records of its legs: pure, so that the order in which they came cannot matter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from telephony.switch.causes import true_cause


class LegFacts(Protocol):
    """What a leg's record tells; `cdr.LegRecord` and the stored leg both have it."""

    uuid: str
    originator_uuid: str
    direction: str
    call_direction: str
    context: str
    user: str
    user_domain: str
    dialed_user: str
    dialed_domain: str
    domain: str
    gateway: str
    caller_number: str
    caller_name: str
    destination: str
    started_at: datetime
    bridged_at: datetime | None
    ended_at: datetime | None
    billsec: int
    hangup_cause: str
    originate_disposition: str
    portal_call_link: int | None
    portal_extension_id: int | None
    portal_number_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An extension that takes part, as the record names it; empty where none does."""

    extension_id: int | None = None
    user: str = ""
    domain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSummary:
    """A call as its legs show it. Times are UTC, lengths in seconds, numbers as the switch wrote them."""

    call_uuid: str
    direction: str
    local: bool
    caller_number: str
    caller_name: str
    callee_number: str
    caller: Party
    callee: Party
    our_number_id: int | None
    our_numbers: tuple[str, ...]
    gateway: str
    domain: str
    call_link: int | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    answered: bool
    bill_seconds: int
    duration_seconds: int
    hangup_cause: str


def a_leg_of(legs: Sequence[LegFacts]) -> LegFacts:
    """Return the earliest leg without an originator; where no such record came yet, the earliest leg."""
    roots = [leg for leg in legs if not leg.originator_uuid]
    return min(roots or legs, key=lambda leg: (leg.started_at, leg.uuid))


def summarise(legs: Sequence[LegFacts]) -> CallSummary:
    """Sum up a call from all its legs, at least one, in any order."""
    a_leg = a_leg_of(legs)
    # Those who talked come first: they are whom the caller reached.
    others = sorted(
        (leg for leg in legs if leg is not a_leg), key=lambda leg: (leg.bridged_at is None, leg.started_at, leg.uuid)
    )
    bridges = [leg.bridged_at for leg in legs if leg.bridged_at is not None]
    ends = [leg.ended_at for leg in legs if leg.ended_at is not None]
    # Two clocks may disagree: a call never ends before it begins.
    ended_at = max(*ends, a_leg.started_at) if ends else None
    direction = _direction(a_leg)
    local = _is_local(a_leg, others, direction)
    link = next((leg.portal_call_link for leg in (a_leg, *others) if leg.portal_call_link is not None), None)
    return CallSummary(
        call_uuid=a_leg.uuid,
        direction=direction,
        local=local,
        caller_number=_caller_number(a_leg, direction),
        caller_name=a_leg.caller_name if _placed_by_a_party(a_leg) else "",
        callee_number=_callee_number(a_leg, others),
        caller=_caller(a_leg, direction),
        callee=_callee(a_leg, others, local or direction == "inbound"),
        our_number_id=next((leg.portal_number_id for leg in (a_leg, *others) if leg.portal_number_id is not None), None),
        our_numbers=_our_numbers(a_leg, others, direction),
        gateway=next((leg.gateway for leg in (*others, a_leg) if leg.gateway), ""),
        domain=next((leg.domain for leg in (a_leg, *others) if leg.domain), ""),
        call_link=link,
        started_at=a_leg.started_at,
        answered_at=min(bridges) if bridges else None,
        ended_at=ended_at,
        answered=bool(bridges),
        bill_seconds=_bill_seconds(a_leg, others, bool(bridges)),
        duration_seconds=int((ended_at - a_leg.started_at).total_seconds()) if ended_at else 0,
        hangup_cause=true_cause(a_leg.hangup_cause, a_leg.originate_disposition, talked=bool(bridges)),
    )


def _placed_by_a_party(leg: LegFacts) -> bool:
    """Tell a leg that a phone or a carrier placed from one that the switch placed: on the latter the far end is the party."""
    return leg.direction != "outbound" or bool(leg.originator_uuid)


def _direction(a_leg: LegFacts) -> str:
    known = {"inbound": "inbound", "outbound": "outbound", "local": "outbound"}
    by_context = "inbound" if a_leg.context == "public" else "outbound"
    return known.get(a_leg.call_direction, by_context)


def _is_local(a_leg: LegFacts, others: Sequence[LegFacts], direction: str) -> bool:
    if a_leg.call_direction == "local":
        return True
    if direction != "outbound" or not a_leg.user or a_leg.gateway or any(leg.gateway for leg in others):
        return False
    return any(leg.user for leg in others)


def _caller_number(a_leg: LegFacts, direction: str) -> str:
    if direction == "inbound" or a_leg.originator_uuid:
        return a_leg.caller_number
    if a_leg.user:
        return a_leg.user
    return a_leg.caller_number if _placed_by_a_party(a_leg) else a_leg.destination


def _callee_number(a_leg: LegFacts, others: Sequence[LegFacts]) -> str:
    if _placed_by_a_party(a_leg):
        return a_leg.destination
    # The switch rang the a-leg itself (a call link): whom it was to reach stands on the second leg.
    return others[0].destination if others else ""


def _caller(a_leg: LegFacts, direction: str) -> Party:
    if direction == "inbound" or a_leg.originator_uuid:
        return Party()
    return Party(extension_id=a_leg.portal_extension_id, user=a_leg.user, domain=a_leg.user_domain or a_leg.domain)


def _callee(a_leg: LegFacts, others: Sequence[LegFacts], expected: bool) -> Party:
    if not expected:
        return Party()
    rung = next((leg for leg in others if leg.user and not leg.gateway), None)
    if rung is None and a_leg.originator_uuid and not a_leg.gateway:
        rung = a_leg
    extension_id = a_leg.portal_extension_id if a_leg.call_direction == "inbound" else None
    if rung is not None:
        return Party(extension_id=extension_id, user=rung.user, domain=rung.user_domain or rung.domain)
    # Nobody's phone rang: whom the plan tried is on the a-leg (not registered), else what was dialled.
    user = a_leg.dialed_user or (a_leg.destination if a_leg.call_direction == "local" else "")
    return Party(extension_id=extension_id, user=user, domain=a_leg.dialed_domain or a_leg.domain)


def _our_numbers(a_leg: LegFacts, others: Sequence[LegFacts], direction: str) -> tuple[str, ...]:
    if direction == "inbound":
        return (a_leg.destination,) if a_leg.destination else ()
    return tuple(leg.caller_number for leg in (*others, a_leg) if leg.gateway and leg.caller_number)


def _bill_seconds(a_leg: LegFacts, others: Sequence[LegFacts], answered: bool) -> int:
    if not answered:
        return 0
    bridged = [leg.billsec for leg in others if leg.bridged_at is not None]
    return sum(bridged) if bridged else a_leg.billsec
