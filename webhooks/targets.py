"""Where webhooks may go: addresses of the public network, by https, and what the operator permits besides.

The form of a URL is looked at when it is given; what its name leads to at every delivery, since that changes.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import idna

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST_URL: Final = 1000
DEFAULT_PORTS: Final = {"https": 443, "http": 80}
# Below, other protocols than HTTP are at home.
LEAST_PORT: Final = 1024
LOCALHOST: Final = "localhost"
# Of IPv6 all that is handed out to networks. The rest is local, reserved, or wraps an IPv4 address.
_UNICAST: Final = ipaddress.ip_network("2000::/3")
# Public by their numbers, and not what they look like: Azure's own host services; what protocols have for themselves, among it
# Oracle's metadata, which Python counts as public up to 3.11.9; 6to4, its relays and Teredo, which wrap IPv4 addresses;
# examples in documents.
_SPECIAL: Final = tuple(
    map(
        ipaddress.ip_network,
        ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "2002::/16", "2001::/32", "3fff::/20"),
    )
)
_PATH: Final = re.compile(r"[!-~]*")
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


class TargetError(ValueError):
    """Nothing is sent there; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that webhooks can be sent to, taken apart; `host` is an ASCII name, or an address without brackets."""

    scheme: str
    host: str
    port: int
    path: str  # with its query

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """The host, and the port where it is not the scheme's own, as `Host` has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse_target(url: str, allowed: Sequence[Network]) -> Target:
    """Take a URL apart. Raises TargetError where its form alone says that nothing is sent there."""
    if len(url) > LONGEST_URL:
        raise TargetError(f"A URL has at most {LONGEST_URL} characters.")
    if re.search(r"[\s\\\x00-\x1f\x7f]", url):
        raise TargetError("A URL has no blanks, backslashes or control characters.")
    try:
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port
    except ValueError:
        raise TargetError("This is no URL.") from None
    if parts.scheme not in DEFAULT_PORTS or not name:
        raise TargetError("Give a URL such as https://hooks.example.com/calls.")
    if "@" in parts.netloc:
        raise TargetError("A URL with a name or a password in it is not taken: prove the sender by the signature.")
    if "#" in url:
        raise TargetError("What stands behind a # is never sent: leave it out.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _PATH.fullmatch(path):
        raise TargetError("Write other characters than those of ASCII as %-codes in path and query.")
    port = DEFAULT_PORTS[parts.scheme] if port is None else port
    target = Target(parts.scheme, _ascii_host(name, is_bracketed="[" in parts.netloc), port, path)
    _check_form(target, allowed)
    return target


def _ascii_host(name: str, *, is_bracketed: bool) -> str:
    """Return a host as the network knows it: a name of other scripts in its ASCII form, an address in its short one."""
    if "%" in name:
        # An address with the network card by which it is to be reached is none of the public network.
        raise TargetError("This is no host name.")
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        if is_bracketed:
            raise TargetError("This is no IPv6 address.") from None
    try:
        ascii_name = idna.encode(name.removesuffix("."), uts46=True, std3_rules=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        raise TargetError("This is no host name.") from None
    # A last label of digits is read as an address by resolvers, in notations that nobody sees through (127.1, 0x7f.1).
    if not _HOST.fullmatch(ascii_name) or re.fullmatch(r"[0-9]+|0x[0-9a-f]*", ascii_name.rpartition(".")[2]):
        raise TargetError("This is no host name.")
    return ascii_name


def _check_form(target: Target, allowed: Sequence[Network]) -> None:
    address = _literal(target.host)
    if target.scheme == "http" and (address is None or not address.is_loopback or not is_allowed(address, allowed)):
        raise TargetError("Only https is spoken here.")
    if target.port not in DEFAULT_PORTS.values() and target.port < LEAST_PORT:
        raise TargetError(f"Give port 443, or one from {LEAST_PORT} on.")
    if target.scheme == "https" and target.port == DEFAULT_PORTS["http"]:
        raise TargetError("Port 80 does not speak https.")
    if address is not None and not is_allowed(address, allowed):
        raise TargetError("This address is not one that webhooks may reach.")


def _literal(host: str) -> Address | None:
    """Return the address that a host is, None for a name; `localhost` is one that everybody knows."""
    try:
        return ipaddress.ip_address("127.0.0.1" if host == LOCALHOST or host.endswith(f".{LOCALHOST}") else host)
    except ValueError:
        return None


def is_allowed(address: Address, allowed: Sequence[Network]) -> bool:
    """Tell whether webhooks may reach an address: a public one, or one that the operator permits."""
    if any(address in network for network in allowed if network.version == address.version):
        return True
    if any(address in network for network in _SPECIAL if network.version == address.version):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved
