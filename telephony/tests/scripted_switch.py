"""A switch that says what a test has it say, over a real loopback socket."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from uuid import UUID

from telephony.switch.commands import Command, Status
from telephony.switch.esl import EventSocket, SwitchAddress

PASSWORD = "ClueCon2"
GREETING = b"Content-Type: auth/request\n\n"
ACCEPTED = b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n"
GOODBYE = b"Content-Type: text/disconnect-notice\nContent-Length: 11\n\nDisconnect\n"
JOB = UUID("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")
LEG = UUID("11111111-2222-4333-8444-555555555551")
LONGEST_TEST = 20.0
# Short enough for a test, long enough for a machine that is busy.
SOON = 0.3
SLACK = 3.0


def frame(kind: str, body: bytes) -> bytes:
    return f"Content-Type: {kind}\nContent-Length: {len(body)}\n\n".encode() + body


def api_response(body: str) -> bytes:
    return frame("api/response", body.encode())


def command_reply(text: str) -> bytes:
    return f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode()


ANSWER = api_response("true")


def event(name: str, body: str = "") -> bytes:
    return frame("text/event-json", f'{{"Event-Name":"{name}","_body":"{body}"}}'.encode())


class Said(Command):
    """A command of any text: what the portal never says, but tests must."""

    def __init__(self, text: str) -> None:
        self.said = text

    @property
    def text(self) -> str:
        return self.said

    def _compose(self) -> str:
        return self.said


class Caller:
    """The portal, as the switch sees it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.connection.settimeout(LONGEST_TEST)
        self.received = b""
        self._unread = b""

    def send(self, data: bytes) -> None:
        # The portal may have left: then this is lost, as on any network.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.connection.sendall(data)

    def read_command(self) -> bytes:
        """Return what came up to the next blank line, b"" once the portal has closed the connection."""
        while b"\n\n" not in self._unread:
            data = self._receive()
            if not data:
                return b""
        command, blank, self._unread = self._unread.partition(b"\n\n")
        return command + blank

    def log_in(self) -> None:
        self.send(GREETING)
        assert self.read_command() == f"auth {PASSWORD}\n\n".encode()
        self.send(ACCEPTED)

    def read_to_the_end(self) -> None:
        """Listen until the portal leaves, for as long as the test likes."""
        self.connection.settimeout(None)
        while self._receive():
            pass

    def left_within(self, seconds: float) -> bool:
        """Tell whether the portal closes the connection in that time."""
        self.connection.settimeout(seconds)
        try:
            return not self._receive()
        except (TimeoutError, BlockingIOError):
            return False
        finally:
            self.connection.settimeout(LONGEST_TEST)

    def _receive(self) -> bytes:
        try:
            data = self.connection.recv(65536)
        except ConnectionResetError:
            return b""
        self.received += data
        self._unread += data
        return data


class ScriptedSwitch:
    """Listens on a port of the system's choice and plays `script` to the first caller.

    `received` is all that the caller ever sent. An error in the script is an error of the test.
    """

    def __init__(self, script: Callable[[Caller], None], *, log_in: bool = True) -> None:
        self._script = script
        self._log_in = log_in
        self._caller: Caller | None = None
        self._error: BaseException | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LONGEST_TEST)
        self.address = SwitchAddress("127.0.0.1", self._listener.getsockname()[1], PASSWORD)
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def received(self) -> bytes:
        return self._caller.received if self._caller else b""

    @property
    def commands(self) -> bytes:
        """What the caller sent after its password."""
        return self.received.removeprefix(f"auth {PASSWORD}\n\n".encode())

    def connect(self) -> EventSocket:
        return EventSocket.connect(self.address, timeout=LONGEST_TEST)

    def wait(self) -> None:
        """Wait until the script has ended, and with it the connection."""
        self._thread.join(LONGEST_TEST)
        assert not self._thread.is_alive(), "the script has not ended"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self.wait()
        self._listener.close()
        if error is None and self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            connection, _ = self._listener.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._caller = Caller(connection)
                if self._log_in:
                    self._caller.log_in()
                self._script(self._caller)
        except BaseException as error:  # noqa: BLE001 - raised again where the test sees it
            self._error = error


# -- scripts and questions ------------------------------------------------------------------------------------------------


def answering(*answers: bytes) -> Callable[[Caller], None]:
    """Answer each command in turn, then listen until the portal leaves."""

    def script(caller: Caller) -> None:
        for answer in answers:
            caller.read_command()
            caller.send(answer)
        caller.read_to_the_end()

    return script


def says(*data: bytes) -> Callable[[Caller], None]:
    """Say this unasked, then leave."""

    def script(caller: Caller) -> None:
        for piece in data:
            caller.send(piece)

    return script


def says_and_stays(data: bytes, said: threading.Event) -> Callable[[Caller], None]:
    """Say this unasked, and that it lies in the portal's socket now; then listen until the portal leaves."""

    def script(caller: Caller) -> None:
        caller.send(data)
        said.set()
        caller.read_to_the_end()

    return script


def silent(caller: Caller) -> None:
    caller.read_to_the_end()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail where the block lasts longer than its deadline and some slack, or ends well before it."""
    began = time.monotonic()
    yield
    assert seconds * 0.9 <= time.monotonic() - began < seconds + SLACK


ASK: dict[str, Callable[[EventSocket], object]] = {
    "api": lambda client: client.api(Status(), LONGEST_TEST),
    "bgapi": lambda client: client.bgapi(Status(), JOB, LONGEST_TEST),
    "subscribe": lambda client: client.subscribe(["HEARTBEAT"], LONGEST_TEST),
}
