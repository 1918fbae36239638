"""Routing plans as the switch's dialplan: one extension that always matches, and its actions in order.

`${…}` stands only in constants of this module. What people and callers chose is not in a plan at all, or has passed the strict
grammar of its kind. Every plan ends with the cause that became of it, so that no call runs on into another plan.
Source: FreeSWITCH 1.11.1, as run.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID
from xml.etree.ElementTree import Element

from telephony.switch.commands import ExtensionEndpoint, GatewayEndpoint, RecordingTarget
from telephony.switch.documents import Expression, Value, element, fit, plain_name, section
from telephony.switch.recording import recorded

INTERNAL: Final = "internal"
PUBLIC: Final = "public"
PORTAL: Final = "portal"
CONTEXTS: Final = frozenset({INTERNAL, PUBLIC, PORTAL})

_CAUSE: Final = r"[A-Z_]{1,40}"
_DIRECTION: Final = r"inbound|outbound|local"
_DOMAIN: Final = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
_GATEWAY: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_ID: Final = r"[1-9][0-9]{0,18}"
_NUMBER: Final = r"[0-9]{2,15}"
_SECONDS: Final = r"[1-9][0-9]{0,4}"
_SHORT_NUMBER: Final = r"[0-9]{2,6}"

_RINGBACK: Final = "%(2000,4000,440,480)"
_BECAME_OF_IT: Final = Expression("${originate_disposition}")
# The carrier is at fault, not the number: the next carrier may do better. After any other cause it would only ring again.
_TRY_THE_NEXT: Final = (
    "GATEWAY_DOWN,INVALID_GATEWAY,NETWORK_OUT_OF_ORDER,NORMAL_TEMPORARY_FAILURE,NORMAL_CIRCUIT_CONGESTION,"
    "RECOVERY_ON_TIMER_EXPIRE,SERVICE_UNAVAILABLE,SWITCH_CONGESTION"
)
# Nobody was reached; who is busy or declines is not forwarded.
_FORWARD_AFTER: Final = (
    "NO_ANSWER,USER_NOT_REGISTERED,SUBSCRIBER_ABSENT,NO_USER_RESPONSE,RECOVERY_ON_TIMER_EXPIRE,NORMAL_TEMPORARY_FAILURE"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What the records of a call are to bring back: whose it is. On a call that comes in, the extension is the callee's."""

    direction: str
    domain: str = ""
    extension_id: int | None = None
    accountcode: str = ""
    number_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOut:
    """Call a number through the first of several gateways that works, at the payer's charge and within their limits."""

    endpoints: tuple[GatewayEndpoint, ...]
    payer_id: int
    caller_id: str
    at_once: int
    an_hour: int
    longest_seconds: int
    ring_seconds: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Ring an extension, and where nobody is reached what it is forwarded to."""

    endpoint: ExtensionEndpoint
    ring_seconds: int = 30
    forward: CallOut | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEmergency:
    """Call emergency services: without limits."""

    gateway: str
    number: str
    caller_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """End the call with a cause."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """How much one person may call."""

    payer_id: int
    at_once: int
    an_hour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkMarks:
    """A call link that a plan carries out.

    `is_answered`: the switch has called the source, who is there; else the source has called, and is answered when the
    destination is. `limits` are those of a call that costs its payer something though its destination is one of ours.
    """

    link_id: int
    caller_id: str
    longest_seconds: int
    is_answered: bool
    destination_leg_uuid: UUID | None = None
    limits: CallLimits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where a call goes. `reasons` are sentences, in the order in which they were found; the switch is not told them."""

    context: str
    action: Ring | CallOut | CallEmergency | Refuse
    marks: Marks | None = None
    link: LinkMarks | None = None
    caller_id_number: str = ""
    caller_id_name: str = ""
    recording: RecordingTarget | None = None
    reasons: tuple[str, ...] = field(default=())


Action = tuple[str, Value]


def plan_document(plan: Plan) -> Element:
    """Return a plan as a dialplan. Raises UnsafeTextError where any of it is not of its kind."""
    actions = [element("action", application=application, data=data) for application, data in _actions(plan)]
    extension = element("extension", element("condition", *actions), name="portal")
    return section("dialplan", element("context", extension, name=fit(plan.context, "internal|public|portal", "context")))


def _actions(plan: Plan) -> Iterator[Action]:
    if plan.marks is not None:
        yield from _marked(plan.marks)
    if plan.link is not None:
        yield _set("portal_call_link", fit(str(plan.link.link_id), _ID, "id of the link"))
        yield _set("portal_role", "source")
    if isinstance(plan.action, Refuse):
        yield "hangup", fit(plan.action.cause, _CAUSE, "cause")
        return
    yield _set("hangup_after_bridge", "true")
    # A link's source was called, too: it ends at once, for the destination's cause.
    yield _set("continue_on_fail", "false" if plan.link else "true")
    is_answered = plan.link is not None and plan.link.is_answered
    yield _set("transfer_ringback" if is_answered else "ringback", _RINGBACK)
    # What a phone put into its own headers is no business of the next one's, or of a carrier's.
    yield _set("sip_copy_custom_headers", "false")
    if plan.caller_id_number:
        yield from _shown(plan.caller_id_number, plan.caller_id_name)
    if plan.recording is not None:
        yield from recorded(plan.recording, is_answered=is_answered)
    if plan.link is not None and plan.link.limits is not None:
        yield from _limited(plan.link.limits)
    yield from _connected(plan.action, plan.link)
    yield "hangup", _BECAME_OF_IT


