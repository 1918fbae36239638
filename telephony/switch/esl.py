"""Speak to the switch over its event socket: one connection, one command at a time, one deadline a command.

No library is used, because those there are decode before they split, let newlines through or wait without end. What holds here:

- Frames are read by their length, from a buffer of our own, never by time.
- After a command that was not answered in time the connection is dropped: a late answer would answer the next command.
- An error tells whether the switch can have seen the command: SwitchUnreachableError says that not a byte of it was sent,
  SwitchLostError that all or part of it may have been.
"""

import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from time import monotonic
from types import TracebackType
from typing import Final, Self, TypeVar
from uuid import UUID

from telephony.switch.commands import Command, Subscription, accepted
from telephony.switch.errors import (
    CommandRefusedError,
    FrameError,
    SwitchError,
    SwitchLostError,
    SwitchRefusedError,
    SwitchUnreachableError,
    UnsafeCommandError,
)
from telephony.switch.esl_address import SwitchAddress, parse_url
from telephony.switch.esl_frames import (
    API_RESPONSE,
    AUTH_REQUEST,
    COMMAND_REPLY,
    DISCONNECT_NOTICE,
    EVENT_JSON,
    EVENT_PLAIN,
    RUDE_REJECTION,
    Event,
    Frame,
    FrameBuffer,
    read_event,
)

__all__ = ["Event", "EventSocket", "SwitchAddress", "parse_url"]

MAX_QUEUED_BYTES: Final = 64 * 1024 * 1024
_MOST_AT_ONCE: Final = 64 * 1024
_MOST_COMMAND_BYTES: Final = 8 * 1024

_EVENT_KINDS = frozenset({EVENT_JSON, EVENT_PLAIN})
_REPLY_KINDS = frozenset({API_RESPONSE, COMMAND_REPLY, AUTH_REQUEST, RUDE_REJECTION})

T = TypeVar("T")


class _BrokenError(Exception):
    """The connection is of no more use; the text is a sentence that says why."""


