"""What the simulated switch asks of the portal and brings to it: directory, records, recordings."""

import io
import json
import wave
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.switch.portal import Portal, send
from demo.switch.simulator import SimulatedSwitch
from demo.tests.conversations import CAPTURES, Client, captured, eventually
from demo.tests.placed_calls import ended, is_end
from demo.tests.portal_stub import DIRECTORY, NOT_FOUND, PortalStub

Connect = Callable[..., Client]
Start = Callable[..., SimulatedSwitch]

A = "11111111-2222-4333-8444-555555555551"
TO_GATEWAY = "sofia/gateway/carrier/12403019517"
UNANSWERED = "sofia/gateway/carrier/12403010019"
PARKED = f"originate {{origination_uuid={A}}}user/1006@pbx.example.com &park()"
# As a portal writes it: blanks in quotes.
RECORDED = (
    f"originate {{origination_uuid={A},origination_caller_id_number=17036879447,origination_caller_id_name=17036879447,"
    "RECORD_STEREO=true,RECORD_BRIDGE_REQ=true,"
    "record_post_process_exec_api='%s:http_put %s/freeswitch/recordings/x.wav?sig=a=b %s',"
    "execute_on_answer='record_session /var/rec/x.wav'}user/1006@pbx.example.com &bridge(%s)"
)
EVENTS = ("CHANNEL_HANGUP_COMPLETE", "RECORD_START", "RECORD_STOP", "CHANNEL_BRIDGE")


# -- the directory ---------------------------------------------------------------------------------------------------------


