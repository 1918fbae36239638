"""What a switch has on its own disk: how it finds the portal, and what it does while the portal is away.

The portal answers who may register and where calls go; of that, nothing is on the disk. So the disk holds no user, and plans
that end every call: whatever the portal does not answer is refused.
Source: FreeSWITCH 1.11.1, as run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element, indent, tostring

from telephony.switch.channels import refusal_document
from telephony.switch.configuration import (
    ADDRESS_PATTERN,
    FOLDER_PATTERN,
    PASSWORD_PATTERN,
    Listening,
    SofiaGateway,
    acl_document,
    sofia_document,
)
from telephony.switch.dialplan import CONTEXTS
from telephony.switch.documents import UnsafeTextError, element, fit, param

ROOT_FILE: Final = "freeswitch.xml"
PLANS_FILE: Final = "dialplan/closed.xml"

# In the order in which they are loaded: what logs, then what asks the portal, and only then what asks for its configuration.
MODULES: Final = (
    "mod_console", "mod_logfile", "mod_xml_curl", "mod_json_cdr", "mod_event_socket", "mod_commands", "mod_dptools",
    "mod_dialplan_xml", "mod_hash", "mod_tone_stream", "mod_sndfile", "mod_opus", "mod_http_cache", "mod_loopback", "mod_sofia",
)  # fmt: skip
SYSLOG: Final = "mod_syslog"

_PORT: Final = r"[1-9][0-9]{0,4}"
_NETWORK: Final = r"[0-9A-Fa-f.:]{2,45}/[0-9]{1,3}"
_NAME: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?"
_URL: Final = r"https?://(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]{2,45}\])(?::[1-9][0-9]{0,4})?(?:/[A-Za-z0-9._~/-]*)?"
_USER: Final = r"[!#%&()*+,./0-9;=?@A-Z\[\]^_`a-z{|}~-]{1,64}"
_COUNT: Final = r"[1-9][0-9]{0,5}"

# Nothing below `info`: what the switch tells while debugging holds proofs and signed addresses.
_LOG_LEVELS: Final = "info,notice,warning,err,crit,alert"
_BYTES_A_LOG: Final = "104857600"
_LOGS_KEPT: Final = "10"
# Where Debian keeps the authorities that it trusts; the module for recordings has no default of its own that exists.
_AUTHORITIES: Final = "/etc/ssl/certs/ca-certificates.crt"

_SECTIONS: Final = "directory|dialplan|channels|configuration"

Params = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalAccess:
    """Where the switch finds the portal, without a slash at its end, and what it proves itself with.

    `authorities` is a file on the switch with the certificates that it trusts; "" leaves it to those of its system.
    """

    url: str
    user: str
    password: str = field(repr=False)
    authorities: str = ""

    @property
    def credentials(self) -> str:
        """User and password as the modules take them. Raises UnsafeTextError."""
        return f"{fit(self.user, _USER, 'user name')}:{fit(self.password, PASSWORD_PATTERN, 'password')}"

    @property
    def is_encrypted(self) -> bool:
        """Whether others on the way cannot read what is said."""
        return self.url.startswith("https://")

    def address_of(self, path: str) -> str:
        """Return the address of one of the portal's endpoints. Raises UnsafeTextError."""
        return f"{fit(self.url, _URL, 'address of the portal')}/freeswitch/{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSocketAccess:
    """Where the event socket listens, and who may speak to it: `networks` as CIDR, and with the password."""

    address: str
    port: int
    password: str = field(repr=False)
    networks: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchFolders:
    """Folders on the switch, absolute: logs, its own database, records that could not be posted, and files of http_cache."""

    log: str
    database: str
    records: str
    cache: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFiles:
    """All that the files of a switch are made of.

    How it listens and which gateways it has is here as it was when this was written: the portal is asked first.
    """

    name: str
    portal: PortalAccess
    event_socket: EventSocketAccess
    folders: SwitchFolders
    listening: Listening
    domains: Sequence[str]
    gateways: Sequence[SofiaGateway]
    carriers: Sequence[str]
    first_rtp_port: int = 16384
    last_rtp_port: int = 32768
    most_sessions: int = 1000
    sessions_per_second: int = 30
    logs_every_record: bool = False
    writes_syslog: bool = False

    @property
    def modules(self) -> list[str]:
        """The modules that the switch loads, in this order."""
        return [*MODULES[:2], *([SYSLOG] if self.writes_syslog else []), *MODULES[2:]]

    def documents(self) -> dict[str, bytes]:
        """Return the content of each file by its path in the folder, the root last. Raises UnsafeTextError."""
        configurations = {
            f"autoload_configs/{found.get('name')}.xml": found for found in sorted(self._configurations(), key=_name_of)
        }
        included = {path: _lines(found) for path, found in configurations.items()}
        return included | {PLANS_FILE: _lines(_closed_plans()), ROOT_FILE: _root(included)}

    def _configurations(self) -> Iterable[Element]:
        sofia = sofia_document(self.listening, self.domains, self.gateways)
        yield from (_content(document) for document in (sofia, acl_document(self.carriers)))
        yield _configuration("modules.conf", element("modules", *(element("load", module=name) for name in self.modules)))
        yield _configuration("post_load_modules.conf", element("modules"))
        yield _with_settings("switch.conf", self._of_the_core())
        yield self._xml_curl()
        yield _with_settings("json_cdr.conf", self._of_records())
        yield _with_settings("event_socket.conf", self._of_the_event_socket())
        yield _with_settings("http_cache.conf", self._of_the_cache())
        yield _with_settings("console.conf", [("colorize", "false"), ("loglevel", "warning")])
        yield self._logfile()
        yield _with_settings("opus.conf", [("use-vbr", "1"), ("keep-fec-enabled", "1")])
        yield _configuration("timezones.conf", element("timezones"))
        if self.writes_syslog:
            yield _with_settings("syslog.conf", [("facility", "user"), ("ident", "freeswitch"), ("loglevel", "warning")])

    def _of_the_core(self) -> Params:
        first, last = self.first_rtp_port, self.last_rtp_port
        if not 1024 <= first < last <= 65535:
            raise UnsafeTextError("The ports for voice must run from a lower to a higher one, from 1024 to 65535.")
        return [
            ("switchname", fit(self.name, _NAME, "name of the switch")),
            ("core-db-name", f"{_folder(self.folders.database)}/core.db"),
            ("loglevel", "info"),
            ("max-sessions", fit(str(self.most_sessions), _COUNT, "number of sessions")),
            ("sessions-per-second", fit(str(self.sessions_per_second), _COUNT, "number of sessions")),
            ("rtp-start-port", str(first)),
            ("rtp-end-port", str(last)),
            # A desk phone and a softphone of one extension stand side by side in the list of registrations.
            ("multiple-registrations", "true"),
        ]

    def _xml_curl(self) -> Element:
        where = element("param", name="gateway-url", value=self.portal.address_of("xml"), bindings=_SECTIONS)
        params = [
            ("gateway-credentials", self.portal.credentials),
            ("auth-scheme", "basic"),
            ("method", "POST"),
            # Without it a portal that hangs stops every call.
            ("timeout", "5"),
            *self._of_certificates(),
        ]
        binding = element("binding", where, *(param(name, value) for name, value in params), name="portal")
        return _configuration("xml_curl.conf", element("bindings", binding))

    def _of_records(self) -> Params:
        """No `queue-capacity`: queued records are lost at shutdown."""
        folder = _folder(self.folders.records)
        return [
            ("url", self.portal.address_of("cdr")),
            ("cred", self.portal.credentials),
            ("auth-scheme", "basic"),
            ("log-b-leg", "true"),
            ("prefix-a-leg", "false"),
            ("encode", "false"),
            ("encode-values", "false"),
            ("timeout", "3"),
            ("retries", "1"),
            ("delay", "1"),
            ("log-errors-to-disk", "true"),
            ("log-http-and-disk", "true" if self.logs_every_record else "false"),
            ("log-dir", folder),
            ("err-log-dir", folder),
            *self._of_certificates(),
        ]

    def _of_certificates(self) -> Params:
        if not self.portal.is_encrypted:
            return []
        authorities = self.portal.authorities
        own = [("ssl-cacert-file", fit(authorities, FOLDER_PATTERN, "file of authorities"))] if authorities else []
        return [("enable-cacert-check", "true"), ("enable-ssl-verifyhost", "true"), *own]

    def _of_the_event_socket(self) -> Params:
        access = self.event_socket
        if not access.networks:
            raise UnsafeTextError("The event socket needs a network from which the portal speaks to it.")
        return [
            ("nat-map", "false"),
            ("listen-ip", fit(access.address, ADDRESS_PATTERN, "address")),
            ("listen-port", fit(str(access.port), _PORT, "port")),
            ("password", fit(access.password, PASSWORD_PATTERN, "password of the event socket")),
            # One value: of several params each would have to let the portal in.
            ("apply-inbound-acl", ",".join(fit(network, _NETWORK, "network") for network in access.networks)),
            ("stop-on-bind-error", "true"),
        ]

    def _of_the_cache(self) -> Params:
        authorities = fit(self.portal.authorities or _AUTHORITIES, FOLDER_PATTERN, "file of authorities")
        return [
            ("enable-file-formats", "false"),
            ("location", _folder(self.folders.cache)),
            ("connect-timeout", "5"),
            ("download-timeout", "300"),
            ("ssl-cacert", authorities),
            ("ssl-verifyhost", "true"),
            ("ssl-verifypeer", "true"),
        ]

    def _logfile(self) -> Element:
        params = [
            ("logfile", f"{_folder(self.folders.log)}/freeswitch.log"),
            ("rollover", _BYTES_A_LOG),
            ("maximum-rotate", _LOGS_KEPT),
            ("uuid", "true"),
        ]
        mappings = element("mappings", element("map", name="all", value=_LOG_LEVELS))
        profile = element("profile", _settings(params), mappings, name="default")
        rotates = _settings([("rotate-on-hup", "true")])
        return _configuration("logfile.conf", rotates, element("profiles", profile))


