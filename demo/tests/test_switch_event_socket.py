"""The event socket of the simulated switch says what a real one said."""

import json
from collections.abc import Callable

import pytest

from demo.switch.simulator import SimulatedSwitch
from demo.tests.conversations import CAPTURES, SECONDS, Client, captured, eventually, shape

Connect = Callable[..., Client]
Visit = Callable[[SimulatedSwitch], Client]
Start = Callable[..., SimulatedSwitch]
ORIGINATE = "originate {origination_uuid=11111111-2222-4333-8444-555555555551}user/1006@pbx.example.com &bridge(user/1005@pbx.example.com)"


def test_the_answers_are_those_of_a_real_switch(switch: SimulatedSwitch, visit: Visit) -> None:
    client = visit(switch)
    greeting, sign_in, *turns = captured("api-basics")
    assert client.frame() == greeting.frames[0]
    assert client.ask("auth ClueCon") == sign_in.frames[0]
    for turn in turns:
        answer = client.ask(turn.said)
        if turn.said == "api sofia status gateway carrier":
            # Names and times are another's, what stands where is not.
            assert [line.split("\t")[0] for line in answer.body.decode().splitlines()] == [
                line.split("\t")[0] for line in turn.frames[0].body.decode().splitlines()
            ]
        else:
            assert answer == turn.frames[0], turn.said
    assert client.frame().name == "text/disconnect-notice"
    assert client.rest() == b""
    assert len(turns) == 7
    assert switch.commands[:2] == ["auth ClueCon", "api version"]
    assert switch.bytes_received == sum(len(command) + 2 for command in switch.commands)
    assert switch.originates == 0


def test_a_wrong_password_is_answered_byte_by_byte_as_by_a_real_switch(switch: SimulatedSwitch, visit: Visit) -> None:
    client = visit(switch)
    greeting, rejection = captured("auth-rejected")
    assert client.frame() == greeting.frames[0]
    client.say(rejection.said)
    assert client.rest() == b"".join(frame.head + b"\n\n" + frame.body for frame in rejection.frames)


def test_nothing_is_done_for_who_has_not_signed_in(switch: SimulatedSwitch, visit: Visit) -> None:
    client = visit(switch)
    client.frame()
    for command in ("api version", "event json ALL", f"bgapi {ORIGINATE}"):
        assert client.ask(command).headers["Reply-Text"] == "-ERR command not found"
    assert switch.originates == 0


def test_who_does_not_sign_in_in_time_is_sent_away(start: Start, visit: Visit) -> None:
    client = visit(start(auth_seconds=0.05))
    client.frame()
    assert client.frame().name == "text/disconnect-notice"
    assert client.rest() == b""


def test_who_has_signed_in_may_be_silent(start: Start, connect: Connect) -> None:
    client = connect(start(auth_seconds=0.05))
    assert client.silent_for(0.15)
    assert client.api("uuid_exists x") == "false"


def test_commands_that_come_at_once_or_in_pieces_are_answered_in_order(switch: SimulatedSwitch, connect: Connect) -> None:
    client = connect(switch)
    client._socket.sendall(b"\n\napi uuid_exists a\n\napi global_getvar core_uuid\r\n\r\nnoev")
    assert client.frame().body == b"false"
    assert client.frame().body.decode() == switch.core_uuid
    client._socket.sendall(b"ents\nContent-Length: 3\n\nabcapi global_getvar nothing\n\n")
    assert client.frame().headers["Reply-Text"] == "-ERR not listening for events"
    assert client.frame().body == b"-ERR no reply\n"


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("event json", "-ERR no keywords supplied"),
        ("event json NO_SUCH_EVENT", "-ERR no keywords supplied"),
        ("event plain HEARTBEAT", "+OK event listener enabled plain"),
        ("event json HEARTBEAT CUSTOM sofia::register", "+OK event listener enabled json"),
        ("nixevent HEARTBEAT", "+OK events nixed"),
        ("nixevent", "-ERR no keywords supplied"),
        ("filter Unique-ID abc", "+OK filter added. [Unique-ID]=[abc]"),
        ("filter add Unique-ID abc", "+OK filter added. [Unique-ID]=[abc]"),
        ("filter delete Unique-ID abc", "+OK filter deleted. [Unique-ID][abc]"),
        ("filter delete all", "+OK filter deleted. [all][]"),
        ("filter Unique-ID", "-ERR invalid syntax"),
        ("linger", "-ERR not controlling a session"),
        ("nolinger", "-ERR not controlling a session"),
        ("sendevent NOTIFY", "-ERR command not found"),
    ],
)
def test_replies(switch: SimulatedSwitch, connect: Connect, command: str, reply: str) -> None:
    assert connect(switch).ask(command).headers == {"Content-Type": "command/reply", "Reply-Text": reply}


