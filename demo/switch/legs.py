"""A leg of a call as the switch keeps it: its variables, whom it connects, and when what happened to it.

What events and call records show is read from here. The variables come from `data/variables.json`, block by block as the
leg goes on: templates made from what a real switch said of its legs. Times are microseconds since 1970, 0 for never.
"""

import json
import random
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

from demo.switch.dial_strings import Endpoint

_BLOCKS: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "data" / "variables.json").read_text())
NOBODY = "0000000000"
CALLEE_NAME = "Outbound Call"
CARRIER_PORT = 5099
_PHONE_PORTS = 800

Role = Literal["", "originator", "originatee"]


@dataclass(slots=True, kw_only=True)
class Profile:
    """Who calls whom on a leg; the switch calls it the caller profile."""

    username: str = ""
    dialplan: str = ""
    caller_name: str = ""
    caller_number: str
    original_name: str = ""
    original_number: str
    callee_name: str = ""
    callee_number: str = ""
    network_addr: str = ""
    ani: str
    destination: str
    source: str
    context: str


@dataclass(slots=True)
class Times:
    """When a leg came into each of its states."""

    created: int
    progress: int = 0
    progress_media: int = 0
    answered: int = 0
    bridged: int = 0
    hangup: int = 0
    last_hold: int = 0
    hold_accum: int = 0
    # When the leg was last sent anywhere anew; 0 where it never was.
    profile_created: int = 0


@dataclass(frozen=True, slots=True)
class Quality:
    """What the switch measured of the sound that it received: MOS, the largest variance of the spacing in ms², loss in %."""

    mos: float = 4.5
    jitter_variance: float = 12.1
    loss: float = 0.0


@dataclass(frozen=True, slots=True)
class Application:
    """An application that ran on a leg."""

    name: str
    data: str
    at: int


@dataclass(slots=True, kw_only=True)
class Leg:
    """One channel."""

    uuid: str
    direction: Literal["inbound", "outbound"]
    endpoint: Endpoint
    channel_name: str
    profile: Profile
    times: Times
    session_id: int
    facts: dict[str, str]
    variables: dict[str, str] = field(default_factory=dict)
    applications: list[Application] = field(default_factory=list)
    originator: Self | None = None
    # As it was when this leg came into being; what became of it later, this leg does not hear.
    originator_profile: Profile | None = None
    other: Self | None = None
    quality: Quality = field(default_factory=Quality)
    cause: str = ""
    # What the leg gives to those that are called for it, by name; `nolocal:` before it for what it has not itself.
    exports: dict[str, str] = field(default_factory=dict)
    # When its phone held the other one, and took it back: 0 where it has not yet.
    holds: list[tuple[int, int]] = field(default_factory=list)
    # What it was before it was handed over, newest first, and what the other leg is to it since.
    callflow: list[dict[str, Any]] = field(default_factory=list)
    relation: Role | None = None

    @property
    def kind(self) -> str:
        """Tell whether the far end is a user's phone or a gateway."""
        return "user" if self.endpoint.is_user else "gateway"

    @property
    def is_held(self) -> bool:
        """Tell whether its phone holds the other one."""
        return bool(self.holds) and not self.holds[-1][1]

    @property
    def role(self) -> Role:
        """Return what the other leg is to this one."""
        if self.relation is not None:
            return self.relation if self.other else ""
        return "originator" if self.originator else "originatee" if self.other else ""

    @property
    def call_uuid(self) -> str:
        """Return the uuid of the call that the leg belongs to, as its variables have it."""
        return self.variables.get("call_uuid", self.uuid)

    @property
    def answer_state(self) -> str:
        """Return how far the far end is."""
        if self.times.hangup:
            return "hangup"
        if self.times.answered:
            return "answered"
        return "early" if self.times.progress_media else "ringing"

    @property
    def executes(self) -> bool:
        """Tell whether a dialplan or an application drives the leg."""
        return self.direction == "inbound" or bool(self.applications)

    def fill(self, *blocks: str, **facts: str) -> None:
        """Set the variables of some blocks, those that exist, from what is known of the leg; empty ones stay unset."""
        self.facts |= facts
        for block in blocks:
            for name, template in _BLOCKS.get(block, {}).items():
                if value := template.format_map(self.facts):
                    self.variables[name] = value

    def relate(self, other: "Leg") -> None:
        """Know the other leg of the call."""
        self.facts |= {
            "other_uuid": other.uuid, "other_address": other.endpoint.address, "other_domain": other.endpoint.domain,
            "other_destination": other.profile.destination, "other_channel_name": other.channel_name,
            "other_sdp": other.variables.get("switch_r_sdp", ""),
        }  # fmt: skip


# -- making legs -----------------------------------------------------------------------------------------------------------


