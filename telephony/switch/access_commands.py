"""Commands about who may use the switch, and how their replies are read: its caches, registrations, legs and access lists.

Source: mod_commands.c and mod_sofia.c of FreeSWITCH 1.11.1, as run.
"""

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from telephony.switch.commands import Command, ExtensionEndpoint
from telephony.switch.configuration import PHONES_LIST
from telephony.switch.errors import SwitchError, UnsafeCommandError

# The profile at which phones register, as `sofia_document` names it.
PROFILE: Final = "internal"

_EXTENSION = r"[0-9]{2,7}"
_DOMAIN = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

FLUSH_USER: Final = re.compile(rf"xml_flush_cache id {_EXTENSION} {_DOMAIN}")
FLUSH_REGISTRATIONS: Final = re.compile(rf"sofia profile {PROFILE} flush_inbound_reg {_EXTENSION}@{_DOMAIN}")
SHOW_PHONES: Final = re.compile(rf"sofia xmlstatus profile {PROFILE} user {_EXTENSION}@{_DOMAIN}")
UUID_DUMP: Final = re.compile(rf"uuid_dump {_UUID} json")
RELOAD_ACL: Final = re.compile(r"reloadacl")
CHECK_ACL: Final = re.compile(rf"acl [0-9a-f.:]{{2,45}} {PHONES_LIST}")

_REGISTRATION = re.compile(r"<registration>(.*?)</registration>", re.DOTALL)
_PLACE = {
    "address": re.compile(r"<network-ip>([0-9A-Fa-f.:]{2,45})</network-ip>"),
    "port": re.compile(r"<network-port>([0-9]{1,5})</network-port>"),
    "agent": re.compile(r"<agent>([^<]{0,200})</agent>"),
    "left": re.compile(r"<status>[^<]{0,200}expsecs\((-?[0-9]{1,9})\)</status>"),
}


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension of a domain, as commands name it. Raises UnsafeCommandError where it is none."""

    number: str
    domain: str

    def __post_init__(self) -> None:
        _ = ExtensionEndpoint(self.number, self.domain)

    @property
    def address(self) -> str:
        """The extension as phones register it."""
        return f"{self.number}@{self.domain}"


@dataclass(frozen=True)
class _AboutAnExtension(Command):
    extension: Extension

    def __post_init__(self) -> None:
        if not isinstance(self.extension, Extension):
            raise UnsafeCommandError("The extension is none.")
        super().__post_init__()


@dataclass(frozen=True)
class FlushUser(_AboutAnExtension):
    """Let the switch forget what the directory told it of an extension; it answers how many entries it had."""

    grammar = FLUSH_USER

    def _compose(self) -> str:
        return f"xml_flush_cache id {self.extension.number} {self.extension.domain}"


@dataclass(frozen=True)
class FlushRegistrations(_AboutAnExtension):
    """Let the switch forget the phones that are registered at an extension: none of them is rung from now on.

    They learn of it when they register next: then a revoked one gets a 403. Another word behind it (`reboot`) would restart
    some makes of phones, which brings that moment forward and nothing else.
    """

    grammar = FLUSH_REGISTRATIONS

    def _compose(self) -> str:
        return f"sofia profile {PROFILE} flush_inbound_reg {self.extension.address}"


@dataclass(frozen=True)
class ShowPhones(_AboutAnExtension):
    """List the phones that are registered at an extension; `phones` reads the reply.

    This is the truth: `show registrations` goes on to list one that was thrown out until its time is up.
    """

    grammar = SHOW_PHONES

    def _compose(self) -> str:
        return f"sofia xmlstatus profile {PROFILE} user {self.extension.address}"


@dataclass(frozen=True)
class UuidDump(Command):
    """Show all that the switch knows of a leg; `leg_of` reads the reply."""

    grammar = UUID_DUMP
    leg_uuid: UUID

    def _compose(self) -> str:
        return f"uuid_dump {self.leg_uuid if isinstance(self.leg_uuid, UUID) else ''} json"


@dataclass(frozen=True)
class ReloadAcl(Command):
    """Let the switch ask for `acl.conf` anew."""

    grammar = RELOAD_ACL

    def _compose(self) -> str:
        return "reloadacl"


@dataclass(frozen=True)
class CheckAcl(Command):
    """Ask whether phones are listened to from an address; `exists` reads the reply."""

    grammar = CHECK_ACL
    address: str

    def _compose(self) -> str:
        try:
            address = ipaddress.ip_address(self.address)
        except (ValueError, TypeError):
            raise UnsafeCommandError("The address is none.") from None
        if getattr(address, "scope_id", None):
            raise UnsafeCommandError("The address has a zone.")
        return f"acl {address} {PHONES_LIST}"


# -- replies ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone that is registered: from where, what it says it is, and for how many seconds more; "" and None where unknown."""

    address: str
    port: str
    agent: str
    seconds_left: int | None

    @property
    def place(self) -> str:
        """From where it is registered."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{address}:{self.port}" if self.port else address


def phones(reply: str) -> list[Phone]:
    """Read the reply to ShowPhones. Raises SwitchError where it is no such list.

    It is read by patterns: an agent, which is whatever a phone sends, can make it anything but XML.
    """
    if "<registrations>" not in reply:
        raise SwitchError("The switch answered with no list of registrations.")
    return [_phone(found) for found in _REGISTRATION.findall(reply)]


def _phone(text: str) -> Phone:
    found = {name: match[1] if (match := pattern.search(text)) else "" for name, pattern in _PLACE.items()}
    left = found.pop("left")
    printable = "".join(letter if letter.isprintable() else " " for letter in found["agent"])
    return Phone(**(found | {"agent": printable.strip()[:100]}), seconds_left=int(left) if left else None)


@dataclass(frozen=True, slots=True)
class LiveLeg:
    """A leg that lives, by its variables; `came_in` tells that its far end called the switch."""

    uuid: str
    came_in: bool
    variables: Mapping[str, str]

    def is_of(self, extension: Extension, extension_id: int) -> bool:
        """Tell whether it is a leg of an extension: its phone's, or one that is placed for it or at its charge.

        What a phone claims, in From, counts for nothing: `user_name` is what it proved, `presence_id` stands in the portal's
        own dial string. `dialed_user` would not do: it is on every leg that has called somebody.
        """
        if self.variables.get("portal_extension_id") == str(extension_id):
            return True
        if self.came_in:
            proved = self.variables.get("user_name"), self.variables.get("domain_name", "").lower()
            return proved == (extension.number, extension.domain)
        return self.variables.get("presence_id", "").lower() == extension.address


def leg_of(reply: str) -> LiveLeg:
    """Read the reply to UuidDump. Raises SwitchError where it is none."""
    try:
        dump: Any = json.loads(reply, strict=False, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise SwitchError("What the switch tells of a leg is no JSON.") from None
    if not isinstance(dump, dict) or not isinstance(dump.get("Unique-ID"), str):
        raise SwitchError("What the switch tells is not of a leg.")
    prefix = "variable_"
    variables = {
        name.removeprefix(prefix): value for name, value in dump.items() if name.startswith(prefix) and isinstance(value, str)
    }
    return LiveLeg(uuid=dump["Unique-ID"], came_in=dump.get("Call-Direction") == "inbound", variables=variables)
