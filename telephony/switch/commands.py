"""What the portal says to the switch: each command a class, each text one line of one fixed grammar.

The switch splits a command on blanks, its variables on commas and braces, its endpoints on bars, and expands `${…}`: so a
value has the few characters of its kind and no others, and the whole line is matched again before it goes out. There is
not one quote in it.
"""

import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal
from uuid import UUID

from telephony.switch.errors import CommandRefusedError, SwitchError, UnsafeCommandError

MOST_ID: Final = 2**63 - 1
MOST_RING_SECONDS: Final = 300

# -- grammar: the kinds of values, then one line a command -----------------------------------------------------------------

_EXTENSION = r"[0-9]{2,7}"
_E164 = r"[1-9][0-9]{6,14}"
_DOMAIN = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
_GATEWAY = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_CAUSE = r"[A-Z_]{1,40}"
_VARIABLE = r"[A-Za-z0-9_]{1,64}"
_ID = r"[1-9][0-9]{0,18}"
_SECONDS = r"[1-9][0-9]{0,4}"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
_URL = rf"https?://{_HOST}(?::[1-9][0-9]{{0,4}})?/[A-Za-z0-9._~/-]{{1,1000}}"
_CODE = r"[*#][0-9]{1,3}"
_FILE = r"/(?:[A-Za-z0-9_/-]|\.(?!\.)){1,500}"
_ENDPOINT = rf"(?:user/{_EXTENSION}@{_DOMAIN}|sofia/gateway/{_GATEWAY}/{_E164})"
_EVENT_NAME = r"[A-Z][A-Z_]{2,39}"
_EVENT_SUBCLASS = r"[A-Za-z0-9_-]{1,40}::[A-Za-z0-9_-]{1,40}"

ORIGINATE_LINK: Final = re.compile(
    rf"originate \{{origination_uuid=(?P<leg>{_UUID})"
    rf",origination_caller_id_number=(?P<caller>{_E164}),origination_caller_id_name=(?P=caller)"
    rf",originate_timeout={_SECONDS},ignore_early_media=true,domain_name={_DOMAIN},call_direction=outbound"
    rf",portal_call_link=(?P<link>{_ID}),portal_role=source(?:,portal_extension_id={_ID})?(?:,portal_number_id={_ID})?"
    rf",portal_b_uuid=(?!(?P=leg)){_UUID}\}}{_ENDPOINT} link(?P=link) XML portal"
)
UUID_KILL: Final = re.compile(rf"uuid_kill {_UUID} {_CAUSE}")
UUID_EXISTS: Final = re.compile(rf"uuid_exists {_UUID}")
SHOW_CHANNELS: Final = re.compile(r"show channels as json")
SHOW_CALLS: Final = re.compile(r"show calls as json")
SHOW_REGISTRATIONS: Final = re.compile(r"show registrations as json")
GLOBAL_GETVAR: Final = re.compile(rf"global_getvar {_VARIABLE}")
STATUS: Final = re.compile(r"status")
SWITCH_NAME: Final = re.compile(r"switchname")
VERSION: Final = re.compile(r"version")
# After CUSTOM the switch takes every word for a subclass: it comes last.
SUBSCRIPTION: Final = re.compile(
    rf"event json(?= )(?: (?!CUSTOM\b){_EVENT_NAME}){{0,64}}(?: CUSTOM(?: {_EVENT_SUBCLASS}){{0,32}})?"
)


def _fit(value: Any, pattern: str, what: str) -> str:
    """Return a text that is all of its kind. The error does not quote it: it may be hostile."""
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise UnsafeCommandError(f"The {what} is not fit for a command.")
    return value


def _canonical(value: Any, what: str) -> str:
    if not isinstance(value, UUID):
        raise UnsafeCommandError(f"The {what} is no UUID.")
    return str(value)


def _whole(value: Any, most: int, what: str) -> str:
    if type(value) is not int or not 1 <= value <= most:
        raise UnsafeCommandError(f"The {what} must be a whole number from 1 to {most}.")
    return str(value)


# -- what is called --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExtensionEndpoint:
    """An extension: every phone that is registered at it."""

    number: str
    domain: str

    @property
    def dial_string(self) -> str:
        """The endpoint as the switch dials it. Raises UnsafeCommandError."""
        return f"user/{_fit(self.number, _EXTENSION, 'extension')}@{_fit(self.domain, _DOMAIN, 'domain')}"

    def __post_init__(self) -> None:
        _ = self.dial_string


