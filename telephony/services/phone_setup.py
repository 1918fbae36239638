"""What is entered in a phone, in the words of each kind of phone."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import qrcode
from qrcode.image.svg import SvgPathImage

from telephony.models import Extension
from telephony.services.sip_configuration import listening_of_settings
from telephony.switch.configuration import Listening, Srtp

USUAL_PORT: Final = 5060
USUAL_TLS_PORT: Final = 5061
# What stands for the password: it is shown once, on another part of the page or not at all any more.
PASSWORD: Final = "password"
ENCRYPTION: Final = {Srtp.OFF: "", Srtp.OPTIONAL: "SRTP, optional", Srtp.MANDATORY: "SRTP"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSettings:
    """What a phone of an extension has to be told, besides its password.

    `proxy` is "" where the domain's name leads to the switch, by the port that phones try by themselves.
    """

    username: str
    domain: str
    server: str
    port: int
    transport: str
    proxy: str
    encryption: str

    @property
    def values(self) -> Mapping[str, str]:
        """Each setting by its name, as it is typed; "" for what need not be."""
        return {
            "username": self.username,
            "domain": self.domain,
            "account": f"{self.username}@{self.domain}",
            "server": self.server,
            "port": str(self.port),
            "transport": self.transport,
            "proxy": self.proxy,
            "encryption": self.encryption,
            PASSWORD: PASSWORD,
        }


class Line(NamedTuple):
    """A field of a phone: what the phone calls it, what is typed; `is_password` where that is the password."""

    label: str
    value: str
    is_password: bool


class Kind(NamedTuple):
    """A kind of phone, where in it the account is made, and its fields in their order."""

    name: str
    where: str
    lines: list[Line]


_KINDS: Final[tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]] = (
    (
        "Desk phone",
        "The phone's own web page, under Account or Identity. Each maker has names of its own: these are the usual ones.",
        (
            ("Register name, authentication ID", "username"), ("User name", "username"), ("Password", PASSWORD),
            ("SIP server, registrar", "domain"), ("Outbound proxy", "proxy"), ("Server port", "port"),
            ("Transport", "transport"), ("Voice encryption", "encryption"),
        ),
    ),
    (
        "Linphone",
        "Use a SIP account (third party), then Advanced settings.",
        (
            ("Username", "username"), ("Password", PASSWORD), ("Domain", "domain"), ("Transport", "transport"),
            ("Outbound SIP proxy URI", "proxy"), ("Media encryption", "encryption"),
        ),
    ),
    (
        "Zoiper",
        "Settings, Accounts, Add: no provider, manual set-up.",
        (
            ("Username @ PBX", "account"), ("Password", PASSWORD), ("Hostname or domain", "domain"),
            ("Outbound proxy", "proxy"), ("Configuration to choose", "transport"), ("Media encryption", "encryption"),
        ),
    ),
    (
        "Groundwire",
        "Settings, Accounts, +, Generic SIP Account; the rest is under Advanced Settings.",
        (
            ("Username", "username"), ("Password", PASSWORD), ("Domain", "domain"),
            ("Proxy address", "proxy"), ("Transport protocol", "transport"), ("Secure calls", "encryption"),
        ),
    ),
    (
        "MicroSIP",
        "Menu, Add account.",
        (
            ("SIP server", "domain"), ("SIP proxy", "proxy"), ("Username", "username"), ("Domain", "domain"),
            ("Login", "username"), ("Password", PASSWORD), ("Transport", "transport"), ("Media encryption", "encryption"),
        ),
    ),
)  # fmt: skip


def settings_of(extension: Extension) -> PhoneSettings:
    """Return what a phone of this extension has to be told: TLS where the switch takes it, UDP elsewhere."""
    how = listening_of_settings()
    is_secure = bool(how.tls_folder)
    # A profile takes TLS one port above.
    port = how.internal_port + 1 if is_secure else how.internal_port
    server = how.public_address or how.address or extension.domain.name
    return PhoneSettings(
        username=extension.number,
        domain=extension.domain.name,
        server=server,
        port=port,
        transport="TLS" if is_secure else "UDP",
        proxy=_proxy(server, port, how, extension.domain.name),
        encryption=ENCRYPTION[how.srtp],
    )


def kinds_of(phone: PhoneSettings) -> list[Kind]:
    """Return how each kind of phone is set up."""
    return [Kind(name, where, list(_lines(phone, fields))) for name, where, fields in _KINDS]


def picture_of(password: str) -> str:
    """Return a password as a QR code, an image that stands in the page itself: an address would have to be kept."""
    drawn = qrcode.make(password, image_factory=SvgPathImage, border=2).to_string()
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn).decode()}"


def _proxy(server: str, port: int, how: Listening, domain: str) -> str:
    usual = USUAL_TLS_PORT if how.tls_folder else USUAL_PORT
    if server == domain and port == usual:
        return ""
    host = f"[{server}]" if ":" in server else server
    return host if port == usual else f"{host}:{port}"


def _lines(phone: PhoneSettings, fields: tuple[tuple[str, str], ...]) -> Iterator[Line]:
    for label, name in fields:
        value = phone.values[name]
        if value:
            yield Line(label, value, name == PASSWORD)