class EventSocket:
    """A connection on which the switch has accepted our password. For one thread at a time.

    `skipped` counts the events that could not be read (broken JSON, NaN, no name) and frames of unknown kinds: they are left
    out, the connection goes on. Bytes that are not UTF-8 cost an event nothing but themselves.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._frames = FrameBuffer()
        self._events: deque[Frame] = deque()
        self._queued_bytes = 0
        self._closed = False
        self.skipped = 0

    @classmethod
    def connect(cls, address: SwitchAddress, timeout: float = 3.0) -> Self:
        """Return a connection that takes commands, within `timeout` seconds (looking up a host name excepted).

        Raises SwitchUnreachableError, SwitchRefusedError where the password is wrong.
        """
        deadline = monotonic() + timeout
        event_socket = cls(_open_connection(address, deadline))
        with ExitStack() as unless_it_works:
            unless_it_works.callback(event_socket.close)
            event_socket._log_in(address.password, deadline)
            unless_it_works.pop_all()
        return event_socket

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether the connection has ended, as far as has been noticed."""
        return self._closed

    def close(self) -> None:
        """End the connection; events that came before can still be read."""
        self._closed = True
        self._connection.close()

    def api(self, command: Command, timeout: float = 5.0) -> str:
        """Run a command and return what it printed. Blocks the connection, within `timeout` seconds.

        Raises CommandRefusedError, SwitchUnreachableError, SwitchLostError, UnsafeCommandError.
        """
        reply = self._ask(f"api {_line(command)}\n\n", monotonic() + timeout)
        if reply.kind != API_RESPONSE:
            raise self._refusal(reply)
        return accepted(reply.text)

    def bgapi(self, command: Command, job_uuid: UUID, timeout: float = 5.0) -> None:
        """Start a command as a job; its result is the body of the BACKGROUND_JOB event with this `Job-UUID`.

        There are such events of other jobs, also of the switch's own. A started job goes on though the connection ends.
        Raises what `api` raises.
        """
        if not isinstance(job_uuid, UUID):
            raise UnsafeCommandError("The job's uuid is no UUID.")
        reply = self._ask(f"bgapi {_line(command)}\nJob-UUID: {job_uuid}\n\n", monotonic() + timeout)
        if not _is_ok(reply) or reply.headers.get("job-uuid", str(job_uuid)) != str(job_uuid):
            raise self._refusal(reply)

    def subscribe(self, events: Iterable[str], timeout: float = 5.0) -> None:
        """Ask for events by name, as JSON; `CUSTOM` last, followed by subclasses. Raises what `api` raises."""
        reply = self._ask(f"{Subscription(tuple(events)).text}\n\n", monotonic() + timeout)
        if not _is_ok(reply):
            raise self._refusal(reply)

    def next_event(self, timeout: float) -> Event | None:
        """Return the next event, None where none comes within `timeout` seconds; 0 looks only at what is there.

        Events that came before the connection ended are returned first. Then raises SwitchLostError.
        """
        try:
            return self._wait_for(self._next_event, monotonic() + timeout)
        except _BrokenError as broken:
            self.close()
            raise SwitchLostError(str(broken)) from None

    # -- one question, one answer ------------------------------------------------------------------------------------------

    def _log_in(self, password: str, deadline: float) -> None:
        try:
            greeting = self._wait_for(self._next_reply, deadline)
        except _BrokenError as broken:
            raise SwitchUnreachableError(str(broken)) from None
        if greeting is None:
            raise SwitchUnreachableError("The switch did not greet in time.")
        if greeting.kind == RUDE_REJECTION:
            raise SwitchUnreachableError("The switch's access list does not let this machine in.")
        if greeting.kind != AUTH_REQUEST:
            raise SwitchUnreachableError("What listens there does not greet like an event socket.")
        try:
            reply = self._ask(f"auth {password}\n\n", deadline)
        except SwitchLostError as lost:
            raise SwitchUnreachableError(str(lost)) from None
        if reply.kind == COMMAND_REPLY and reply.reply_text.startswith("-ERR"):
            raise SwitchRefusedError("The switch refused the password.")
        if not _is_ok(reply):
            raise SwitchUnreachableError("What listens there does not answer like an event socket.")

    def _ask(self, question: str, deadline: float) -> Frame:
        """Send a line and return its reply.

        Whatever interrupts that ends the connection: its next reply would be the wrong one.
        """
        if self._closed:
            raise SwitchUnreachableError("The connection to the switch is closed.")
        unsent = memoryview(question.encode())
        length = len(unsent)
        reply = None
        try:
            self._catch_up(deadline)
            while unsent:
                unsent = unsent[self._send(unsent, deadline) :]
            reply = self._wait_for(self._next_reply, deadline)
            if reply is None:
                raise _BrokenError("The switch did not answer in time.")
        except _BrokenError as broken:
            error = SwitchUnreachableError if len(unsent) == length else SwitchLostError
            raise error(str(broken)) from None
        finally:
            if reply is None:
                self.close()
        return reply

    def _refusal(self, reply: Frame) -> SwitchError:
        if reply.kind == COMMAND_REPLY and reply.reply_text.startswith("-ERR"):
            return CommandRefusedError(reply.reply_text)
        self.close()
        return SwitchLostError("The switch answered something else than was asked.")

    def _catch_up(self, deadline: float) -> None:
        """Take in what came meanwhile: a connection that has ended is found out before anything is sent, not after."""
        for _ in _time_left(deadline):
            if self._next_reply() is not None:
                raise _BrokenError("The switch answered what nobody had asked.")
            if not self._receive(0.0):
                break

    # -- frames ------------------------------------------------------------------------------------------------------------

    def _next_reply(self) -> Frame | None:
        """Return the next frame that is no event, from what has been received; events before it are queued."""
        while (frame := self._next_frame()) is not None:
            if frame.kind not in _EVENT_KINDS:
                return frame
            self._events.append(frame)
            self._queued_bytes += len(frame.body)
            if self._queued_bytes > MAX_QUEUED_BYTES:
                raise _BrokenError("The switch sent more events than anybody has read.")
        return None

    def _next_event(self) -> Event | None:
        """Return the next event that can be read, from the queue and from what has been received."""
        while (frame := self._next_event_frame()) is not None:
            try:
                return read_event(frame)
            except FrameError:
                self.skipped += 1
        return None

    def _next_event_frame(self) -> Frame | None:
        if self._events:
            frame = self._events.popleft()
            self._queued_bytes -= len(frame.body)
            return frame
        received = self._next_frame()
        if received is None and self._closed:
            raise _BrokenError("The connection to the switch is closed.")
        if received is not None and received.kind not in _EVENT_KINDS:
            raise _BrokenError("The switch answered what nobody had asked.")
        return received

    def _next_frame(self) -> Frame | None:
        """Return the next event or reply; kinds that nobody asked for are passed over."""
        try:
            while (frame := self._frames.take()) is not None:
                if frame.kind == DISCONNECT_NOTICE:
                    raise _BrokenError("The switch ended the connection.")
                if frame.kind in _EVENT_KINDS or frame.kind in _REPLY_KINDS:
                    return frame
                self.skipped += 1
        except FrameError as error:
            raise _BrokenError(str(error)) from None
        return None

    # -- bytes -------------------------------------------------------------------------------------------------------------

    def _wait_for(self, take: Callable[[], T | None], deadline: float) -> T | None:
        """Return what `take` finds, as soon as enough has been received, None at the deadline."""
        time_left = _time_left(deadline)
        while (found := take()) is None:
            left = next(time_left, None)
            if left is None or not self._receive(left):
                return None
        return found

    def _receive(self, seconds: float) -> bool:
        """Take in what the switch has sent; False where nothing came in that time."""
        self._connection.settimeout(seconds)
        try:
            data = self._connection.recv(_MOST_AT_ONCE)
        except (TimeoutError, BlockingIOError):
            return False
        except OSError as error:
            raise _BrokenError(f"The connection to the switch broke: {error.strerror or error}.") from None
        if not data:
            raise _BrokenError("The switch closed the connection.")
        self._frames.feed(data)
        return True

    def _send(self, data: memoryview, deadline: float) -> int:
        left = deadline - monotonic()
        if left <= 0:
            raise _BrokenError("The switch did not take the command in time.")
        self._connection.settimeout(left)
        try:
            return self._connection.send(data)
        except (TimeoutError, BlockingIOError):
            raise _BrokenError("The switch did not take the command in time.") from None
        except OSError as error:
            raise _BrokenError(f"The connection to the switch broke: {error.strerror or error}.") from None