@dataclass(frozen=True, slots=True)
class GatewayEndpoint:
    """An E.164 number, called through a gateway."""

    gateway: str
    number: str

    @property
    def dial_string(self) -> str:
        """The endpoint as the switch dials it. Raises UnsafeCommandError."""
        return f"sofia/gateway/{_fit(self.gateway, _GATEWAY, 'gateway')}/{_fit(self.number, _E164, 'number')}"

    def __post_init__(self) -> None:
        _ = self.dial_string


Endpoint = ExtensionEndpoint | GatewayEndpoint


def _dial_string(endpoint: Any, what: str) -> str:
    if not isinstance(endpoint, ExtensionEndpoint | GatewayEndpoint):
        raise UnsafeCommandError(f"The {what} is no endpoint.")
    return endpoint.dial_string


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseKeys:
    """The codes by which a recording is paused and goes on, and who may press them, as the leg that records sees it."""

    pause: str
    resume: str
    sides: tuple[Literal["self", "peer"], ...]

    def __post_init__(self) -> None:
        for code in (self.pause, self.resume):
            _fit(code, _CODE, "code for the recording")
        for side in self.sides:
            _fit(side, "self|peer", "side of the recording")


@dataclass(frozen=True, slots=True)
class RecordingTarget:
    """Where a call's recording is written on the switch, and the signed address to which the switch then puts it.

    `extension_ids` are those of our own parties, who may pause it; `notice`: both parties hear a tone before they talk.
    """

    # Whoever has it may put a recording there.
    url: str = field(repr=False)
    file: str
    extension_ids: tuple[int, ...] = ()
    notice: bool = False
    keys: PauseKeys | None = None

    def __post_init__(self) -> None:
        _fit(self.url, _URL, "recording's address")
        _fit(self.file, _FILE, "recording's file")
        for extension_id in self.extension_ids:
            _whole(extension_id, MOST_ID, "id of the extension")


# -- commands --------------------------------------------------------------------------------------------------------------


class _Line(ABC):
    """One line for the switch. Raises UnsafeCommandError when it is made of what does not fit."""

    grammar: ClassVar[re.Pattern[str]]

    def __post_init__(self) -> None:
        _ = self.text

    @property
    def text(self) -> str:
        """The line, without its end; always a full match of `grammar`."""
        match = self.grammar.fullmatch(self._compose())
        if match is None:
            raise UnsafeCommandError(f"{type(self).__name__} does not match its grammar.")
        return match[0]

    @abstractmethod
    def _compose(self) -> str:
        """Put the line together."""


class Command(_Line):
    """A command of the switch's API, for `EventSocket.api` and `EventSocket.bgapi`."""


@dataclass(frozen=True)
class Subscription(_Line):
    """What events a connection is sent; `CUSTOM` last, its subclasses after it."""

    grammar = SUBSCRIPTION
    events: tuple[str, ...]

    def _compose(self) -> str:
        return " ".join(("event json", *(_fit(event, rf"{_EVENT_NAME}|{_EVENT_SUBCLASS}", "event") for event in self.events)))


@dataclass(frozen=True, kw_only=True)
class OriginateLink(Command):
    """Ring `source` for `ring_seconds` at most, and once it has answered ask the portal for the link's plan. For `bgapi`.

    `destination_leg_uuid` goes with it: the plan is given to nobody who does not bring it along. The job answers +OK when
    the source has answered: what became of the destination its own events and records tell.
    """

    grammar = ORIGINATE_LINK
    link_id: int
    leg_uuid: UUID
    destination_leg_uuid: UUID
    source: Endpoint
    caller_id: str
    domain: str
    extension_id: int | None
    number_id: int | None
    ring_seconds: int = 25

    def _compose(self) -> str:
        link_id = _whole(self.link_id, MOST_ID, "id of the link")
        source = _dial_string(self.source, "source")
        variables = ",".join((*self._of_the_leg(), *self._of_the_link(link_id)))
        return f"originate {{{variables}}}{source} link{link_id} XML portal"

    def _of_the_leg(self) -> tuple[str, ...]:
        caller_id = _fit(self.caller_id, _E164, "caller id")
        return (
            f"origination_uuid={_canonical(self.leg_uuid, 'uuid of the leg')}",
            f"origination_caller_id_number={caller_id}",
            f"origination_caller_id_name={caller_id}",
            f"originate_timeout={_whole(self.ring_seconds, MOST_RING_SECONDS, 'time to ring')}",
            # Without it a carrier's announcement counts as an answer, and the destination is rung for nobody.
            "ignore_early_media=true",
            f"domain_name={_fit(self.domain, _DOMAIN, 'domain')}",
        )

    def _of_the_link(self, link_id: str) -> list[str]:
        """What the leg's record brings back also where nobody answered and no plan was asked for."""
        variables = ["call_direction=outbound", f"portal_call_link={link_id}", "portal_role=source"]
        if self.extension_id is not None:
            variables.append(f"portal_extension_id={_whole(self.extension_id, MOST_ID, 'id of the extension')}")
        if self.number_id is not None:
            variables.append(f"portal_number_id={_whole(self.number_id, MOST_ID, 'id of the number')}")
        return [*variables, f"portal_b_uuid={_canonical(self.destination_leg_uuid, 'uuid of the other leg')}"]


