"""Where a switch's event socket is, and its password.

In the environment it is a URL, `esl://:PASSWORD@HOST:PORT`, or several; no error quotes any of it.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from telephony.switch.errors import SwitchError

DEFAULT_PORT: Final = 8021

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_UNWELCOME_IN_URL = re.compile(r"[\x00-\x20\x7f]")
_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_BETWEEN_URLS = re.compile(r"[\s,]+(?=esl://)", re.IGNORECASE)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class SwitchAddress:
    """Where a switch listens, and the password of its event socket. Raises SwitchError where one of them cannot be."""

    host: str
    port: int
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.host) and not _is_ipv6(self.host):
            raise SwitchError("The switch's address has no host, or one that cannot be.")
        if not 1 <= self.port <= 65535:
            raise SwitchError("The port of the switch's address must be from 1 to 65535.")
        if not self.password:
            raise SwitchError("The switch's address has no password: write esl://:PASSWORD@HOST:PORT.")
        if _UNSENDABLE.search(self.password):
            raise SwitchError("The password in the switch's address has a control character in it.")

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_urls(text: str) -> tuple[SwitchAddress, ...]:
    """Read one URL or several, with blanks or commas between; the first is the switch that is preferred.

    A comma that no URL follows belongs to a password. Raises SwitchError, also where two name the same place.
    """
    found = tuple(parse_url(url) for url in _BETWEEN_URLS.split(text.strip().rstrip(",").rstrip()))
    if len({str(address) for address in found}) < len(found):
        raise SwitchError("Two of the switches' addresses are the same.")
    return found


def parse_url(url: str) -> SwitchAddress:
    """Read `esl://:PASSWORD@HOST:PORT`, the password percent-encoded, the port 8021 where there is none.

    Raises SwitchError with a sentence that says what is wrong and quotes nothing: the password may stand anywhere in it.
    """
    if _UNWELCOME_IN_URL.search(url):
        raise SwitchError("The switch's address has a blank, a line break or a control character in it.")
    if not url.lower().startswith("esl://"):
        raise SwitchError("The switch's address must begin with esl://.")
    if re.search("[/?#]", url[len("esl://") :].removesuffix("/")):
        raise SwitchError("The switch's address ends after its port; in the password write / as %2F, ? as %3F and # as %23.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise SwitchError(
            "The switch's address has a port or a host that cannot be: write esl://:PASSWORD@HOST:PORT."
        ) from None
    if parts.username:
        raise SwitchError("The switch's address takes no user name: write esl://:PASSWORD@HOST:PORT.")
    return SwitchAddress(host, DEFAULT_PORT if port is None else port, _password(parts))


def _password(parts: SplitResult) -> str:
    encoded = parts.password or ""
    if _BAD_ESCAPE.search(encoded):
        raise SwitchError("In the password of the switch's address write % as %25.")
    try:
        return unquote_to_bytes(encoded).decode()
    except UnicodeError:
        raise SwitchError("The password in the switch's address is not UTF-8.") from None


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True
