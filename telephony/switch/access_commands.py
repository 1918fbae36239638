"""Commands about who may use the switch, and how their replies are read: its caches, registrations, legs and access lists.

Source: mod_commands.c and mod_sofia.c of FreeSWITCH 1.11.1, as run.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from telephony.switch.commands import Command, ExtensionEndpoint
from telephony.switch.configuration import PHONES_LIST
from telephony.switch.errors import UnsafeCommandError
from telephony.switch.live_commands import PHONES_PROFILE
from telephony.switch.live_facts import PhoneFacts

_EXTENSION = r"[0-9]{2,7}"
_DOMAIN = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"

FLUSH_USER: Final = re.compile(rf"xml_flush_cache id {_EXTENSION} {_DOMAIN}")
FLUSH_REGISTRATIONS: Final = re.compile(rf"sofia profile {PHONES_PROFILE} flush_inbound_reg {_EXTENSION}@{_DOMAIN}")
SHOW_PHONES_OF: Final = re.compile(rf"sofia xmlstatus profile {PHONES_PROFILE} user {_EXTENSION}@{_DOMAIN}")
RELOAD_ACL: Final = re.compile(r"reloadacl")
CHECK_ACL: Final = re.compile(rf"acl [0-9a-f.:]{{2,45}} {PHONES_LIST}")


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
        return f"sofia profile {PHONES_PROFILE} flush_inbound_reg {self.extension.address}"


@dataclass(frozen=True)
class ShowPhonesOf(_AboutAnExtension):
    """List the phones that are registered at an extension; `live_commands.phones` reads the reply."""

    grammar = SHOW_PHONES_OF

    def _compose(self) -> str:
        return f"sofia xmlstatus profile {PHONES_PROFILE} user {self.extension.address}"


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


def place_of(phone: PhoneFacts) -> str:
    """Return from where a phone is registered: address and port."""
    address = f"[{phone.network_ip}]" if ":" in phone.network_ip else phone.network_ip
    return f"{address}:{phone.network_port}" if phone.network_port else address


@dataclass(frozen=True, slots=True)
class LiveLeg:
    """A leg that lives, by its variables; `came_in` tells that its far end called the switch."""

    uuid: UUID
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


def live_leg(leg_uuid: UUID, headers: Mapping[str, str]) -> LiveLeg:
    """Return a leg by what `live_commands.dumped` read of it."""
    prefix = "variable_"
    variables = {name.removeprefix(prefix): value for name, value in headers.items() if name.startswith(prefix)}
    return LiveLeg(leg_uuid, headers.get("Call-Direction") == "inbound", variables)
