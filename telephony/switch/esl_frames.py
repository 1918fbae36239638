"""From the bytes of the event socket to frames, and from frames to events; no socket in here.

A frame is a block of headers, a blank line, and exactly as many bytes as `Content-Length` says, none where it is missing.
Source: mod_event_socket.c and switch_event.c of FreeSWITCH 1.11.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from telephony.switch.errors import FrameError

MAX_HEADER_BYTES: Final = 64 * 1024
MAX_FRAME_BYTES: Final = 16 * 1024 * 1024

API_RESPONSE: Final = "api/response"
COMMAND_REPLY: Final = "command/reply"
AUTH_REQUEST: Final = "auth/request"
RUDE_REJECTION: Final = "text/rude-rejection"
DISCONNECT_NOTICE: Final = "text/disconnect-notice"
EVENT_JSON: Final = "text/event-json"
EVENT_PLAIN: Final = "text/event-plain"

_ALWAYS_MEASURED = frozenset({API_RESPONSE, EVENT_JSON, EVENT_PLAIN})
_LENGTH = re.compile(r"[0-9]{1,10}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Frame:
    """One thing that the switch said; names of headers in lower case."""

    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def kind(self) -> str:
        """The content type."""
        return self.headers.get("content-type", "")

    @property
    def text(self) -> str:
        """The body; bytes that are not UTF-8 are shown as U+FFFD."""
        return self.body.decode("utf-8", "replace")

    @property
    def reply_text(self) -> str:
        """What a `command/reply` says."""
        return self.headers.get("reply-text", "")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in the switch. Values may be lists in the switch's notation, `ARRAY::a|:b`."""

    name: str
    headers: Mapping[str, str] = field(repr=False)
    body: str = field(default="", repr=False)

    def get(self, header: str, default: str = "") -> str:
        """Return a header's value; names are spelt as the switch spells them."""
        return self.headers.get(header, default)


class FrameBuffer:
    """Collects bytes and cuts them into frames, wherever the network cut them."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._searched = 0  # so that headers that come byte by byte are not read again for each

    def feed(self, data: bytes) -> None:
        """Add what came from the network."""
        self._bytes += data

    def take(self) -> Frame | None:
        """Return the next frame, None while it is not whole. Raises FrameError: nothing that follows can be trusted then."""
        end = self._bytes.find(b"\n\n", self._searched, MAX_HEADER_BYTES + 2)
        if end < 0:
            self._searched = max(len(self._bytes) - 1, 0)
            if len(self._bytes) >= MAX_HEADER_BYTES + 2:
                raise FrameError("The switch sent headers without end.")
            return None
        headers = _headers(bytes(self._bytes[:end]))
        start = end + 2
        whole = start + _length(headers)
        if len(self._bytes) < whole:
            return None
        body = bytes(self._bytes[start:whole])
        del self._bytes[:whole]
        self._searched = 0
        return Frame(headers, body)


def _headers(block: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in block.decode("utf-8", "replace").split("\n"):
        name, colon, value = line.partition(":")
        if not colon:
            raise FrameError("The switch sent a header that is none.")
        name, value = name.strip().lower(), value.strip()
        if headers.setdefault(name, value) != value and name == "content-length":
            raise FrameError("The switch sent a frame of two lengths.")
    return headers


def _length(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length")
    if text is None:
        if headers.get("content-type") in _ALWAYS_MEASURED:
            raise FrameError("The switch sent a frame without its length.")
        return 0
    if not _LENGTH.fullmatch(text) or int(text) > MAX_FRAME_BYTES:
        raise FrameError("The switch sent a frame of an impossible length.")
    return int(text)


# -- events ----------------------------------------------------------------------------------------------------------------


def read_event(frame: Frame) -> Event:
    """Return the event in a frame. Raises FrameError where it is broken or nameless; the next frame may be sound."""
    headers, body = _from_json(frame) if frame.kind == EVENT_JSON else _from_plain(frame)
    name = headers.get("Event-Name", "")
    if not name:
        raise FrameError("The event has no name.")
    return Event(name, headers, body)


def _from_json(frame: Frame) -> tuple[dict[str, str], str]:
    try:
        # Numbers stay text: the switch writes none, and reading one without end takes time that grows with its square.
        fields = json.loads(frame.text, strict=False, parse_int=str, parse_float=str, parse_constant=_no_value)
    except (ValueError, RecursionError):
        raise FrameError("The event is no JSON.") from None
    if not isinstance(fields, dict):
        raise FrameError("The event is no JSON object.")
    body = _value(fields.pop("_body", ""))
    return {_storable(name): _value(value) for name, value in fields.items()}, body


def _no_value(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "ARRAY::" + "|:".join(map(_value, (item for item in value if isinstance(item, str))))
    return _storable(value) if isinstance(value, str) else ""


def _from_plain(frame: Frame) -> tuple[dict[str, str], str]:
    """Split the lines first and decode their values afterwards: a `%0A` in a caller's name makes no header."""
    block, _, rest = frame.body.partition(b"\n\n")
    headers: dict[str, str] = {}
    for line in block.rstrip(b"\n").split(b"\n"):
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        decoded = b"" if value == b"_undef_" else unquote_to_bytes(value)
        headers.setdefault(_text(name), _text(decoded))
    length = headers.get("Content-Length", "")
    body = rest[: int(length)] if _LENGTH.fullmatch(length) else b""
    return headers, _text(body)


def _text(data: bytes) -> str:
    return _storable(data.decode("utf-8", "replace"))


def _storable(text: str) -> str:
    """Drop what a database refuses: NUL, and halves of surrogate pairs."""
    return _UNSTORABLE.sub("", text)
