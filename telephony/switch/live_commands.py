"""Commands that ask a switch what it has at this moment, and how their replies are read.

Source: mod_commands.c and mod_sofia.c of FreeSWITCH 1.11.1, as run.
"""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from telephony.switch.commands import Command
from telephony.switch.errors import SwitchError, UnsafeCommandError
from telephony.switch.live_facts import GatewayFacts, PhoneFacts, storable

# The profile at which phones register.
PHONES_PROFILE: Final = "internal"
SHOW_PHONES: Final = re.compile(rf"sofia xmlstatus profile {PHONES_PROFILE} reg")
SHOW_GATEWAYS: Final = re.compile(r"sofia xmlstatus gateway")
DUMP_CHANNEL: Final = re.compile(r"uuid_dump [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12} json")

_SECONDS_LEFT = re.compile(r"expsecs\((-?[0-9]{1,9})\)")
_UPTIME = re.compile(
    r"^UP ([0-9]{1,4}) years?, ([0-9]{1,3}) days?, ([0-9]{1,2}) hours?, ([0-9]{1,2}) minutes?, ([0-9]{1,2}) seconds?",
    re.MULTILINE,
)
_SECONDS_OF = (365 * 86_400, 86_400, 3600, 60, 1)
_VERSION = re.compile(r"^FreeSWITCH \(Version ([^\s)]{1,64})", re.MULTILINE)
_SESSIONS = re.compile(r"^([0-9]{1,9}) session\(s\) - peak", re.MULTILINE)
_MOST_SESSIONS = re.compile(r"^([0-9]{1,9}) session\(s\) max", re.MULTILINE)


@dataclass(frozen=True)
class ShowPhones(Command):
    """List the phones that are registered indeed; `phones` reads the reply.

    `show registrations` goes on to list one that was thrown out until its time is up.
    """

    grammar = SHOW_PHONES

    def _compose(self) -> str:
        return f"sofia xmlstatus profile {PHONES_PROFILE} reg"


@dataclass(frozen=True)
class ShowGateways(Command):
    """List the gateways and how they are; `gateways` reads the reply."""

    grammar = SHOW_GATEWAYS

    def _compose(self) -> str:
        return "sofia xmlstatus gateway"


@dataclass(frozen=True)
class DumpChannel(Command):
    """Show all that the switch knows of a leg: what its events carry; `dumped` reads the reply."""

    grammar = DUMP_CHANNEL
    leg_uuid: UUID

    def _compose(self) -> str:
        if not isinstance(self.leg_uuid, UUID):
            raise UnsafeCommandError("The uuid of the leg is no UUID.")
        return f"uuid_dump {self.leg_uuid} json"


@dataclass(frozen=True, slots=True)
class Load:
    """What `status` tells: for how many seconds the switch is up, its release, how many legs there are and may be."""

    up_seconds: int | None
    version: str
    sessions: int
    max_sessions: int


def load_of(reply: str) -> Load:
    """Read the reply to Status; what it does not tell is "" or 0."""
    up, version, sessions, most = (pattern.search(reply) for pattern in (_UPTIME, _VERSION, _SESSIONS, _MOST_SESSIONS))
    return Load(
        up_seconds=sum(int(text) * unit for text, unit in zip(up.groups(), _SECONDS_OF, strict=True)) if up else None,
        version=version[1] if version else "",
        sessions=int(sessions[1]) if sessions else 0,
        max_sessions=int(most[1]) if most else 0,
    )


def dumped(reply: str) -> Mapping[str, str]:
    """Return the headers of a leg, as its events have them. Raises SwitchError where the reply is no leg."""
    try:
        dump: Any = json.loads(reply, strict=False, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise SwitchError("What the switch tells of a leg is no JSON.") from None
    if not isinstance(dump, dict):
        raise SwitchError("What the switch tells is not of a leg.")
    return {name: value for name, value in dump.items() if isinstance(value, str)}


def phones(reply: str) -> list[PhoneFacts]:
    """Return the phones that are registered. Raises SwitchError where the reply is no such list.

    It is read by patterns: an agent, which is whatever a phone sends, can make it anything but XML.
    """
    if "<registrations>" not in reply:
        raise SwitchError("The switch answered with no list of registrations.")
    found = (_phone(text) for text in re.findall(r"<registration>(.*?)</registration>", reply, re.DOTALL))
    return [phone for phone in found if phone.user and phone.domain]


def _phone(text: str) -> PhoneFacts:
    user, _, domain = _element(text, "user").rpartition("@")
    status = _element(text, "status")
    left = _SECONDS_LEFT.search(status)
    return PhoneFacts(
        user=user,
        domain=domain,
        contact=_element(text, "contact"),
        network_ip=_element(text, "network-ip"),
        network_port=_element(text, "network-port"),
        agent=_element(text, "agent"),
        status=status.partition(" ")[0].partition(")")[0] + (")" if ")" in status else ""),
        seconds=max(0, int(left[1])) if left else None,
    )


def gateways(reply: str) -> list[GatewayFacts]:
    """Return the gateways that the switch has. Raises SwitchError where the reply is no such list."""
    if "<gateways>" not in reply:
        raise SwitchError("The switch answered with no list of gateways.")
    texts = re.findall(r"<gateway>(.*?)</gateway>", reply, re.DOTALL)
    found = (GatewayFacts(*(_element(text, name) for name in ("name", "state", "status"))) for text in texts)
    return [gateway for gateway in found if gateway.name]


def _element(text: str, name: str) -> str:
    match = re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return storable(html.unescape(match[1])) if match else ""
