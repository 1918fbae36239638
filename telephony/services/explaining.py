"""Why a call would go where it goes: what the switch would be told, and the reasons, without the call.

The answer comes from the very functions that answer the switch. Asking changes nothing, and no signed address gets out.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final, assert_never
from xml.etree.ElementTree import Element, indent, tostring

from django.conf import settings
from django.core.exceptions import ValidationError

from telephony.fields import format_number, normalise_number
from telephony.models import Assignment
from telephony.services.routing import Dialled, route
from telephony.services.switchboard import SwitchAwayError, reach
from telephony.services.talk_limits import allowance_of, default_allowance
from telephony.switch.cdr_cleaning import clean
from telephony.switch.commands import ExtensionEndpoint, ShowRegistrations, rows
from telephony.switch.dialplan import INTERNAL, PUBLIC, CallEmergency, CallOut, Plan, Refuse, Ring, plan_document
from telephony.switch.errors import SwitchError

LONGEST_QUESTION: Final = 300
# What a leg is called that does not exist. Its recording would go to an address that is taken out of the answer.
NOBODYS_LEG: Final = "00000000-0000-0000-0000-000000000000"
BROKEN: Final = "NORMAL_TEMPORARY_FAILURE"

_EXTENSION = re.compile(r"([0-9]{2,7})(?:@([A-Za-z0-9][A-Za-z0-9.-]{0,252}))?")


class QuestionError(Exception):
    """The question is none; `field` is `from` or `to`, the message for whoever asked."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field = field_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What holds a payer back. `minutes_a_day` counts the talk that began within a day."""

    payer: str
    at_once: int
    an_hour: int
    minutes_a_day: int
    longest_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """How a number outside is called: the gateways in the order in which they are tried."""

    number: str
    gateways: tuple[str, ...]
    caller_id: str
    ring_seconds: int
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """An extension that rings. `phones` are where they are registered, None where the switch could not be asked."""

    extension: str
    ring_seconds: int
    phones: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Where a call would go, and why. `xml` is for reading: one element a line, signed addresses taken out."""

    context: str
    caller: str
    dialled: str
    is_refused: bool
    verdict: str
    hangup_cause: str = ""
    reasons: tuple[str, ...]
    rings: Rung | None = None
    leaves: WayOut | None = None
    is_recorded: bool = False
    xml: str = field(default="", repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return it as programs get it."""
        return {
            "context": self.context,
            "from": self.caller,
            "to": self.dialled,
            "refused": self.is_refused,
            "verdict": self.verdict,
            "hangup_cause": self.hangup_cause,
            "reasons": list(self.reasons),
            "rings": _rung_as_json(self.rings) if self.rings else None,
            "leaves": _way_out_as_json(self.leaves) if self.leaves else None,
            "recorded": self.is_recorded,
            "xml": self.xml,
        }


def question_of(caller: str, dialled: str) -> Dialled:
    """Return the call that two texts mean. Raises QuestionError.

    `caller` is an extension (`1006`, of the portal's own domain unless `1006@DOMAIN`), or a phone number outside, or "":
    the latter two are a carrier's call, to which it is all one who calls.
    """
    caller, dialled = caller.strip(), dialled.strip()
    if not dialled or len(dialled) > LONGEST_QUESTION or not dialled.isprintable():
        raise QuestionError("to", "Say what is dialled: a number or an extension.")
    extension = _EXTENSION.fullmatch(caller)
    if extension is not None:
        domain = (extension[2] or settings.SIP_DOMAIN).lower()
        return Dialled(context=INTERNAL, destination=dialled, user=extension[1], domain=domain, leg_uuid=NOBODYS_LEG)
    if caller:
        try:
            normalise_number(caller)
        except ValidationError:
            raise QuestionError("from", "This is neither an extension (1006, 1006@DOMAIN) nor a phone number.") from None
    return Dialled(context=PUBLIC, destination=dialled, leg_uuid=NOBODYS_LEG)


def explain(call: Dialled) -> Explanation:
    """Return where a call would go at this moment."""
    plan, document = _planned(call)
    caller = f"{call.user}@{call.domain}" if call.user else ""
    return Explanation(
        context=call.context,
        caller=caller,
        dialled=call.destination,
        is_refused=isinstance(plan.action, Refuse),
        verdict=_verdict(plan),
        hangup_cause=plan.action.cause if isinstance(plan.action, Refuse) else "",
        reasons=plan.reasons,
        rings=_rung(plan.action),
        leaves=_way_out(plan.action),
        is_recorded=plan.recording is not None,
        xml=readable(document),
    )


