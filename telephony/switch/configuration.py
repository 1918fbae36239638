"""Pieces of the switch's configuration: its SIP profiles with their gateways, and whom it takes calls from.

What stands here was learned the hard way by others: without the matching user name one extension's password registers
another, without the list of carriers anybody reaches the context `public`.
Source: FreeSWITCH 1.11.1, sofia.c, as run.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from xml.etree.ElementTree import Element

from telephony.switch.documents import UnsafeTextError, element, fit, param, section

CARRIERS_LIST: Final = "carriers"
PHONES_LIST: Final = "phones"
# A document of so many fits well into what the switch takes.
MOST_BANNED: Final = 10_000

PROXY_PATTERN: Final = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::[1-9][0-9]{0,4})?(?:;transport=(?:udp|tcp|tls))?"
USERNAME_PATTERN: Final = r"[A-Za-z0-9._+@-]{1,64}"
# The switch's preprocessor acts on `$` and `<`; a blank or a quote would not survive everywhere.
PASSWORD_PATTERN: Final = r"[!#%&()*+,./0-9:;=?@A-Z\[\]^_`a-z{|}~-]{1,128}"
FOLDER_PATTERN: Final = r"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+"
ADDRESS_PATTERN: Final = r"[0-9A-Fa-f.:]{2,45}"

_DOMAIN: Final = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
_GATEWAY: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_NETWORK: Final = r"[0-9A-Fa-f.:]{2,45}/[0-9]{1,3}"
_PORT: Final = r"[1-9][0-9]{0,4}"
_SECONDS: Final = r"[1-9][0-9]{0,4}"
_CODECS: Final = "OPUS,G722,PCMU,PCMA"

Params = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SofiaGateway:
    """A trunk. Without a proxy the switch takes the name for the carrier's host."""

    name: str
    proxy: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    register: bool = False
    ping_seconds: int = 0


