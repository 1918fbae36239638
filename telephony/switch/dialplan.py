"""Routing plans as the switch's dialplan: one extension that always matches, and its actions in order.

`${…}` stands only in constants of this module. What people and callers chose is not in a plan at all, or has passed the strict
grammar of its kind. Every plan ends with the cause that became of it, so that no call runs on into another plan.
Source: FreeSWITCH 1.11.1, as run.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID
from xml.etree.ElementTree import Element

from telephony.switch.commands import ExtensionEndpoint, GatewayEndpoint, RecordingTarget
from telephony.switch.documents import Expression, Value, element, fit, plain_name, section
from telephony.switch.recording import recorded, recorded_no_more

INTERNAL: Final = "internal"
PUBLIC: Final = "public"
PORTAL: Final = "portal"
# Where every leg of ours comes back to that somebody hands over, whoever placed it.
TRANSFER: Final = "transfer"
# Where it asks, before that, who does.
TRANSFEROR: Final = "transferor"
CONTEXTS: Final = frozenset({INTERNAL, PUBLIC, PORTAL, TRANSFER, TRANSFEROR})

_CAUSE: Final = r"[A-Z_]{1,40}"
_DIRECTION: Final = r"inbound|outbound|local"
_DOMAIN: Final = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
_GATEWAY: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_ID: Final = r"[1-9][0-9]{0,18}"
_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NUMBER: Final = r"[0-9]{2,15}"
_SECONDS: Final = r"[1-9][0-9]{0,4}"
_SHORT_NUMBER: Final = r"[0-9]{2,6}"

_RINGBACK: Final = "%(2000,4000,440,480)"
_BECAME_OF_IT: Final = Expression("${originate_disposition}")
# Before a leg is handed over it asks the leg at its other end, which does so, whose phone that is: afterwards that is gone. The
# switch gives no leg that it calls a value with `${…}` in it, so what is asked stands in a plan of its own.
_ASK_WHO_HANDS_OVER: Final = f"execute_on_blind_transfer=execute_extension who XML {TRANSFEROR}"
_WHO_HANDS_OVER: Final = Expression("portal_transferred_by=${uuid_getvar(${signal_bond} portal_party)}")
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
    extension_id: int
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
    """Where a call goes. `reasons` are sentences, in the order in which they were found; the switch is not told them.

    `party_id` is the extension whose phone is on the leg that has this plan, None where it is a carrier's or stays what it was.
    A leg that is handed over is answered already.
    """

    context: str
    action: Ring | CallOut | CallEmergency | Refuse
    leg_uuid: str = ""
    marks: Marks | None = None
    party_id: int | None = None
    link: LinkMarks | None = None
    caller_id_number: str = ""
    caller_id_name: str = ""
    recording: RecordingTarget | None = None
    ends_recording: bool = False
    reasons: tuple[str, ...] = field(default=())


Action = tuple[str, Value]

# No phone of ours is at the other end of what is called next; exports of an earlier plan stay otherwise.
_OTHER_PARTY_IS_OUTSIDE: Final[Action] = ("export", "nolocal:portal_party=0")


def plan_document(plan: Plan) -> Element:
    """Return a plan as a dialplan. Raises UnsafeTextError where any of it is not of its kind."""
    return _document(plan.context, _actions(plan))


def transferor_document() -> Element:
    """Return the plan by which a leg learns, just before it is handed over, who does so."""
    return _document(TRANSFEROR, [("set", _WHO_HANDS_OVER)])


def _document(context: str, actions: Iterable[Action]) -> Element:
    elements = [element("action", application=application, data=data) for application, data in actions]
    extension = element("extension", element("condition", *elements), name="portal")
    return section("dialplan", element("context", extension, name=fit(context, "|".join(CONTEXTS), "context")))


def _actions(plan: Plan) -> Iterator[Action]:
    if plan.marks is not None:
        yield from _marked(plan.marks)
    if plan.link is not None:
        yield _set("portal_call_link", fit(str(plan.link.link_id), _ID, "id of the link"))
        yield _set("portal_role", "source")
    if isinstance(plan.action, Refuse):
        yield "hangup", fit(plan.action.cause, _CAUSE, "cause")
        return
    is_answered = plan.context == TRANSFER or (plan.link is not None and plan.link.is_answered)
    if plan.context == TRANSFER:
        # Good for this once: who hands the leg over the next time is asked anew.
        yield _set("portal_transferred_by", "")
    yield _set("hangup_after_bridge", "true")
    # A link's source was called, too: it ends at once, for the destination's cause.
    yield _set("continue_on_fail", "false" if plan.link else "true")
    yield _set("transfer_ringback" if is_answered else "ringback", _RINGBACK)
    # What a phone put into its own headers is no business of the next one's, or of a carrier's.
    yield _set("sip_copy_custom_headers", "false")
    if plan.caller_id_number:
        yield from _shown(plan.caller_id_number, plan.caller_id_name)
    yield from _recording(plan, is_answered=is_answered)
    if plan.link is not None and plan.link.limits is not None:
        yield from _limited(plan.link.limits)
    yield from _ready_to_be_handed_over(plan.party_id)
    yield from _connected(plan)
    yield "hangup", _BECAME_OF_IT


def _recording(plan: Plan, *, is_answered: bool) -> Iterator[Action]:
    if plan.recording is not None:
        yield from recorded(plan.recording, is_answered=is_answered)
    elif plan.ends_recording:
        yield from recorded_no_more()


def _ready_to_be_handed_over(party_id: int | None) -> Iterator[Action]:
    """Yield what brings this leg, and the one that it is connected to, back to the portal when either is handed over."""
    yield "export", f"force_transfer_context={TRANSFER}"
    yield "export", _ASK_WHO_HANDS_OVER
    if party_id is not None:
        yield _set("portal_party", fit(str(party_id), _ID, "id of the extension"))


def _connected(plan: Plan) -> Iterator[Action]:
    action = plan.action
    if isinstance(action, Ring):
        yield from _rung(plan, action)
    elif isinstance(action, CallOut):
        yield from _shown(action.caller_id, action.caller_id)
        yield from _limited(action)
        yield _set("call_timeout", _seconds(action.ring_seconds))
        yield from _through_gateways(plan, action)
    elif isinstance(action, CallEmergency):
        yield _OTHER_PARTY_IS_OUTSIDE
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


def _rung(plan: Plan, action: Ring) -> Iterator[Action]:
    if action.forward is not None:
        yield _set("continue_on_fail", _FORWARD_AFTER)
    yield _set("call_timeout", _seconds(action.ring_seconds))
    yield "export", f"nolocal:portal_party={fit(str(action.extension_id), _ID, 'id of the extension')}"
    # Without a uuid of ours: with one, only the first of several phones would ring.
    far_leg = _bracketed([*_of_a_link(plan.link), _hung_up_after(plan.link.longest_seconds)]) if plan.link else ""
    yield "bridge", far_leg + action.endpoint.dial_string
    if action.forward is not None:
        yield from _forwarded(plan, action.forward)


def _forwarded(plan: Plan, forward: CallOut) -> Iterator[Action]:
    """Yield what rings another phone: it has to press 1, lest its voicemail count as an answer."""
    yield from _shown(forward.caller_id, forward.caller_id)
    yield from _limited(forward)
    yield _set("call_timeout", _seconds(forward.ring_seconds))
    yield _set("group_confirm_key", "1")
    yield _set("group_confirm_file", "tone_stream://%(300,200,800);loops=3")
    yield _set("group_confirm_read_timeout", "3000")
    yield from _through_gateways(replace(plan, link=None), forward)


def _limited(action: CallOut | CallLimits) -> Iterator[Action]:
    """Yield what stops a payer who calls too much: what is stolen is used by many at once."""
    payer = fit(str(action.payer_id), _ID, "id of the payer")
    yield _set("limit_ignore_transfer", "true")
    yield "limit", f"hash portal_user {payer} {_seconds(action.at_once)} !CALL_REJECTED"
    yield "limit", f"hash portal_user_hour {payer} {_seconds(action.an_hour)}/3600 !CALL_REJECTED"


def _through_gateways(plan: Plan, action: CallOut) -> Iterator[Action]:
    """Yield one bridge a gateway. In one with `|` the second would ring who is busy on the first, or the time would not end."""
    first_uuid = plan.link.destination_leg_uuid if plan.link else None
    # A uuid belongs to one leg for ever: the second gateway's has another.
    uuids = [first_uuid, *([None] * (len(action.endpoints) - 1))]
    *bridges, last = (
        _far_leg(plan, action, uuid) + endpoint.dial_string for uuid, endpoint in zip(uuids, action.endpoints, strict=True)
    )
    yield _OTHER_PARTY_IS_OUTSIDE
    if bridges:
        yield _set("continue_on_fail", _TRY_THE_NEXT)
    for bridge in bridges:
        yield "bridge", bridge
    yield _set("continue_on_fail", "false" if plan.link else "true")
    yield "bridge", last


def _far_leg(plan: Plan, action: CallOut, uuid: UUID | None) -> str:
    """Return the variables of the leg to a carrier; none of the caller's leg reaches it by itself.

    It outlives whoever hands it over, so what limits its payer sits on it.
    """
    payer = fit(str(action.payer_id), _ID, "id of the payer")
    longest_seconds = plan.link.longest_seconds if plan.link else action.longest_seconds
    variables = [*([f"origination_uuid={uuid}"] if uuid else []), *_of_a_link(plan.link)]
    variables += [f"portal_payer={payer}", "limit_ignore_transfer=true", _hung_up_after(longest_seconds)]
    if plan.leg_uuid:
        leg_uuid = fit(plan.leg_uuid, _UUID, "uuid of the leg")
        # From the answer on it is this leg that counts, instead of the one for which it was called.
        variables += [
            f"execute_on_answer_2='limit hash portal_user {payer}'",
            f"api_on_answer='uuid_limit_release {leg_uuid} hash portal_user {payer}'",
        ]
    return _bracketed(variables)


def _hung_up_after(seconds: int) -> str:
    # On the far leg, so that the limit outlives a transfer.
    return f"execute_on_answer='sched_hangup +{_seconds(seconds)} allotted_timeout'"


def _of_a_link(link: LinkMarks | None) -> list[str]:
    if link is None:
        return []
    digits = fit(link.caller_id, _NUMBER, "caller id")
    shown = [f"origination_caller_id_number={digits}", f"origination_caller_id_name={digits}"]
    return [*shown, f"portal_call_link={fit(str(link.link_id), _ID, 'id of the link')}", "portal_role=destination"]


def _bracketed(variables: list[str]) -> str:
    return f"{{{','.join(variables)}}}"


def _seconds(value: int) -> str:
    return fit(str(value), _SECONDS, "whole number")