@dataclass(frozen=True)
class UuidKill(Command):
    """Hang up a leg with a cause."""

    grammar = UUID_KILL
    leg_uuid: UUID
    cause: str

    def _compose(self) -> str:
        return f"uuid_kill {_canonical(self.leg_uuid, 'uuid of the leg')} {_fit(self.cause, _CAUSE, 'cause')}"


@dataclass(frozen=True)
class UuidExists(Command):
    """Ask whether a leg is alive; `exists` reads the reply."""

    grammar = UUID_EXISTS
    leg_uuid: UUID

    def _compose(self) -> str:
        return f"uuid_exists {_canonical(self.leg_uuid, 'uuid of the leg')}"


@dataclass(frozen=True)
class GlobalGetvar(Command):
    """Read a global variable, such as `core_uuid`. One that is not set is refused (`-ERR no reply`)."""

    grammar = GLOBAL_GETVAR
    name: str

    def _compose(self) -> str:
        return f"global_getvar {_fit(self.name, _VARIABLE, 'name of the variable')}"


@dataclass(frozen=True)
class ShowChannels(Command):
    """List the legs that are alive; `rows` reads the reply."""

    grammar = SHOW_CHANNELS

    def _compose(self) -> str:
        return "show channels as json"


@dataclass(frozen=True)
class ShowCalls(Command):
    """List the calls that are alive, two legs a row; `rows` reads the reply."""

    grammar = SHOW_CALLS

    def _compose(self) -> str:
        return "show calls as json"


@dataclass(frozen=True)
class ShowRegistrations(Command):
    """List the phones that are registered; `rows` reads the reply. One that was thrown out stays in it until its time is up."""

    grammar = SHOW_REGISTRATIONS

    def _compose(self) -> str:
        return "show registrations as json"


@dataclass(frozen=True)
class Status(Command):
    """Ask how the switch is, in words."""

    grammar = STATUS

    def _compose(self) -> str:
        return "status"


@dataclass(frozen=True)
class SwitchName(Command):
    """Ask for the switch's name, as its events and records have it. Source: mod_commands.c; no global variable holds it."""

    grammar = SWITCH_NAME

    def _compose(self) -> str:
        return "switchname"


@dataclass(frozen=True)
class Version(Command):
    """Ask which release the switch is of."""

    grammar = VERSION

    def _compose(self) -> str:
        return "version"


# -- replies ---------------------------------------------------------------------------------------------------------------


def accepted(reply: str) -> str:
    """Return a reply, or the result of a job, that is no refusal. Raises CommandRefusedError."""
    if reply.startswith(("-ERR", "-USAGE")):
        raise CommandRefusedError(reply)
    return reply


def exists(reply: str) -> bool:
    """Read the reply to UuidExists. Raises SwitchError where it is neither true nor false."""
    answer = {"true": True, "false": False}.get(reply.strip())
    if answer is None:
        raise SwitchError("The switch answered neither true nor false.")
    return answer


def rows(reply: str) -> list[dict[str, str]]:
    """Read a list `as json`; an empty one has a `row_count` of 0 and no `rows`. Raises SwitchError where it is none."""
    try:
        table = json.loads(reply, strict=False, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise SwitchError("The switch's list is no JSON.") from None
    found = table.get("rows", [] if table.get("row_count") == "0" else None) if isinstance(table, dict) else None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise SwitchError("The switch's list has no rows.")
    return [{name: value if isinstance(value, str) else "" for name, value in row.items()} for row in found]
