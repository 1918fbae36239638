"""Connecting to the event socket, and commands and their answers, over real loopback sockets."""

import socket
import threading
from collections.abc import Callable

import pytest

from telephony.switch.commands import Status, UuidExists, Version
from telephony.switch.errors import (
    CommandRefusedError,
    SwitchLostError,
    SwitchRefusedError,
    SwitchUnreachableError,
)
from telephony.switch.esl import EventSocket, SwitchAddress
from telephony.tests.event_socket_captures import byte_by_byte
from telephony.tests.scripted_switch import (
    ACCEPTED,
    ASK,
    GOODBYE,
    GREETING,
    JOB,
    LEG,
    LONGEST_TEST,
    PASSWORD,
    SOON,
    Caller,
    Said,
    ScriptedSwitch,
    answering,
    api_response,
    command_reply,
    frame,
    says,
    says_and_stays,
    silent,
    within,
)

each_question = pytest.mark.parametrize("ask", ASK.values(), ids=ASK)


# -- connecting ------------------------------------------------------------------------------------------------------------


def test_connects_and_sends_nothing_but_the_password() -> None:
    with ScriptedSwitch(silent) as switch, switch.connect() as client:
        assert not client.closed
    assert client.closed
    assert switch.received == f"auth {PASSWORD}\n\n".encode()


def test_a_password_may_have_any_printable_character() -> None:
    def script(caller: Caller) -> None:
        caller.send(GREETING)
        caller.read_command()
        caller.send(ACCEPTED)

    with ScriptedSwitch(script, log_in=False) as switch:
        EventSocket.connect(SwitchAddress("127.0.0.1", switch.address.port, "p ä%:@/'\""), LONGEST_TEST).close()
    assert switch.received == "auth p ä%:@/'\"\n\n".encode()


def test_a_wrong_password_is_told_from_everything_else() -> None:
    def script(caller: Caller) -> None:
        caller.send(GREETING)
        caller.read_command()
        caller.send(command_reply("-ERR invalid") + GOODBYE)

    with ScriptedSwitch(script, log_in=False) as switch, pytest.raises(SwitchRefusedError) as refused:
        switch.connect()
    assert PASSWORD not in str(refused.value)


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(SwitchUnreachableError, match=f"127.0.0.1:{port} cannot be reached: Connection refused") as error:
        EventSocket.connect(SwitchAddress("127.0.0.1", port, PASSWORD), SOON)
    assert not isinstance(error.value, SwitchRefusedError)
    assert PASSWORD not in str(error.value)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 64])
def test_an_unknown_host(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str, *args: object, **kwargs: object) -> None:
        name.encode("idna")
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(SwitchUnreachableError):
        EventSocket.connect(SwitchAddress(host, 8021, PASSWORD), SOON)


def test_the_next_of_a_hosts_addresses_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = free.getsockname()
    with ScriptedSwitch(silent) as switch:
        places = [nobody, ("127.0.0.1", switch.address.port)]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", place) for place in places]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
        EventSocket.connect(SwitchAddress("switch", 8021, PASSWORD), LONGEST_TEST).close()


def test_a_switch_that_does_not_greet_is_waited_for_no_longer_than_asked() -> None:
    with ScriptedSwitch(silent, log_in=False) as switch, pytest.raises(SwitchUnreachableError), within(SOON):
        EventSocket.connect(switch.address, SOON)
    assert switch.received == b""


def test_a_greeting_byte_by_byte_is_waited_for_no_longer_than_asked() -> None:
    def script(caller: Caller) -> None:
        for piece in byte_by_byte(b"X: " + b"x" * 10_000 + b"\n" + GREETING):
            caller.send(piece)
            if caller.left_within(0.001):
                break

    with ScriptedSwitch(script, log_in=False) as switch, pytest.raises(SwitchUnreachableError), within(SOON):
        EventSocket.connect(switch.address, SOON)
    assert switch.received == b""


GREETINGS = {
    "closes": b"",
    "half a greeting": GREETING[:-1],
    "an answer": ACCEPTED,
    "another protocol": b"HTTP/1.1 400 Bad Request\nContent-Type: text/html\n\n",
    "a banner": b"SSH-2.0-OpenSSH_9.2\r\n\n\n",
    "a rude rejection": frame("text/rude-rejection", b"Access Denied, go away.\n"),
    "a good-bye": GOODBYE,
    "an unknown kind": frame("text/hello", b"auth/request"),
    "a greeting of impossible length": b"Content-Type: auth/request\nContent-Length: -1\n\n",
    "headers without end": b"x" * 200_000,
}


@pytest.mark.parametrize("greeting", GREETINGS.values(), ids=GREETINGS)
def test_an_odd_greeting_is_never_told_the_password(greeting: bytes) -> None:
    stays = greeting.endswith(b"\n\n") or b"Content-Length" in greeting
    with ScriptedSwitch(says_and_stays(greeting, threading.Event()) if stays else says(greeting), log_in=False) as switch:
        with pytest.raises(SwitchUnreachableError) as error:
            EventSocket.connect(switch.address, SOON)
        assert not isinstance(error.value, SwitchRefusedError)
    assert switch.received == b""