def outbound_leg(
    uuid: str, endpoint: Endpoint, at: int, session_id: int, originator: Leg | None = None, codecs: str = "PCMU,PCMA"
) -> Leg:
    """Make a leg that the switch places, for itself or for another leg."""
    variables = endpoint.variables
    parent = originator.profile if originator else None
    inherited = originator.variables if originator else {}
    number = variables.get("origination_caller_id_number") or inherited.get("effective_caller_id_number")
    name = variables.get("origination_caller_id_name") or inherited.get("effective_caller_id_name")
    number = number or (parent.original_number if parent else NOBODY)
    name = name or (parent.original_name if parent else "")
    facts = _facts_of(uuid, endpoint, is_first=originator is None)
    profile = Profile(
        username=parent.username if parent else "",
        dialplan=parent.dialplan if parent else "",
        caller_name=name, caller_number=number,
        original_name=parent.original_name if parent else name,
        original_number=parent.original_number if parent else number,
        callee_name=CALLEE_NAME, callee_number=facts["destination"],
        network_addr="127.0.0.1" if parent else "",
        ani=parent.ani if parent else number,
        destination=facts["destination"],
        source=parent.source if parent else "src/switch_ivr_originate.c",
        context=parent.context if parent else "default",
    )  # fmt: skip
    leg = Leg(
        uuid=uuid, direction="outbound", endpoint=endpoint, channel_name=facts["channel_name"], profile=profile,
        times=Times(at), session_id=session_id, facts=facts, originator=originator,
        originator_profile=replace(originator.profile) if originator else None,
    )  # fmt: skip
    leg.facts |= _caller_facts(name, number) | {
        "session_id": str(session_id), "call_uuid": originator.uuid if originator else uuid, "codecs": codecs,
        "from_user": number if endpoint.is_user else endpoint.gateway, "sent_name": name, "sent_number": number,
        "video_flow": "inactive" if originator else "disabled",
    }  # fmt: skip
    if originator:
        leg.relate(originator)
        leg.fill("originated")
    leg.fill("outbound", f"outbound.{leg.kind}")
    leg.variables |= variables
    return leg


def inbound_leg(
    uuid: str, caller: Endpoint, dialled: str, at: int, session_id: int, *, name: str = "", context: str = "internal"
) -> Leg:
    """Make a leg that a phone or a carrier placed."""
    facts = _facts_of(uuid, caller, is_first=True)
    number, is_user = caller.address, caller.is_user
    address = facts["contact"].partition("@")[2]
    to_host = caller.domain if is_user else f"127.0.0.1:{facts['profile_port']}"
    facts |= _caller_facts(name, number) | {
        "session_id": str(session_id), "created": str(at), "display_name": name, "destination": dialled,
        "contact_user": facts["contact"].partition("@")[0], "to_host": to_host, "to_host_only": to_host.partition(":")[0],
        "from_host": caller.domain if is_user else address, "from_host_only": caller.domain if is_user else "127.0.0.1",
        "dtmf": "rfc2833", "call_uuid": uuid, "sent_name": CALLEE_NAME,
    }  # fmt: skip
    facts["channel_name"] = f"sofia/{facts['profile']}/{number}@{facts['from_host']}"
    profile = Profile(
        username=number, dialplan="XML", caller_name=name or number, caller_number=number, original_name=name or number,
        original_number=number, network_addr="127.0.0.1", ani=number, destination=dialled, source="mod_sofia", context=context,
    )  # fmt: skip
    leg = Leg(
        uuid=uuid, direction="inbound", endpoint=caller, channel_name=facts["channel_name"], profile=profile,
        times=Times(at), session_id=session_id, facts=facts,
    )  # fmt: skip
    leg.fill("inbound", f"inbound.{leg.kind}", "codec", ep_codec="PCMU")
    leg.variables |= caller.variables
    return leg


def contact_of(extension: str) -> tuple[str, int]:
    """Return the user part of the contact that an extension's phone registered with, and its port."""
    number = zlib.crc32(extension.encode())
    return f"{extension}-0x5{number:08x}680", 5100 + number % _PHONE_PORTS


def _facts_of(uuid: str, endpoint: Endpoint, *, is_first: bool) -> dict[str, str]:
    """Return what the templates say of any leg; what is random of it follows from its uuid."""
    chance = random.Random(uuid)  # noqa: S311 - ports and tags, no secrets
    user, port = contact_of(endpoint.address) if endpoint.is_user else (endpoint.address, CARRIER_PORT)
    profile = "internal" if endpoint.is_user else "external"
    contact = f"{user}@127.0.0.1:{port}"
    return {
        "uuid": uuid, "address": endpoint.address, "domain": endpoint.domain, "gateway": endpoint.gateway,
        "profile": profile, "profile_port": "5070" if endpoint.is_user else "5090",
        "sip_profile": "internal" if endpoint.is_user else "gateway",
        "destination": user, "contact": contact, "contact_host": "127.0.0.1", "contact_port": str(port),
        "channel_name": f"sofia/internal/{contact}" if endpoint.is_user else f"sofia/external/{user}",
        "own_contact": "<sip:mod_sofia@127.0.0.1:5070>" if endpoint.is_user
        else f"<sip:gw+{endpoint.gateway}@127.0.0.1:5090;transport=udp;gw={endpoint.gateway}>",
        "from_host": endpoint.domain if endpoint.is_user else f"127.0.0.1:{CARRIER_PORT}",
        "from_host_only": endpoint.domain if endpoint.is_user else "127.0.0.1",
        "offered": "0 8 101 13" if is_first else "0 101 13", "dtmf": "rfc2833" if endpoint.is_user else "info",
        "remote_ip": "192.0.2.2" if endpoint.is_user else "127.0.0.1",
        "media_port": str(20000 + 2 * chance.randrange(1000)), "remote_port": str(30000 + 2 * chance.randrange(100)),
        "ssrc": str(chance.getrandbits(32)), "sdp_id": str(1795416000 + chance.randrange(3000)),
        "branch": f"z9hG4bK{chance.getrandbits(64):016x}", "from_tag": f"{chance.getrandbits(52):013x}",
        "to_tag": f"{chance.getrandbits(64):016x}", "cseq": str(123165000 + chance.randrange(999)),
        "call_id": f"{chance.getrandbits(64):016x}",
    }  # fmt: skip


def _caller_facts(name: str, number: str) -> dict[str, str]:
    return {"caller_name": name, "caller_number": number, "quoted_caller_name": f'"{name}" ' if name else ""}