def _closed_plans() -> Element:
    """Return plans that end every call: the switch comes to them only where the portal gave it none."""
    return element("include", *(_closed_context(name) for name in sorted(CONTEXTS | {"default", "portal"})))


def _closed_context(name: str) -> Element:
    hang_up = element("action", application="hangup", data="NORMAL_TEMPORARY_FAILURE")
    return element("context", element("extension", element("condition", hang_up), name="portal-away"), name=name)


def _root(included: Iterable[str]) -> bytes:
    """Return the file that the switch begins with. It names each file: what somebody else puts beside them is not read."""
    configuration = element("section", *(_include(path) for path in included), name="configuration")
    dialplan = element("section", _include(PLANS_FILE), name="dialplan")
    directory = element("section", name="directory")
    # As the portal answers: while it is away a phone must not have the switch call any address either.
    channels = refusal_document().find("section")
    sections = [each for each in (configuration, dialplan, directory, channels) if each is not None]
    return _printed(element("document", *sections, type="freeswitch/xml"))


def _include(path: str) -> Element:
    # Made past the gate, which lets nobody's text name the preprocessor: here it is this module that does.
    return Element("X-PRE-PROCESS", {"cmd": "include", "data": path})


def _lines(found: Element) -> bytes:
    """Return a document as a file. Raises UnsafeTextError where the preprocessor would act on any of it."""
    printed = _printed(found)
    if b"$" in printed or b"x-pre-process" in printed.lower() or b"<?" in printed:
        raise UnsafeTextError("The file holds what the preprocessor would act on.")
    return printed


def _printed(found: Element) -> bytes:
    indent(found)
    return tostring(found, encoding="unicode").encode() + b"\n"


def _content(document: Element) -> Element:
    """Return the configuration in a document that was made to be an answer."""
    found = document.find("section/configuration")
    if found is None:
        raise UnsafeTextError("The document holds no configuration.")
    return found


def _configuration(name: str, *children: Element) -> Element:
    return element("configuration", *children, name=name)


def _with_settings(name: str, params: Params) -> Element:
    return _configuration(name, _settings(params))


def _settings(params: Params) -> Element:
    return element("settings", *(param(name, value) for name, value in params))


def _folder(path: str) -> str:
    return fit(path, FOLDER_PATTERN, "folder")


def _name_of(configuration: Element) -> str:
    return configuration.get("name", "")
