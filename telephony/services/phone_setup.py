"""What a phone has to be told to register, to type and to scan, in the words of each kind of phone.

No code that a camera reads is understood by every app. The one here that sets an account up by itself is Grandstream Wave's:
it holds all that is needed, so that nothing with the password in it has to lie at an address. Linphone, Zoiper and Groundwire
fetch their settings from such an address, or through their makers' clouds; for them, and for all others, the password alone
can be scanned, and be pasted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

import qrcode

from telephony.models import Extension
from telephony.services.sip_configuration import listening_of_settings
from telephony.switch.configuration import Listening, Srtp

USUAL_PORT: Final = 5060
USUAL_TLS_PORT: Final = 5061
# Modules of white around a code, without which some cameras do not find it.
QUIET_ZONE: Final = 4
# What may be dialled on Grandstream Wave's pad: digits, a plus, and codes with a star.
_DIALLED: Final = r"{x+|\+x+|*x+|*xx*x+}"
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


class Picture(NamedTuple):
    """A code to scan, as a drawing: its side in modules, and the path of its dark ones."""

    side: int
    path: str


class PhoneSetup(NamedTuple):
    """All that a phone is told, with the password, to be shown once."""

    settings: PhoneSettings
    password: str
    account: Picture
    password_alone: Picture


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


def setup_of(extension: Extension, password: str) -> PhoneSetup:
    """Return what a phone of an extension is told; it holds the password."""
    settings = settings_of(extension)
    account = _picture(_wave_account(settings, extension.display_name, password))
    return PhoneSetup(settings, password, account, _picture(password))


def kinds_of(phone: PhoneSettings) -> list[Kind]:
    """Return how each kind of phone is set up."""
    return [Kind(name, where, list(_lines(phone, fields))) for name, where, fields in _KINDS]


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


def _wave_account(settings: PhoneSettings, display_name: str, password: str) -> str:
    """Return an account as Grandstream Wave scans it.

    Source: what PBXs of several makers show to it.
    """
    root = Element("AccountConfig", version="1")
    account = SubElement(root, "Account")
    members = {
        "RegisterServer": settings.domain,
        "OutboundServer": settings.proxy,
        "UserID": settings.username,
        "AuthID": settings.username,
        "AuthPass": password,
        "AccountName": f"{settings.username}@{settings.domain}",
        "DisplayName": display_name or settings.username,
        "Dialplan": _DIALLED,
        "RandomPort": "0",
    }
    for name, value in members.items():
        SubElement(account, name).text = value
    # Letters beyond ASCII become references: cameras differ about encodings.
    described: bytes = tostring(root, encoding="us-ascii")
    return f'<?xml version="1.0" encoding="utf-8"?>{described.decode()}'


def _picture(text: str) -> Picture:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=QUIET_ZONE)
    code.add_data(text)
    matrix = code.get_matrix()
    dark = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(matrix) for x, is_dark in enumerate(row) if is_dark)
    return Picture(len(matrix), "".join(dark))