def _planned(call: Dialled) -> tuple[Plan, Element]:
    """Return the plan of a call and what the switch gets of it, which is a refusal where a row holds what no plan may."""
    try:
        plan = route(call)
        if plan is None:
            raise ValueError(f"The context {call.context!r} is not the portal's.")
        return plan, plan_document(plan)
    except SwitchError as error:
        refusal = Plan(
            context=call.context,
            action=Refuse(cause=BROKEN),
            reasons=(f"A row of the database does not fit into a plan: {error}",),
        )
        return refusal, plan_document(refusal)


def readable(document: Element) -> str:
    """Return a document for reading: indented, and without anything that could be used."""
    for element in document.iter():
        for name, value in element.attrib.items():
            element.set(name, clean(value))
    indent(document, space=" ")
    return tostring(document, encoding="unicode")


# -- in words --------------------------------------------------------------------------------------------------------------


def _verdict(plan: Plan) -> str:
    action = plan.action
    if isinstance(action, Refuse):
        return "The call is refused."
    if isinstance(action, Ring):
        forward = f", then {format_number(action.forward.endpoints[0].number)}" if action.forward else ""
        return f"The call rings {_name(action.endpoint)}{forward}."
    if isinstance(action, CallOut):
        return f"The call goes out to {format_number(action.endpoints[0].number)}."
    if isinstance(action, CallEmergency):
        return f"The call goes to emergency services, through {action.gateway}."
    assert_never(action)


def _name(endpoint: ExtensionEndpoint) -> str:
    return f"{endpoint.number}@{endpoint.domain}"


# -- the parts -------------------------------------------------------------------------------------------------------------


def _rung(action: Any) -> Rung | None:
    if not isinstance(action, Ring):
        return None
    return Rung(extension=_name(action.endpoint), ring_seconds=action.ring_seconds, phones=_phones_at(action.endpoint))


def _way_out(action: Any) -> WayOut | None:
    """Return how a call, or one that nobody answered, leaves."""
    out = action.forward if isinstance(action, Ring) else action
    if not isinstance(out, CallOut):
        return None
    holding = Assignment.objects.in_use().filter(user=out.payer_id, number__isnull=False)
    payer = holding.select_related("user", "extension").first()
    limits = Limits(
        payer=str(payer.user) if payer else "",
        at_once=out.at_once,
        an_hour=out.an_hour,
        minutes_a_day=(allowance_of(payer.extension) if payer else default_allowance()).minutes_a_day,
        longest_seconds=out.longest_seconds,
    )
    return WayOut(
        number=out.endpoints[0].number,
        gateways=tuple(endpoint.gateway for endpoint in out.endpoints),
        caller_id=out.caller_id,
        ring_seconds=out.ring_seconds,
        limits=limits,
    )


def _phones_at(endpoint: ExtensionEndpoint) -> tuple[str, ...] | None:
    """Return from where phones are registered at an extension, None where the switch cannot be asked."""
    try:
        with reach() as socket:
            listed = rows(socket.api(ShowRegistrations()))
    except (SwitchAwayError, SwitchError):
        return None
    own = (row for row in listed if (row.get("reg_user"), row.get("realm")) == (endpoint.number, endpoint.domain))
    return tuple(sorted(f"{row.get('network_ip')}:{row.get('network_port')}" for row in own))


def _rung_as_json(rung: Rung) -> dict[str, Any]:
    phones = None if rung.phones is None else list(rung.phones)
    registered = None if rung.phones is None else bool(rung.phones)
    return {"extension": rung.extension, "ring_seconds": rung.ring_seconds, "registered": registered, "phones": phones}


def _way_out_as_json(way: WayOut) -> dict[str, Any]:
    limits = way.limits
    return {
        "number": way.number,
        "gateways": list(way.gateways),
        "caller_id": way.caller_id,
        "ring_seconds": way.ring_seconds,
        "limits": {
            "payer": limits.payer, "at_once": limits.at_once, "an_hour": limits.an_hour,
            "minutes_a_day": limits.minutes_a_day, "longest_seconds": limits.longest_seconds,
        },
    }  # fmt: skip
