"""What the switch's events say of legs, phones and gateways: values out of headers, whatever they hold.

Source: events of FreeSWITCH 1.11.1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
HELD: Final = "HELD"
# A registration is kept so long past its time, should its phone be late. Source: sofia_reg.c.
LATE_SECONDS: Final = 60

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MICROSECONDS = re.compile(r"[1-9][0-9]{14,15}")
_WHOLE = re.compile(r"[0-9]{1,18}")
_MOST_SECONDS = 10 * 365 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class LegNow:
    """A leg that lives. Times are UTC; "" and None where nothing is said.

    `relatives` are the legs with which it belongs together: the one it was placed for, the one it is bridged to.
    """

    uuid: str
    core_uuid: str
    originator_uuid: str
    relatives: frozenset[str]
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
    answered_at: datetime | None
    bridged_at: datetime | None
    held_at: datetime | None
    portal_call_link: int | None
    portal_extension_id: int | None
    portal_number_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneFacts:
    """A phone that is registered at `user@domain`; `seconds` is for how long more, as the switch keeps it."""

    user: str
    domain: str
    contact: str = ""
    network_ip: str = ""
    network_port: str = ""
    agent: str = ""
    status: str = ""
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class GatewayFacts:
    """How a gateway is: `state` of its registration (NOREG, REGED, FAIL_WAIT …), `status` UP or DOWN."""

    name: str
    state: str
    status: str

    @property
    def is_up(self) -> bool:
        """Whether the switch sends calls through it."""
        return self.status == "UP"


def storable(text: str, longest: int = 255) -> str:
    """Return a text as one line that can be stored and shown."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()[:longest]


def instant_of(text: str) -> datetime | None:
    """Return the time of so many microseconds since 1970, None for 0 and for what is none."""
    return EPOCH + timedelta(microseconds=int(text)) if _MICROSECONDS.fullmatch(text) else None


def uuid_of(text: str) -> str:
    """Return a leg's uuid, "" for what is none."""
    return text if _UUID.fullmatch(text) else ""


def whole_of(text: str, most: int = 2**63 - 1) -> int | None:
    """Return a whole number from 0 to `most`, None for anything else."""
    return int(text) if _WHOLE.fullmatch(text) and int(text) <= most else None


def leg_of(headers: Mapping[str, str]) -> LegNow | None:
    """Return what an event, or a dump, says of its leg; None where it is about none that can be known again."""

    def text(name: str, longest: int = 255) -> str:
        return storable(headers.get(name, ""), longest)

    uuid, started_at = uuid_of(text("Unique-ID")), instant_of(text("Caller-Channel-Created-Time"))
    if not uuid or started_at is None:
        return None
    direction = text("Call-Direction")
    gateway = text("variable_sip_gateway_name") or text("variable_sip_gateway")
    user, user_domain = _user(headers, direction)
    held = text("Channel-Call-State") == HELD
    at = instant_of(text("Event-Date-Timestamp"))
    call_direction = text("variable_call_direction")
    name, number = text("Caller-Caller-ID-Name", 128), text("Caller-Caller-ID-Number", 64)
    return LegNow(
        uuid=uuid,
        core_uuid=text("Core-UUID", 64),
        direction=direction if direction in ("inbound", "outbound") else "",
        call_direction=call_direction if call_direction in ("inbound", "outbound", "local") else "",
        context=text("Caller-Context"),
        user=user,
        user_domain=user_domain,
        dialed_user=text("variable_dialed_user"),
        dialed_domain=text("variable_dialed_domain"),
        domain=text("variable_domain_name") or user_domain,
        gateway=gateway,
        caller_number=number,
        caller_name=name if name != number else "",
        # What was dialled is the phone's contact address, which means nothing to people.
        destination=user if direction == "outbound" and user and not gateway else text("Caller-Destination-Number"),
        started_at=started_at,
        answered_at=instant_of(text("Caller-Channel-Answered-Time")),
        bridged_at=instant_of(text("Caller-Channel-Bridged-Time")),
        held_at=(instant_of(text("Caller-Channel-Last-Hold")) or at) if held else None,
        **_relations(headers, uuid),
        portal_call_link=whole_of(text("variable_portal_call_link")) or None,
        portal_extension_id=whole_of(text("variable_portal_extension_id")) or None,
        portal_number_id=whole_of(text("variable_portal_number_id")) or None,
    )


def _relations(headers: Mapping[str, str], uuid: str) -> dict[str, Any]:
    """Return the leg that this one was placed for, and every other leg that is named."""

    def named(name: str) -> str:
        return uuid_of(storable(headers.get(name, "")))

    other = named("Other-Leg-Unique-ID")
    originator = other if headers.get("Other-Type") == "originator" else named("variable_originating_leg_uuid")
    bridged = {named(name) for name in ("Bridge-A-Unique-ID", "Bridge-B-Unique-ID", "variable_bridge_uuid")}
    return {
        "originator_uuid": originator if originator != uuid else "",
        "relatives": frozenset({originator, other, *bridged} - {uuid, ""}),
    }


def _user(headers: Mapping[str, str], direction: str) -> tuple[str, str]:
    """Return the extension whose phone is on the leg, and its domain: as it is read from records.

    A phone that placed the leg proved its name; a leg that the switch placed has the name that was rung.
    """
    proved = storable(headers.get("variable_user_name", ""))
    if proved:
        return proved, storable(headers.get("variable_domain_name", ""))
    if direction != "outbound":
        return "", ""
    name, _, domain = storable(headers.get("Channel-Presence-ID", "")).partition("@")
    return (name, domain or storable(headers.get("variable_dialed_domain", ""))) if name else ("", "")


def phone_of(headers: Mapping[str, str]) -> PhoneFacts | None:
    """Return the phone of a `sofia::register`, `::unregister` or `::expire`; None where it names none."""

    def text(*names: str) -> str:
        return next((storable(headers[name]) for name in names if headers.get(name)), "")

    user = text("username", "to-user", "from-user", "user")
    domain = text("to-host", "from-host", "realm", "host")
    if not user or not domain:
        return None
    seconds = whole_of(text("expires"), _MOST_SECONDS)
    return PhoneFacts(
        user=user,
        domain=domain,
        contact=text("contact"),
        network_ip=text("network-ip"),
        network_port=text("network-port"),
        agent=text("user-agent"),
        status=text("status"),
        seconds=None if seconds is None else seconds + LATE_SECONDS,
    )


def gateway_of(headers: Mapping[str, str]) -> GatewayFacts | None:
    """Return the gateway of a `sofia::gateway_state`; None where it names none."""
    name = storable(headers.get("Gateway", ""), 64)
    if not name:
        return None
    return GatewayFacts(name, storable(headers.get("State", ""), 32), storable(headers.get("Ping-Status", ""), 16))