def test_the_directory_is_asked_as_a_real_switch_asks(switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    head, body = (CAPTURES / "call-link-answered" / "01-directory-user_call.http").read_bytes().split(b"\n\n", 1)
    variables = (
        f"origination_uuid={A},origination_caller_id_number=17036879447,origination_caller_id_name=17036879447,"
        "originate_timeout=20,call_direction=outbound,domain_name=pbx.example.com,accountcode=1006,call_link_id=77"
    )
    connect(switch).api(f"originate {{{variables}}}user/1006@pbx.example.com &park()")
    asked = portal.requests[0]
    assert (asked.method, asked.path) == ("POST", "/freeswitch/xml")
    assert {name for name, _ in asked.headers} - {"Authorization"} == {
        line.split(":")[0] for line in head.decode().splitlines()[1:]
    }
    assert dict(asked.headers)["User-Agent"] == "freeswitch-xml/1.0"
    mine, real = asked.body.decode().split("&"), body.decode().split("&")
    assert [pair.split("=")[0] for pair in mine] == [pair.split("=")[0] for pair in real]
    same = [pair for pair in real if not pair.startswith(("Core-UUID", "Event-Date", "Event-Sequence", "Event-Calling"))]
    assert [pair for pair in mine if pair.split("=")[0] in {each.split("=")[0] for each in same}] == same


def test_what_the_directory_says_of_a_user_is_on_its_leg(switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    connect(switch).api(PARKED)
    assert ended(switch)
    variables = json.loads(portal.records[0].body)["variables"]
    assert variables["effective_caller_id_name"] == "Ext 1006"
    assert variables["user_context"] == "internal"
    assert "a1-hash" not in portal.records[0].body.decode()


@pytest.mark.parametrize(
    ("status", "answer", "cause"),
    [
        (200, NOT_FOUND, "SUBSCRIBER_ABSENT"),
        (200, DIRECTORY.replace(b"dial-string", b"other"), "MANDATORY_IE_MISSING"),
        (200, b"<document", "SUBSCRIBER_ABSENT"),
        (200, b'<!DOCTYPE x [<!ENTITY a "b">]><document>&a;</document>', "SUBSCRIBER_ABSENT"),
        (500, b"", "SUBSCRIBER_ABSENT"),
        (401, b"", "SUBSCRIBER_ABSENT"),
    ],
)
def test_a_user_who_cannot_be_called(
    switch: SimulatedSwitch, portal: PortalStub, connect: Connect, status: int, answer: bytes, cause: str
) -> None:
    portal.answers["/freeswitch/xml"] = status, answer
    client = connect(switch, "CHANNEL_CREATE", "CHANNEL_HANGUP_COMPLETE")
    assert client.api(PARKED) == f"-ERR {cause}\n"
    assert client.silent_for(0.05)
    assert portal.records == []


def test_a_portal_without_a_directory_is_no_hindrance(switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    portal.answers["/freeswitch/xml"] = 404, b""
    assert connect(switch).api(PARKED) == f"+OK {A}\n"
    assert ended(switch)
    assert "accountcode" not in json.loads(portal.records[0].body)["variables"]


def test_a_number_is_not_looked_up(switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    connect(switch).api(f"originate {TO_GATEWAY} &park()")
    assert portal.got("/freeswitch/xml") == []


def test_a_portal_that_is_away(start: Start, connect: Connect, tmp_path: Path) -> None:
    switch = start(portal=Portal("http://127.0.0.1:1"), err_log_dir=tmp_path)
    client = connect(switch)
    assert client.api(PARKED) == "-ERR SUBSCRIBER_ABSENT\n"
    client.api(f"originate {{origination_uuid={A}}}{TO_GATEWAY} &park()")
    assert ended(switch)
    assert [file.name for file in tmp_path.iterdir()] == [f"{A}.cdr.json"]


def test_an_address_that_is_none_is_no_answer() -> None:
    assert send("GET", "http://127.0.0.1:1/a b", b"", {}, 1) == (0, b"")


# -- records ---------------------------------------------------------------------------------------------------------------


def test_a_record_that_is_not_taken_is_sent_once_more_and_then_kept(
    start: Start, portal: PortalStub, connect: Connect, tmp_path: Path
) -> None:
    portal.answers["/freeswitch/cdr"] = 500, b""
    folder = tmp_path / "spool"
    switch = start(err_log_dir=folder)
    client = connect(switch, "CHANNEL_HANGUP_COMPLETE")
    client.say(f"bgapi {PARKED}")
    client.until(lambda frame: frame.name == "CHANNEL_HANGUP_COMPLETE")
    # The event comes once the record is away.
    assert [request.path for request in portal.records] == [f"/freeswitch/cdr?uuid={A}"] * 2
    assert portal.records[0].body == portal.records[1].body == (folder / f"{A}.cdr.json").read_bytes()


def test_a_record_that_is_taken_the_second_time_is_not_kept(
    start: Start, portal: PortalStub, connect: Connect, tmp_path: Path
) -> None:
    portal.answers["/freeswitch/cdr"] = 302, b""
    switch = start(err_log_dir=tmp_path, pace=0.05)
    connect(switch).api(PARKED)
    assert eventually(lambda: len(portal.records) == 1)
    portal.answers["/freeswitch/cdr"] = 202, b""
    assert ended(switch)
    assert len(portal.records) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_leg_lives_until_its_record_is_away(start: Start, portal: PortalStub, connect: Connect) -> None:
    portal.answers["/freeswitch/cdr"] = 500, b""
    switch = start(pace=0.05)
    client = connect(switch)
    client.api(PARKED)
    assert eventually(lambda: len(portal.records) == 1)
    assert client.api(f"uuid_exists {A}") == "true"
    assert ended(switch)
    assert client.api(f"uuid_exists {A}") == "false"


def test_calls_that_run_are_reported_when_the_switch_ends(start: Start, portal: PortalStub, connect: Connect) -> None:
    switch = start(talk=1000)
    client = connect(switch, "CHANNEL_BRIDGE")
    client.say(f"bgapi originate {{origination_uuid={A}}}user/1006@pbx.example.com &bridge({TO_GATEWAY})")
    client.until(lambda frame: frame.name == "CHANNEL_BRIDGE")
    assert switch.end_calls(5)
    causes = [json.loads(request.body)["variables"]["hangup_cause"] for request in portal.records]
    assert len(causes) == 2
    assert "SYSTEM_SHUTDOWN" in causes


def test_a_portal_that_does_not_answer_does_not_keep_the_switch_from_ending(start: Start, connect: Connect) -> None:
    switch = start(create_delay=5)
    connect(switch).ask(f"bgapi {PARKED}")
    assert not switch.end_calls(0.05)


# -- recordings ------------------------------------------------------------------------------------------------------------


def test_a_talk_is_recorded_and_uploaded(start: Start, portal: PortalStub, connect: Connect, tmp_path: Path) -> None:
    switch = start(recordings_dir=tmp_path)
    client = connect(switch, *EVENTS)
    client.say("bgapi " + RECORDED % ("bgapi", portal.url, "/var/rec/x.wav", TO_GATEWAY))
    frames = client.until(is_end)
    names = [frame.name for frame in frames if frame.event]
    assert names == ["RECORD_START", "CHANNEL_BRIDGE", "RECORD_STOP", "CHANNEL_HANGUP_COMPLETE", "CHANNEL_HANGUP_COMPLETE"]
    stopped = next(frame.event for frame in frames if frame.name == "RECORD_STOP")
    assert (stopped["Record-File-Path"], stopped["Record-Completion-Cause"]) == ("/var/rec/x.wav", "success-silence")
    for name in ("RECORD_START", "RECORD_STOP"):
        real = next(frame.event for frame in captured("events-json")[2].frames if frame.name == name)
        mine = next(frame.event for frame in frames if frame.name == name)
        # The captured leg was placed by a phone, so there a dialplan and a user name.
        wanted = {
            header for header in real if not header.startswith("variable_") and not header.endswith(("Dialplan", "Username"))
        }
        assert wanted <= {*mine}
    assert eventually(lambda: bool(portal.got("/freeswitch/recordings")))
    assert ended(switch)
    [upload] = portal.got("/freeswitch/recordings")
    assert (upload.method, upload.path) == ("PUT", "/freeswitch/recordings/x.wav?sig=a=b")
    headers = dict(upload.headers)
    assert headers["Content-Length"] == str(len(upload.body))
    assert "Authorization" not in headers
    variables = json.loads(portal.records[1].body)["variables"]
    assert (variables["record_ms"], variables["record_samples"]) == ("4000", "32000")
    assert variables["record_file_size"] == str(len(upload.body))
    with wave.open(io.BytesIO(upload.body)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth(), file.getnframes()) == (2, 8000, 2, 32000)
        samples = array("h", file.readframes(32000))
    assert samples[0::2] != samples[1::2]
    assert (tmp_path / "x.wav").read_bytes() == upload.body


def test_a_call_on_which_nobody_talked_leaves_no_recording(
    switch: SimulatedSwitch, portal: PortalStub, connect: Connect
) -> None:
    client = connect(switch, *EVENTS)
    client.say("bgapi " + RECORDED % ("bgapi", portal.url, "/var/rec/x.wav", UNANSWERED))
    frames = client.until(is_end)
    stopped = next(frame.event for frame in frames if frame.name == "RECORD_STOP")
    assert stopped["Record-Completion-Cause"] == "empty-file"
    assert json.loads(portal.records[1].body)["variables"]["record_ms"] == "0"
    assert client.silent_for(0.1)
    assert portal.got("/freeswitch/recordings") == []


def test_without_bgapi_the_record_waits_for_the_upload(switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    # The command of the variable is what stands before its first colon.
    command = (RECORDED % ("", portal.url, "/var/rec/x.wav", TO_GATEWAY)).replace("':http_put ", "'http_put:")
    connect(switch).api(command)
    assert ended(switch)
    order = [request.path.split("?")[0] for request in portal.requests]
    assert order.index("/freeswitch/recordings/x.wav") < order.index("/freeswitch/cdr")


def test_an_upload_that_is_refused_leaves_the_file(
    start: Start, portal: PortalStub, connect: Connect, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    portal.answers["/freeswitch/recordings"] = 403, b""
    switch = start(recordings_dir=tmp_path)
    connect(switch).api(RECORDED % ("bgapi", portal.url, "/var/rec/x.wav", TO_GATEWAY))
    assert ended(switch)
    assert eventually(lambda: f"The recording of {A} was not taken." in caplog.text)
    assert len(portal.got("/freeswitch/recordings")) == 1
    assert (tmp_path / "x.wav").exists()
    # Neither passwords nor signatures get into the log.
    assert "sig=" not in caplog.text
    assert "ClueCon" not in caplog.text


def test_a_recording_that_a_plan_starts_is_of_the_leg_from_then_on(
    switch: SimulatedSwitch, portal: PortalStub, connect: Connect
) -> None:
    plan = """<document><section name="dialplan"><context name="c"><extension name="x"><condition>
    <action application="export" data="record_post_process_exec_api=bgapi:http_put %s/freeswitch/recordings/${uuid} /var/${uuid}.wav"/>
    <action application="record_session" data="/var/${uuid}.wav"/><action application="echo"/>
    </condition></extension></context></section></document>"""
    portal.answers["/freeswitch/xml"] = 200, (plan % portal.url).encode()
    connect(switch).api(f"originate {{origination_uuid={A}}}{TO_GATEWAY} 77 XML c")
    assert ended(switch)
    assert eventually(lambda: bool(portal.got("/freeswitch/recordings")))
    [upload] = portal.got("/freeswitch/recordings")
    assert upload.path == f"/freeswitch/recordings/{A}"
    assert json.loads(portal.records[0].body)["variables"]["record_ms"] == "4000"