ODD_LOGINS = {
    "closes": b"",
    "half an answer": ACCEPTED[:-1],
    "an answer of the API": api_response("+OK accepted"),
    "neither yes nor no": command_reply("maybe"),
    "greets again": GREETING,
    "good-bye": GOODBYE,
    "no frame": b"\n\n",
}


@pytest.mark.parametrize("answer", ODD_LOGINS.values(), ids=ODD_LOGINS)
def test_an_odd_answer_to_the_password_is_no_refusal_of_it(answer: bytes) -> None:
    def script(caller: Caller) -> None:
        caller.send(GREETING)
        caller.read_command()
        caller.send(answer)

    with ScriptedSwitch(script, log_in=False) as switch:
        with pytest.raises(SwitchUnreachableError) as error:
            switch.connect()
        assert not isinstance(error.value, SwitchRefusedError)
        assert PASSWORD not in str(error.value)


def test_a_password_that_is_not_answered_is_waited_for_no_longer_than_asked() -> None:
    script = says_and_stays(GREETING, threading.Event())
    with ScriptedSwitch(script, log_in=False) as switch, pytest.raises(SwitchUnreachableError), within(SOON):
        EventSocket.connect(switch.address, SOON)
    assert switch.received == f"auth {PASSWORD}\n\n".encode()


# -- commands --------------------------------------------------------------------------------------------------------------


def test_an_api_command() -> None:
    with ScriptedSwitch(answering(api_response("true"), api_response("Zo\u00eb\n"))) as switch, switch.connect() as client:
        assert client.api(UuidExists(LEG)) == "true"
        assert client.api(Status()) == "Zo\u00eb\n"
    assert switch.commands == f"api uuid_exists {LEG}\n\napi status\n\n".encode()


def test_an_answer_that_is_not_utf8_is_read() -> None:
    with ScriptedSwitch(answering(frame("api/response", b"Zo\xeb"))) as switch, switch.connect() as client:
        assert client.api(Status()) == "Zo\ufffd"


def test_a_job_has_the_uuid_that_it_was_given() -> None:
    answer = f"Content-Type: command/reply\nReply-Text: +OK Job-UUID: {JOB}\nJob-UUID: {JOB}\n\n".encode()
    with ScriptedSwitch(answering(answer)) as switch, switch.connect() as client:
        client.bgapi(Said("originate x"), JOB)
    assert switch.commands == f"bgapi originate x\nJob-UUID: {JOB}\n\n".encode()


def test_a_subscription() -> None:
    with ScriptedSwitch(answering(command_reply("+OK event listener enabled json"))) as switch, switch.connect() as client:
        client.subscribe(["BACKGROUND_JOB", "HEARTBEAT", "CUSTOM", "sofia::register"])
    assert switch.commands == b"event json BACKGROUND_JOB HEARTBEAT CUSTOM sofia::register\n\n"


@each_question
def test_a_refusal_is_told_and_the_connection_goes_on(ask: Callable[[EventSocket], object]) -> None:
    refusal = command_reply("-ERR permission denied")
    with ScriptedSwitch(answering(refusal, api_response("fine"))) as switch, switch.connect() as client:
        with pytest.raises(CommandRefusedError) as refused:
            ask(client)
        assert (refused.value.reply, refused.value.cause) == ("-ERR permission denied", "")
        assert client.api(Version()) == "fine"


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        ("-ERR USER_NOT_REGISTERED\n", "USER_NOT_REGISTERED"),
        ("-ERR NO_ANSWER", "NO_ANSWER"),
        ("-ERR No such channel!\n", ""),
        ("-ERR nosuchcommand Command not found!\n", ""),
        ("-ERR\n", ""),
        ("-ERR USER_BUSY\nand more\n", ""),
        ("-ERR USER_BUSY, and more\n", ""),
        ("-USAGE: <uuid> [cause]\n", ""),
    ],
)
def test_a_refusal_names_its_cause(reply: str, cause: str) -> None:
    with ScriptedSwitch(answering(api_response(reply))) as switch, switch.connect() as client:
        with pytest.raises(CommandRefusedError) as refused:
            client.api(Status())
        assert (refused.value.reply, refused.value.cause) == (reply, cause)
        assert not client.closed


@pytest.mark.parametrize("reply", ["+OK\n", "ERR\n", " -ERR\n", "x\n-ERR NO_ANSWER\n", ""])
def test_what_does_not_begin_with_a_refusal_is_none(reply: str) -> None:
    with ScriptedSwitch(answering(api_response(reply))) as switch, switch.connect() as client:
        assert client.api(Status()) == reply


ANOTHER_ANSWER = {
    "api": [command_reply("+OK"), ACCEPTED, GREETING, frame("text/rude-rejection", b"no")],
    "bgapi": [
        api_response("+OK"),
        command_reply("maybe"),
        GREETING,
        f"Content-Type: command/reply\nReply-Text: +OK Job-UUID: {LEG}\nJob-UUID: {LEG}\n\n".encode(),
    ],
    "subscribe": [api_response("+OK"), command_reply("maybe"), GREETING],
}


@pytest.mark.parametrize(("question", "answer"), [(name, answer) for name in ASK for answer in ANOTHER_ANSWER[name]])
def test_another_commands_answer_ends_the_connection(question: str, answer: bytes) -> None:
    with ScriptedSwitch(answering(answer)) as switch, switch.connect() as client:
        with pytest.raises(SwitchLostError):
            ASK[question](client)
        assert client.closed