def _line(command: Command) -> str:
    """Return the text of a command that cannot be more than one; a last look, whatever class it is of."""
    if not isinstance(command, Command):
        raise UnsafeCommandError("Only a Command can be sent.")
    text = command.text
    if not (text and text.isascii() and text.isprintable() and len(text) <= _MOST_COMMAND_BYTES):
        raise UnsafeCommandError("The command is not one line of printable ASCII.")
    return text


def _is_ok(reply: Frame) -> bool:
    return reply.kind == COMMAND_REPLY and reply.reply_text.startswith("+OK")


def _time_left(deadline: float) -> Iterator[float]:
    """Yield the seconds left until the deadline, at least once."""
    yield max(deadline - monotonic(), 0.0)
    while (left := deadline - monotonic()) > 0:
        yield left


def _open_connection(address: SwitchAddress, deadline: float) -> socket.socket:
    """Connect to the first of the host's addresses that lets us, all within one deadline."""
    reason = "no answer in time"
    try:
        candidates = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        for (family, kind, protocol, _, place), left in zip(candidates, _time_left(deadline), strict=False):
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(left)
                connection.connect(place)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            except OSError as error:
                connection.close()
                reason = error.strerror or str(error)
            else:
                return connection
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "the host is unknown"
    raise SwitchUnreachableError(f"The switch at {address} cannot be reached: {reason}.")
