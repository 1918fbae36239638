"""The frames of the event socket: headers, a blank line, and as many bytes as Content-Length says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from demo.switch.events import Event

MOST_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Frame:
    """What a client sent: the command, its headers by lower-case name, its body."""

    command: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


class FrameReader:
    """Cuts what a client sends into frames; `receive` returns some more bytes, none at the end."""

    def __init__(self, receive: Callable[[], bytes]) -> None:
        self._receive = receive
        self._buffer = b""

    def next(self) -> Frame | None:
        """Return the next frame, None at the end and where the client sends more than makes sense."""
        while b"\n\n" not in (ready := self._buffer.replace(b"\r\n", b"\n").lstrip(b"\n")):
            if len(self._buffer) > MOST_BYTES or not (more := self._receive()):
                return None
            self._buffer += more
        head, _, self._buffer = ready.partition(b"\n\n")
        command, *lines = head.decode(errors="replace").split("\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}
        length = headers.get("content-length", "0")
        body = self._body(int(length) if length.isascii() and length.isdigit() else 0)
        return None if body is None else Frame(command, headers, body.decode(errors="replace"))

    def _body(self, length: int) -> bytes | None:
        if length > MOST_BYTES:
            return None
        while len(self._buffer) < length:
            if not (more := self._receive()):
                return None
            self._buffer += more
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return body


def frame(headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Return a frame as it goes over the wire."""
    return "".join(f"{name}: {value}\n" for name, value in headers.items()).encode() + b"\n" + body


def reply(text: str) -> bytes:
    """Return the reply to a command."""
    return frame({"Content-Type": "command/reply", "Reply-Text": text})


def disconnect_notice() -> bytes:
    """Return the last word of the switch."""
    body = b"Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
    return frame({"Content-Type": "text/disconnect-notice", "Content-Length": str(len(body))}, body)


def event_frame(event: Event, form: str) -> bytes:
    """Return an event in the form that a client asked for, `json` or `plain`."""
    body = (event.as_json() if form == "json" else event.as_plain()).encode()
    return frame({"Content-Length": str(len(body)), "Content-Type": f"text/event-{form}"}, body)