def _connected(action: Ring | CallOut | CallEmergency, link: LinkMarks | None) -> Iterator[Action]:
    if isinstance(action, Ring):
        yield from _rung(action, link)
    elif isinstance(action, CallOut):
        yield from _shown(action.caller_id, action.caller_id)
        yield from _limited(action)
        yield _set("call_timeout", _seconds(action.ring_seconds))
        yield from _through_gateways(action, link)
    else:
        if action.caller_id:
            yield from _shown(action.caller_id, action.caller_id)
        gateway, number = fit(action.gateway, _GATEWAY, "gateway"), fit(action.number, _SHORT_NUMBER, "emergency number")
        yield "bridge", f"sofia/gateway/{gateway}/{number}"


def _set(name: str, value: str) -> Action:
    return "set", f"{name}={value}"


def _marked(marks: Marks) -> Iterator[Action]:
    yield _set("call_direction", fit(marks.direction, _DIRECTION, "direction"))
    if marks.domain:
        # A leg that a domain's own phone began passes it on to the second one; a carrier's second leg has its own.
        yield "set" if marks.direction == "inbound" else "export", f"domain_name={fit(marks.domain, _DOMAIN, 'domain')}"
    if marks.accountcode:
        yield _set("accountcode", fit(marks.accountcode, _NUMBER, "accountcode"))
    if marks.extension_id is not None:
        yield _set("portal_extension_id", fit(str(marks.extension_id), _ID, "id of the extension"))
    if marks.number_id is not None:
        yield _set("portal_number_id", fit(str(marks.number_id), _ID, "id of the number"))


def _shown(number: str, name: str) -> Iterator[Action]:
    """Yield what the far end sees of the caller."""
    digits = fit(number, _NUMBER, "caller id")
    yield _set("effective_caller_id_number", digits)
    yield _set("effective_caller_id_name", plain_name(name) or digits)


def _rung(action: Ring, link: LinkMarks | None) -> Iterator[Action]:
    if action.forward is not None:
        yield _set("continue_on_fail", _FORWARD_AFTER)
    yield _set("call_timeout", _seconds(action.ring_seconds))
    # Without a uuid of ours: with one, only the first of several phones would ring.
    yield "bridge", (_far_leg(link.longest_seconds, link) if link else "") + action.endpoint.dial_string
    if action.forward is not None:
        yield from _forwarded(action.forward)


def _forwarded(forward: CallOut) -> Iterator[Action]:
    """Yield what rings another phone: it has to press 1, lest its voicemail count as an answer."""
    yield from _shown(forward.caller_id, forward.caller_id)
    yield from _limited(forward)
    yield _set("call_timeout", _seconds(forward.ring_seconds))
    yield _set("group_confirm_key", "1")
    yield _set("group_confirm_file", "tone_stream://%(300,200,800);loops=3")
    yield _set("group_confirm_read_timeout", "3000")
    yield from _through_gateways(forward, None)


def _limited(action: CallOut | CallLimits) -> Iterator[Action]:
    """Yield what stops a payer who calls too much: what is stolen is used by many at once."""
    payer = fit(str(action.payer_id), _ID, "id of the payer")
    yield _set("limit_ignore_transfer", "true")
    yield "limit", f"hash portal_user {payer} {_seconds(action.at_once)} !CALL_REJECTED"
    yield "limit", f"hash portal_user_hour {payer} {_seconds(action.an_hour)}/3600 !CALL_REJECTED"


def _through_gateways(action: CallOut, link: LinkMarks | None) -> Iterator[Action]:
    """Yield one bridge a gateway. In one with `|` the second would ring who is busy on the first, or the time would not end."""
    longest_seconds = link.longest_seconds if link else action.longest_seconds
    # A uuid belongs to one leg for ever: the second gateway's has another.
    far_legs = [_far_leg(longest_seconds, link, link.destination_leg_uuid if link else None)]
    far_legs += [_far_leg(longest_seconds, link)] * (len(action.endpoints) - 1)
    *bridges, last = (far_leg + endpoint.dial_string for far_leg, endpoint in zip(far_legs, action.endpoints, strict=True))
    if bridges:
        yield _set("continue_on_fail", _TRY_THE_NEXT)
    for bridge in bridges:
        yield "bridge", bridge
    yield _set("continue_on_fail", "false" if link else "true")
    yield "bridge", last


def _far_leg(longest_seconds: int, link: LinkMarks | None, uuid: UUID | None = None) -> str:
    """Return the variables of the leg to the destination; none of the caller's leg reaches it by itself."""
    # On the far leg, so that the limit outlives a transfer.
    variables = [f"execute_on_answer='sched_hangup +{_seconds(longest_seconds)} allotted_timeout'"]
    if link is not None:
        digits = fit(link.caller_id, _NUMBER, "caller id")
        shown = [f"origination_caller_id_number={digits}", f"origination_caller_id_name={digits}"]
        marks = [f"portal_call_link={fit(str(link.link_id), _ID, 'id of the link')}", "portal_role=destination"]
        variables = [*([f"origination_uuid={uuid}"] if uuid else []), *shown, *marks, *variables]
    return f"{{{','.join(variables)}}}"


def _seconds(value: int) -> str:
    return fit(str(value), _SECONDS, "whole number")