def test_events_go_to_those_who_want_them(start: Start, connect: Connect, visit: Visit) -> None:
    switch = start(heartbeat=0.03)
    listener, bystander, stranger = connect(switch, "HEARTBEAT"), connect(switch), visit(switch)
    stranger.frame()
    beats = [listener.frame().event for _ in range(2)]
    assert [beat["Event-Name"] for beat in beats] == ["HEARTBEAT"] * 2
    assert int(beats[1]["Event-Sequence"]) > int(beats[0]["Event-Sequence"])
    real = next(frame.event for frame in captured("events-json")[2].frames if frame.name == "HEARTBEAT")
    assert list(beats[0]) == list(real)
    assert beats[0]["Core-UUID"] == switch.core_uuid
    assert bystander.silent_for(0.05)
    assert stranger.silent_for(0.05)


def test_who_has_had_enough_gets_no_more(start: Start, connect: Connect) -> None:
    client = connect(start(heartbeat=0.03), "ALL")
    assert client.until(lambda frame: frame.name == "HEARTBEAT")
    client.say("noevents")
    client.until(lambda frame: frame.headers.get("Reply-Text") == "+OK no longer listening for events")
    assert client.silent_for(0.1)
    client.say("event json ALL")
    client.until(lambda frame: frame.name == "HEARTBEAT")
    client.say("nixevent HEARTBEAT")
    client.until(lambda frame: frame.headers.get("Reply-Text") == "+OK events nixed")
    assert client.silent_for(0.1)
    assert connect(start(heartbeat=0.03)).ask("nixevent ALL").headers["Reply-Text"] == "+OK events nixed"


def test_a_filter_drops_what_lacks_its_header(start: Start, connect: Connect) -> None:
    switch = start(heartbeat=0.01)
    client = connect(switch)
    client.ask("filter Unique-ID 11111111-2222-4333-8444-555555555551")
    client.ask("event json CHANNEL_CREATE HEARTBEAT BACKGROUND_JOB")
    client.say(f"bgapi {ORIGINATE}")
    frames = [client.frame(), client.frame()]
    assert [frame.name for frame in frames] == ["command/reply", "CHANNEL_CREATE"]
    assert frames[1].event["Unique-ID"] == "11111111-2222-4333-8444-555555555551"
    assert eventually(lambda: not switch.exchange.legs())
    # Neither the heartbeats nor the job nor the other leg.
    assert client.silent_for(0.05)


def test_filters_that_exclude_or_match_a_pattern(start: Start, connect: Connect) -> None:
    client = connect(start(heartbeat=0.02))
    client.ask("filter Event-Name /^HEART/")
    client.ask("event json ALL")
    assert client.frame().name == "HEARTBEAT"
    client.say("filter Event-Info -System Ready")
    client.until(lambda frame: "Reply-Text" in frame.headers)
    assert client.silent_for(0.1)


def test_plain_events_are_percent_encoded_lines(start: Start, connect: Connect) -> None:
    client = connect(start(heartbeat=10))
    client.ask("event plain BACKGROUND_JOB")
    client.say("bgapi status\nJob-UUID: j-1")
    assert client.frame().headers["Reply-Text"] == "+OK Job-UUID: j-1"
    frame = client.frame()
    assert frame.name == "text/event-plain"
    head, body = frame.body.decode().split("\n\n", 1)
    headers = dict(line.split(": ", 1) for line in head.splitlines())
    assert headers["Job-UUID"] == "j-1"
    assert headers["Event-Date-GMT"].count("%20") == 5
    assert int(headers["Content-Length"]) == len(body)
    assert body.startswith("UP 0 years")


def test_a_job_without_a_number_gets_one(switch: SimulatedSwitch, connect: Connect) -> None:
    client = connect(switch, "BACKGROUND_JOB")
    reply = client.ask("bgapi uuid_exists x").headers
    assert len(reply["Job-UUID"]) == 36
    assert reply["Reply-Text"] == f"+OK Job-UUID: {reply['Job-UUID']}"
    job = client.frame().event
    assert (job["Job-UUID"], job["_body"], job["Content-Length"]) == (reply["Job-UUID"], "false", "5")


def test_an_api_originate_keeps_its_own_client_waiting_but_no_other(start: Start, connect: Connect) -> None:
    switch = start(pace=0.05)
    caller, other = connect(switch), connect(switch)
    caller.say(f"api {ORIGINATE}")
    caller.say("api uuid_exists x")
    assert eventually(lambda: other.api("uuid_exists 11111111-2222-4333-8444-555555555551") == "true")
    assert caller.frame().body == b"+OK 11111111-2222-4333-8444-555555555551\n"
    assert caller.frame().body == b"false"


