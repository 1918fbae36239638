"""Conversations over the event socket: those that a real switch had, and our own with the simulated one."""

import json
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CAPTURES = Path(__file__).parents[2] / "telephony" / "tests" / "data" / "freeswitch"
SECONDS = 5


@dataclass(frozen=True)
class Frame:
    """What the switch sent at once: headers and body, as bytes and as read."""

    head: bytes
    body: bytes = b""

    @property
    def headers(self) -> dict[str, str]:
        return dict(line.split(": ", 1) for line in self.head.decode().splitlines())

    @property
    def event(self) -> dict[str, Any]:
        """The event of the frame, {} where it carries none."""
        return json.loads(self.body) if self.headers["Content-Type"] == "text/event-json" else {}

    @property
    def name(self) -> str:
        """The event's name, else the kind of the frame."""
        return self.event.get("Event-Name") or self.headers["Content-Type"]


@dataclass
class Turn:
    """What a client said, and every frame that came before it spoke again."""

    said: str
    frames: list[Frame] = field(default_factory=list)


def captured(name: str) -> list[Turn]:
    """Read a conversation with a real switch; the first turn is the greeting, to which nothing was said."""
    rest = (CAPTURES / "event-socket" / f"{name}.txt").read_bytes()
    turns = [Turn("")]
    while rest := rest.lstrip(b"\n"):
        if rest.startswith(b">>> "):
            said, rest = rest[4:].split(b"\n\n", 1)
            turns.append(Turn(said.decode()))
        elif rest.startswith(b"<<"):
            break
        else:
            head, rest = rest.split(b"\n\n", 1)
            length = int(Frame(head).headers.get("Content-Length", 0))
            turns[-1].frames.append(Frame(head, rest[:length]))
            rest = rest[length:]
    return turns


class Client:
    """A client of the simulated switch; it keeps what it has read, so that nothing is lost between the frames."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._buffer = b""
        self.is_closed = False

    def close(self) -> None:
        self._socket.close()

    def say(self, text: str) -> None:
        self._socket.sendall(f"{text}\n\n".encode())

    def frame(self) -> Frame:
        """Read the next frame. Raises EOFError when the switch has closed, TimeoutError when it says nothing."""
        while b"\n\n" not in self._buffer:
            self._read_some()
        head, rest = self._buffer.split(b"\n\n", 1)
        length = int(Frame(head).headers.get("Content-Length", 0))
        while len(rest) < length:
            self._read_some()
            rest = self._buffer.split(b"\n\n", 1)[1]
        self._buffer = rest[length:]
        return Frame(head, rest[:length])

    def _read_some(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            self.is_closed = True
            raise EOFError(self._buffer)
        self._buffer += data

    def ask(self, text: str) -> Frame:
        """Say something and read what comes next."""
        self.say(text)
        return self.frame()

    def api(self, command: str) -> str:
        """Have a command executed; events that come meanwhile are dropped."""
        self.say(f"api {command}")
        while (found := self.frame()).name != "api/response":
            pass
        return found.body.decode()

    def until(self, wanted: Callable[[Frame], bool]) -> list[Frame]:
        """Read frames up to the one that is wanted, with it."""
        frames = [self.frame()]
        while not wanted(frames[-1]):
            frames.append(self.frame())
        return frames

    def silent_for(self, seconds: float) -> bool:
        """Tell whether nothing comes for a while."""
        self._socket.settimeout(seconds)
        try:
            self._read_some()
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(SECONDS)
        return False

    def rest(self) -> bytes:
        """Read until the switch closes; return all of it."""
        try:
            while True:
                self._read_some()
        except EOFError:
            return self._buffer


def sign_in(client: Client, *events: str) -> None:
    """Give the password, and listen to these events."""
    client.frame()
    assert client.ask("auth ClueCon").headers["Reply-Text"] == "+OK accepted"
    if events:
        assert client.ask(f"event json {' '.join(events)}").headers["Reply-Text"] == "+OK event listener enabled json"


def eventually(condition: Callable[[], bool]) -> bool:
    """Wait for something that happens in another thread; tell whether it did in time."""
    deadline = time.monotonic() + SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def events_of(frames: list[Frame]) -> list[dict[str, Any]]:
    return [frame.event for frame in frames if frame.event]


def shape(name: str) -> re.Pattern[str]:
    """Return the pattern of a text in which numbers do not count, nor whether a unit is one or many."""
    pattern = re.sub(r"\d+(?:\\\.\d+)?", r"\\d+(?:\\.\\d+)?", re.escape(name))
    return re.compile(re.sub(r"(year|day|hour|minute|second)s", r"\1s?", pattern))