class Srtp(StrEnum):
    """Whether voice between the switch and phones is encrypted."""

    OFF = "off"
    OPTIONAL = "optional"
    MANDATORY = "mandatory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where the switch listens: `address` "" leaves it to the switch, `public_address` is what it calls itself behind a NAT.

    `tls_folder`, on the switch, holds its certificate (`agent.pem`); "" leaves TLS off. A profile takes TLS one port above.
    """

    address: str = ""
    public_address: str = ""
    internal_port: int = 5060
    external_port: int = 5080
    tls_folder: str = ""
    srtp: Srtp = Srtp.OFF


def sofia_document(listening: Listening, domains: Sequence[str], gateways: Iterable[SofiaGateway]) -> Element:
    """Return `sofia.conf`: a profile for the phones of the domains, and one for the carriers. Raises UnsafeTextError."""
    _refuse_shared_ports(listening)
    internal = element(
        "profile",
        element("domains", element("domain", name="all", alias="true", parse="false")),
        _settings([*_common(listening, listening.internal_port), *_for_phones(domains)]),
        name="internal",
    )
    external = element(
        "profile",
        element("gateways", *(_gateway(gateway) for gateway in gateways)),
        _settings([*_common(listening, listening.external_port), *_FOR_CARRIERS]),
        name="external",
    )
    global_settings = element("global_settings", param("log-level", "0"))
    return _configuration("sofia.conf", global_settings, element("profiles", internal, external))


def acl_document(carriers: Iterable[str], banned: Sequence[str] = ()) -> Element:
    """Return `acl.conf`: from which networks carriers send calls, and from everywhere else none; and who is banned.

    No profile may apply the list of phones: to be on a list that lets in (`apply-inbound-acl`, `apply-register-acl`) means
    there to need no password. Whoever is banned is refused by the directory; the list is for `acl ADDRESS phones`, for other
    modules, and for what stands before the switch.
    """
    lists = (
        element("list", *_nodes("allow", carriers), name=CARRIERS_LIST, default="deny"),
        element("list", *_nodes("deny", banned[:MOST_BANNED]), name=PHONES_LIST, default="allow"),
        element("list", name="domains", default="deny"),
    )
    return _configuration("acl.conf", element("network-lists", *lists))


def _nodes(kind: str, networks: Iterable[str]) -> Iterator[Element]:
    return (element("node", type=kind, cidr=fit(network, _NETWORK, "network")) for network in networks)


def _configuration(name: str, *children: Element) -> Element:
    return section("configuration", element("configuration", *children, name=name))


def _settings(params: Params) -> Element:
    return element("settings", *(param(name, value) for name, value in params))


def _refuse_shared_ports(listening: Listening) -> None:
    """Raise UnsafeTextError where two of the ports are one: the second profile would not start."""
    ports = [listening.internal_port, listening.external_port]
    if listening.tls_folder:
        ports += [port + 1 for port in ports]
    if len(set(ports)) < len(ports):
        raise UnsafeTextError("The ports for phones and for carriers, and those for TLS one above, must be different.")


def _encrypted(listening: Listening, port: int) -> Params:
    """Return what a profile needs to be spoken to by TLS, too."""
    if not listening.tls_folder:
        return []
    return [
        ("tls", "true"),
        ("tls-only", "false"),
        ("tls-bind-params", "transport=tls"),
        ("tls-sip-port", fit(str(port + 1), _PORT, "port")),
        ("tls-cert-dir", fit(listening.tls_folder, FOLDER_PATTERN, "folder of certificates")),
        ("tls-version", "tlsv1.2,tlsv1.3"),
    ]


def _common(listening: Listening, port: int) -> Params:
    params = [("sip-port", fit(str(port), _PORT, "port")), ("dialplan", "XML")]
    if listening.address:
        address = fit(listening.address, ADDRESS_PATTERN, "address")
        params += [("sip-ip", address), ("rtp-ip", address)]
    if listening.public_address:
        address = fit(listening.public_address, ADDRESS_PATTERN, "address")
        params += [("ext-sip-ip", address), ("ext-rtp-ip", address)]
    return [
        *params,
        ("inbound-codec-prefs", _CODECS),
        ("outbound-codec-prefs", _CODECS),
        ("rtp-timer-name", "soft"),
        # A phone that vanished must not keep a call, and its price, alive.
        ("rtp-timeout-sec", "300"),
        ("rtp-hold-timeout-sec", "1800"),
        ("manage-presence", "false"),
        ("accept-blind-reg", "false"),
        ("accept-blind-auth", "false"),
        ("log-auth-failures", "true"),
        # Without it whoever knows one extension's password registers as another.
        ("inbound-reg-force-matching-username", "true"),
        *_encrypted(listening, port),
    ]


def _for_phones(domains: Sequence[str]) -> Params:
    params = [
        ("context", "internal"),
        ("auth-calls", "true"),
        ("challenge-realm", "auto_from"),
        # Without it a phone that hands its call over has the switch call any address, by no plan: see `channels.py`.
        ("channel-xml-fetch-on-nightmare-transfer", "true"),
        # A desk phone and a softphone of one extension, side by side.
        ("multiple-registrations", "contact"),
    ]
    if len(domains) == 1:
        # Whatever a phone calls the switch, it is looked up and kept under this name; its password is good for that alone.
        domain = fit(domains[0], _DOMAIN, "domain")
        forced = ("force-register-domain", "force-subscription-domain", "force-register-db-domain")
        params += [(name, domain) for name in forced]
    return params


_FOR_CARRIERS: Final[Params] = [
    ("context", "public"),
    ("auth-calls", "false"),
    ("apply-inbound-acl", CARRIERS_LIST),
    # A carrier has no business sending our callers elsewhere, and no phone registers here.
    ("disable-transfer", "true"),
    ("disable-register", "true"),
    # Which extension answers, and where it goes from there, is no carrier's business either.
    ("pass-callee-id", "false"),
    ("send-display-update", "false"),
]


def _gateway(gateway: SofiaGateway) -> Element:
    params = [
        ("register", "true" if gateway.register else "false"),
        # Otherwise the carrier sees the gateway's user name for the caller.
        ("caller-id-in-from", "true"),
    ]
    if gateway.ping_seconds:
        # One that does not answer is passed over, until it answers again.
        params.append(("ping", fit(str(gateway.ping_seconds), _SECONDS, "seconds between pings")))
    if gateway.proxy:
        params.append(("proxy", fit(gateway.proxy, PROXY_PATTERN, "proxy")))
    if gateway.username:
        params.append(("username", fit(gateway.username, USERNAME_PATTERN, "user name")))
    if gateway.password:
        params.append(("password", fit(gateway.password, PASSWORD_PATTERN, "password")))
    if gateway.register:
        # The number that was called, not the name under which the gateway registered.
        params.append(("extension", "auto_to_user"))
    return element("gateway", *(param(name, value) for name, value in params), name=fit(gateway.name, _GATEWAY, "gateway"))
