"""What goes wrong on the event socket: deadlines, lost connections, sends that break off, commands that are none."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from telephony.switch.commands import Status, UuidExists, Version
from telephony.switch.errors import (
    SwitchLostError,
    SwitchUnreachableError,
    UnsafeCommandError,
)
from telephony.switch.esl import EventSocket
from telephony.tests.event_socket_captures import byte_by_byte
from telephony.tests.scripted_switch import (
    ANSWER,
    ASK,
    GOODBYE,
    JOB,
    LEG,
    LONGEST_TEST,
    SOON,
    Caller,
    Said,
    ScriptedSwitch,
    answering,
    api_response,
    event,
    says,
    says_and_stays,
    silent,
    within,
)

each_question = pytest.mark.parametrize("ask", ASK.values(), ids=ASK)


# -- deadlines -------------------------------------------------------------------------------------------------------------


def test_a_late_answer_never_answers_the_next_command() -> None:
    too_late = threading.Event()

    def script(caller: Caller) -> None:
        caller.read_command()
        too_late.wait(LONGEST_TEST)
        caller.send(api_response("late"))
        caller.read_to_the_end()

    with ScriptedSwitch(script) as switch, switch.connect() as client:
        with pytest.raises(SwitchLostError), within(SOON):
            client.api(Status(), timeout=SOON)
        too_late.set()
        for ask in ASK.values():
            with pytest.raises(SwitchUnreachableError):
                ask(client)
        with pytest.raises(SwitchLostError):
            client.next_event(timeout=SOON)
    assert switch.commands == b"api status\n\n"


def test_an_answer_byte_by_byte_is_waited_for_no_longer_than_asked() -> None:
    def script(caller: Caller) -> None:
        caller.read_command()
        for piece in byte_by_byte(api_response("x" * 10_000)):
            caller.send(piece)
            if caller.left_within(0.001):
                break

    with ScriptedSwitch(script) as switch, switch.connect() as client:
        with pytest.raises(SwitchLostError), within(SOON):
            client.api(Status(), timeout=SOON)
        assert client.closed


def test_events_without_end_do_not_put_off_a_deadline() -> None:
    def script(caller: Caller) -> None:
        caller.read_command()
        while not caller.left_within(0.0):
            caller.send(event("HEARTBEAT") * 50)

    with ScriptedSwitch(script) as switch, switch.connect() as client:
        with pytest.raises(SwitchLostError), within(SOON):
            client.api(Status(), timeout=SOON)
        assert client.next_event(timeout=0.0) is not None


class Flooded(socket.socket):
    """A socket in which there is always one more event."""

    def recv(self, size: int, flags: int = 0) -> bytes:
        return event("HEARTBEAT")


def test_events_without_end_before_a_command_do_not_put_off_its_deadline() -> None:
    ours, theirs = socket.socketpair()
    with theirs, EventSocket(Flooded(fileno=ours.detach())) as client:
        with pytest.raises(SwitchUnreachableError), within(SOON):
            client.api(Status(), timeout=SOON)
        client.close()
        assert theirs.recv(1000) == b""


def test_without_time_nothing_is_sent() -> None:
    with ScriptedSwitch(silent) as switch, switch.connect() as client:
        with pytest.raises(SwitchUnreachableError):
            client.api(Status(), timeout=0.0)
        assert client.closed
    assert switch.commands == b""


# -- lost connections ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("position", range(len(ANSWER)))
def test_an_answer_cut_anywhere_leaves_the_outcome_unknown(position: int) -> None:
    def script(caller: Caller) -> None:
        caller.read_command()
        caller.send(ANSWER[:position])

    with ScriptedSwitch(script) as switch, switch.connect() as client:
        with pytest.raises(SwitchLostError):
            client.api(UuidExists(LEG), timeout=LONGEST_TEST)
        assert client.closed
        with pytest.raises(SwitchUnreachableError):
            client.api(UuidExists(LEG))
    assert switch.commands == f"api uuid_exists {LEG}\n\n".encode()


@each_question
def test_a_good_bye_in_place_of_an_answer_leaves_the_outcome_unknown(ask: Callable[[EventSocket], object]) -> None:
    with ScriptedSwitch(answering(GOODBYE)) as switch, switch.connect() as client:
        with pytest.raises(SwitchLostError):
            ask(client)
        assert client.closed


@pytest.mark.parametrize(
    "answer",
    [
        b"Content-Type: api/response\n\ntrue",
        b"Content-Type: api/response\nContent-Length: -4\n\ntrue",
        b"Content-Type: api/response\nContent-Length: 99999999999\n\ntrue",
        b"Content-Type: api/response\nContent-Length: 16777217\n\ntrue",
        b"Content-Type: api/response\nContent-Length: 4\nContent-Length: 5\n\ntrue",
        b"true\n\n",
        b"\n\n",
        b"x" * 100_000,
    ],
    ids=lambda answer: repr(answer[:60]),
)
def test_a_broken_frame_ends_the_connection_at_once(answer: bytes) -> None:
    with ScriptedSwitch(answering(answer)) as switch, switch.connect() as client:
        with pytest.raises(SwitchLostError):
            client.api(Status(), timeout=LONGEST_TEST)
        assert client.closed


@each_question
@pytest.mark.parametrize("last_words", [b"", GOODBYE, event("HEARTBEAT"), GOODBYE[:20]], ids=["", "notice", "event", "half"])
def test_a_switch_that_left_before_is_sent_nothing(ask: Callable[[EventSocket], object], last_words: bytes) -> None:
    with ScriptedSwitch(says(last_words)) as switch, switch.connect() as client:
        switch.wait()
        with pytest.raises(SwitchUnreachableError):
            ask(client)
        assert client.closed
    assert switch.commands == b""


def test_a_connection_that_was_reset_before_is_sent_nothing() -> None:
    def script(caller: Caller) -> None:
        caller.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with ScriptedSwitch(script) as switch, switch.connect() as client:
        switch.wait()
        with pytest.raises(SwitchUnreachableError):
            client.api(Status())


def test_a_connection_that_is_reset_meanwhile_leaves_the_outcome_unknown() -> None:
    def script(caller: Caller) -> None:
        caller.read_command()
        caller.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with ScriptedSwitch(script) as switch, switch.connect() as client, pytest.raises(SwitchLostError):
        client.api(Status(), timeout=LONGEST_TEST)


def test_an_answer_that_nobody_asked_for_is_never_taken_for_one() -> None:
    said = threading.Event()
    with ScriptedSwitch(says_and_stays(api_response("forged"), said)) as switch, switch.connect() as client:
        assert said.wait(LONGEST_TEST)
        with pytest.raises(SwitchUnreachableError):
            client.api(Status())
        assert client.closed
    assert switch.commands == b""


# -- sending ---------------------------------------------------------------------------------------------------------------


class Reluctant(socket.socket):
    """A socket that takes `at_once` bytes a time and breaks after `most` bytes."""

    at_once = 1
    most = 10_000
    taken = 0

    def send(self, data: memoryview, flags: int = 0) -> int:  # type: ignore[override]
        if self.taken >= self.most:
            raise BrokenPipeError(32, "Broken pipe")
        count = super().send(data[: min(self.at_once, self.most - self.taken)], flags)
        self.taken += count
        return count


@contextmanager
def reluctant(most: int) -> Iterator[tuple[EventSocket, socket.socket]]:
    ours, theirs = socket.socketpair()
    connection = Reluctant(fileno=ours.detach())
    connection.most = most
    with theirs, EventSocket(connection) as client:
        theirs.settimeout(LONGEST_TEST)
        yield client, theirs


def test_a_command_is_sent_whole_however_little_goes_at_once() -> None:
    with reluctant(most=10_000) as (client, theirs):
        theirs_end = threading.Timer(SOON / 3, theirs.sendall, [ANSWER])
        theirs_end.start()
        assert client.api(UuidExists(LEG)) == "true"
        theirs_end.join()
        assert theirs.recv(1000) == f"api uuid_exists {LEG}\n\n".encode()


@pytest.mark.parametrize("most", [0, 1, 5, len("api status\n\n") - 1])
def test_a_command_that_broke_off_was_perhaps_sent_and_one_that_never_began_was_not(most: int) -> None:
    with reluctant(most) as (client, theirs):
        with pytest.raises(SwitchLostError if most else SwitchUnreachableError):
            client.api(Status())
        assert client.closed
        assert theirs.recv(1000) == b"api status\n\n"[:most]


def test_a_switch_that_takes_nothing_is_waited_for_no_longer_than_asked() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(0.0)
    with contextlib.suppress(BlockingIOError):
        while ours.send(b"x" * 65536):
            pass
    with theirs, EventSocket(ours) as client:
        with pytest.raises(SwitchUnreachableError), within(SOON):
            client.api(Status(), timeout=SOON)
        assert client.closed


class Interrupted(socket.socket):
    """A socket whose reader is interrupted once it waits."""

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self.gettimeout():
            raise KeyboardInterrupt
        return super().recv(size, flags)


def test_whoever_is_interrupted_leaves_no_connection_with_an_answer_due() -> None:
    ours, theirs = socket.socketpair()
    with theirs, EventSocket(Interrupted(fileno=ours.detach())) as client:
        with pytest.raises(KeyboardInterrupt):
            client.api(Status())
        assert client.closed
        with pytest.raises(SwitchUnreachableError):
            client.api(Version())
        assert theirs.recv(1000) == b"api status\n\n"


@pytest.mark.parametrize(
    "command",
    [
        "status",
        b"status",
        None,
        Said("status\n\napi fsctl shutdown"),
        Said("status\r"),
        Said("status\0"),
        Said("status\N{ARABIC-INDIC DIGIT FIVE}"),
        Said("status\u2028"),
        Said(""),
        Said("x" * 9000),
    ],
    ids=lambda command: repr(getattr(command, "said", command))[:20],
)
def test_what_is_no_command_or_no_line_is_never_sent(command: object) -> None:
    with ScriptedSwitch(silent) as switch, switch.connect() as client:
        with pytest.raises(UnsafeCommandError):
            client.api(command)  # type: ignore[arg-type]
        with pytest.raises(UnsafeCommandError):
            client.bgapi(command, JOB)  # type: ignore[arg-type]
        assert not client.closed
    assert switch.commands == b""


@pytest.mark.parametrize("job", ["aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", "x\n\napi status", None])
def test_a_jobs_uuid_that_is_none_is_never_sent(job: object) -> None:
    with ScriptedSwitch(silent) as switch, switch.connect() as client, pytest.raises(UnsafeCommandError):
        client.bgapi(Status(), job)  # type: ignore[arg-type]
    assert switch.commands == b""
