"""What the portal asks a switch to find out whether it is in order, and how the answers are read.

Each is a command of one fixed grammar, as all that is said to the switch.
Source: FreeSWITCH 1.11.1, mod_commands.c, mod_sofia.c, mod_http_cache.c, as run.
"""

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from telephony.switch.commands import Command, RecordingTarget
from telephony.switch.errors import SwitchError

_NAME: Final = r"[A-Za-z0-9_]{1,64}"
_CONTEXT: Final = r"[a-z]{1,32}"
_DOMAIN: Final = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
_USER: Final = r"[A-Za-z0-9._-]{1,64}"
_ADDRESS: Final = r"[0-9A-Fa-f.:]{2,45}"
_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_HOST: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:]{2,45}\])"
_URL: Final = rf"https?://{_HOST}(?::[1-9][0-9]{{0,4}})?/[A-Za-z0-9._~/-]{{1,1000}}(?:\?[a-z]{{1,16}}=[0-9a-f-]{{1,36}})?"
_FILE: Final = r"/(?:[A-Za-z0-9_/-]|\.(?!\.)){1,500}"
_RECORDED: Final = (
    rf"(?:,record_post_process_exec_api='bgapi:http_put {_URL} (?P<file>{_FILE})'"
    r",execute_on_answer='record_session (?P=file)')?"
)
# Nobody is called: a channel that leads nowhere hears itself a tone, and hangs up.
_NOBODY: Final = "null/doctor"
_TONE: Final = "&playback(tone_stream://%(400,0,440))"
_VERSION: Final = re.compile(r"FreeSWITCH Version (\d{1,3})\.(\d{1,3})")


@dataclass(frozen=True)
class AskTime(Command):
    """Ask for the switch's time, in whole seconds since 1970."""

    grammar = re.compile("strepoch")

    def _compose(self) -> str:
        return "strepoch"


@dataclass(frozen=True)
class AskModule(Command):
    """Ask whether a module is loaded; `exists` reads the reply."""

    grammar = re.compile(rf"module_exists {_NAME}")
    name: str

    def _compose(self) -> str:
        return f"module_exists {self.name}"


@dataclass(frozen=True)
class AskProfiles(Command):
    """Ask for the SIP profiles; `profile_states` reads the reply."""

    grammar = re.compile("sofia xmlstatus")

    def _compose(self) -> str:
        return "sofia xmlstatus"


@dataclass(frozen=True)
class AskGateways(Command):
    """Ask for the gateways; `gateway_states` reads the reply."""

    grammar = re.compile("sofia xmlstatus gateway")

    def _compose(self) -> str:
        return "sofia xmlstatus gateway"


@dataclass(frozen=True)
class AskDirectory(Command):
    """Have the switch look up a variable of a user, wherever it finds the user."""

    grammar = re.compile(rf"user_data {_USER}@{_DOMAIN} var {_NAME}")
    user: str
    domain: str
    variable: str

    def _compose(self) -> str:
        return f"user_data {self.user}@{self.domain} var {self.variable}"


@dataclass(frozen=True)
class AskConfiguration(Command):
    """Ask what a module's configuration is; `params_of` reads the reply. It may hold secrets."""

    grammar = re.compile(rf"xml_locate configuration configuration name {_NAME}\.conf")
    name: str

    def _compose(self) -> str:
        return f"xml_locate configuration configuration name {self.name}.conf"


@dataclass(frozen=True)
class AskPlans(Command):
    """Ask what the switch does in a context without being told by the portal; `located` reads the reply."""

    grammar = re.compile(rf"xml_locate dialplan context name {_CONTEXT}")
    context: str

    def _compose(self) -> str:
        return f"xml_locate dialplan context name {self.context}"


@dataclass(frozen=True)
class AskUsers(Command):
    """Ask which users of a domain the switch knows without being told by the portal; `located` reads the reply."""

    grammar = re.compile(rf"xml_locate directory domain name (?:{_DOMAIN}|{_ADDRESS})")
    domain: str

    def _compose(self) -> str:
        return f"xml_locate directory domain name {self.domain}"