def test_what_the_switch_shows_of_itself_has_a_real_ones_form(start: Start, connect: Connect) -> None:
    switch = start(talk=1000)
    client = connect(switch, "CHANNEL_BRIDGE")
    real = CAPTURES / "event-socket"
    assert shape((real / "status.txt").read_text()).fullmatch(client.api("status") + "\n")
    client.say(f"bgapi {ORIGINATE}")
    client.until(lambda frame: frame.name == "CHANNEL_BRIDGE")
    for command, file in (
        ("show channels as json", "show-channels.json"),
        ("show calls as json", "show-calls-call-link.json"),
        ("show registrations as json", "show-registrations.json"),
    ):
        shown, captured_list = json.loads(client.api(command)), json.loads((real / file).read_text())
        assert shown["row_count"] == captured_list["row_count"], command
        assert {*shown["rows"][0]} == {*captured_list["rows"][0]}, command
    calls = json.loads(client.api("show calls as json"))["rows"]
    assert calls[0]["callstate"] == calls[0]["b_callstate"] == "ACTIVE"
    dumped = json.loads(client.api("uuid_dump 11111111-2222-4333-8444-555555555551 json"))
    assert {"Channel-Call-State", "variable_current_application", "Caller-Channel-Bridged-Time"} <= {*dumped}
    assert dumped["Channel-State"] == "CS_EXECUTE"
    assert client.api("uuid_dump 11111111-2222-4333-8444-555555555551").startswith("Event-Name: CHANNEL_DATA\n")
    assert client.api("show channels count") == "\n2 total.\n"
    registered = client.api("sofia xmlstatus profile internal reg")
    captured_xml = (real / "sofia-xmlstatus-reg.xml").read_text()
    assert [line.split(">")[0] for line in registered.splitlines()] == [
        line.split(">")[0] for line in captured_xml.splitlines() if line
    ]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("uuid_kill", "-USAGE: <uuid> [cause]\n"),
        ("uuid_kill 11111111-2222-4333-8444-555555555551", "-ERR No such channel!\n"),
        ("uuid_dump", "-USAGE: <uuid> [format]\n"),
        ("uuid_dump x json", "-ERR No such channel!\n"),
        ("sofia status gateway nosuch", "Invalid Gateway!\n"),
        ("sofia profile external rescan", "+OK scan complete\n"),
        ("sofia profile external", "-ERR Unknown command!\n"),
        ("sofia nonsense", "-ERR Unknown command!\n"),
        ("reloadxml", "+OK [Success]\n"),
        ("xml_flush_cache id 1006 pbx.example.com", "+OK cleared 0 entries\n"),
        ("hupall", "+OK hangup all channels with cause MANAGER_REQUEST\n"),
        ("show nonsense", "-USAGE: show channels|calls|registrations [as json]\n"),
        (
            "simulator",
            "-USAGE: simulator fault [NAME [TIMES]] | call FROM TO | gateway NAME up|down | register USER PASSWORD [ADDRESS]\n",
        ),
        ("simulator fault nonsense", "-ERR No fault is called 'nonsense'. There are: "),
        ("simulator fault refuse-auth 1", "+OK\n"),
        ("simulator fault", "+OK\n"),
        ("originate user/1006@pbx.example.com", "-USAGE: <call url> <exten>"),
        ("originate nonsense/1 &park()", "-ERR CHAN_NOT_IMPLEMENTED\n"),
        ("originate {a=b &park()", "-ERR DESTINATION_OUT_OF_ORDER\n"),
    ],
)
def test_answers(switch: SimulatedSwitch, connect: Connect, command: str, answer: str) -> None:
    assert connect(switch).api(command).startswith(answer)
    assert switch.originates == 0


def test_endless_commands_and_bodies_end_the_connection(switch: SimulatedSwitch, connect: Connect) -> None:
    client = connect(switch)
    client._socket.sendall(b"api version\nContent-Length: 999999999\n\n")
    assert client.rest() == b""
    late = connect(switch)
    late._socket.sendall(b"api version\nContent-Length: 10\n\nabc")
    late._socket.shutdown(1)
    assert late.rest() == b""
    assert SECONDS
    assert len(switch.commands) == 2


def test_a_port_that_is_taken_is_told(switch: SimulatedSwitch, start: Start) -> None:
    with pytest.raises(OSError, match="in use"):
        start(port=switch.port)