@dataclass(frozen=True)
class AskList(Command):
    """Ask whether an address is let in by a list of networks; `exists` reads the reply."""

    grammar = re.compile(rf"acl {_ADDRESS} {_NAME}")
    address: str
    list_name: str

    def _compose(self) -> str:
        return f"acl {self.address} {self.list_name}"


@dataclass(frozen=True)
class Fetch(Command):
    """Have the switch fetch a file over HTTP into its cache; the reply is the file's path there."""

    grammar = re.compile(rf"http_get {_URL}")
    url: str

    def _compose(self) -> str:
        return f"http_get {self.url}"


@dataclass(frozen=True)
class CallNobody(Command):
    """Place a call of half a second to nobody, recorded where a target is given; no phone and no carrier hears of it."""

    grammar = re.compile(rf"originate \{{origination_uuid={_UUID}{_RECORDED}\}}{re.escape(_NOBODY)} {re.escape(_TONE)}")
    leg_uuid: UUID
    recording: RecordingTarget | None = None

    def _compose(self) -> str:
        recorded = ""
        if self.recording is not None:
            url, file = self.recording.url, self.recording.file
            recorded = f",record_post_process_exec_api='bgapi:http_put {url} {file}',execute_on_answer='record_session {file}'"
        return f"originate {{origination_uuid={self.leg_uuid}{recorded}}}{_NOBODY} {_TONE}"


@dataclass(frozen=True)
class CallPlan(Command):
    """Send a channel that nobody proved, and that leads nowhere, into a context: its plan is to refuse it."""

    grammar = re.compile(rf"originate \{{origination_uuid={_UUID}\}}{re.escape(_NOBODY)} 0000 XML {_CONTEXT}")
    leg_uuid: UUID
    context: str

    def _compose(self) -> str:
        return f"originate {{origination_uuid={self.leg_uuid}}}{_NOBODY} 0000 XML {self.context}"


# -- answers ---------------------------------------------------------------------------------------------------------------


def version_of(reply: str) -> tuple[int, int]:
    """Return major and minor version. Raises SwitchError."""
    found = _VERSION.search(reply)
    if found is None:
        raise SwitchError("The switch told no version of FreeSWITCH.")
    return int(found[1]), int(found[2])


def time_of(reply: str) -> int:
    """Return seconds since 1970. Raises SwitchError."""
    text = reply.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise SwitchError("The switch told no time.")
    return int(text)


def profile_states(reply: str) -> dict[str, list[str]]:
    """Return what state each profile is in at each of its ports, as `RUNNING (0)`. Raises SwitchError."""
    states: dict[str, list[str]] = {}
    for found in _read(reply).iter("profile"):
        states.setdefault(_text(found, "name"), []).append(_text(found, "state"))
    return states


@dataclass(frozen=True, slots=True)
class GatewayState:
    """`state` is NOREG, REGED or a step between; `status` is UP or DOWN, as its pings say."""

    state: str
    status: str


def gateway_states(reply: str) -> dict[str, GatewayState]:
    """Return how each gateway is. Raises SwitchError."""
    return {
        _text(found, "name"): GatewayState(_text(found, "state"), _text(found, "status"))
        for found in _read(reply).iter("gateway")
    }


def located(reply: str) -> Element | None:
    """Return what `xml_locate` found, None where nothing. Raises SwitchError."""
    return None if reply.startswith("can't find") or not reply.strip() else _read(reply)


def params_of(reply: str) -> dict[str, str]:
    """Return the params of a configuration; nothing where there is none. Raises SwitchError."""
    found = located(reply)
    return {} if found is None else {each.get("name", ""): each.get("value", "") for each in found.iter("param")}


def _read(reply: str) -> Element:
    try:
        root: Element = fromstring(reply)
    except (ParseError, DefusedXmlException, ValueError):
        raise SwitchError("The switch's answer is no XML.") from None
    return root


def _text(found: Element, tag: str) -> str:
    return (found.findtext(tag) or "").strip()
