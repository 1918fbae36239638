"""Frames and events from bytes, wherever the network cut them; no socket."""

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telephony.switch.errors import FrameError
from telephony.switch.esl_frames import MAX_FRAME_BYTES, MAX_HEADER_BYTES, Event, Frame, FrameBuffer, read_event
from telephony.tests.event_socket_captures import CONVERSATIONS, Cut, at_random, byte_by_byte, said_by_the_switch, whole
from telephony.tests.scripted_switch import frame


def frames_of(data: bytes, cut: Cut = whole) -> list[Frame]:
    buffer = FrameBuffer()
    frames = []
    for piece in cut(data):
        buffer.feed(piece)
        while (found := buffer.take()) is not None:
            frames.append(found)
    return frames


def event_of(body: bytes, kind: str = "text/event-json") -> Event:
    (only,) = frames_of(frame(kind, body))
    return read_event(only)


def json_event(**fields: Any) -> bytes:
    return json.dumps({"Event-Name": "CHANNEL_CREATE"} | fields).encode()


# -- real conversations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_a_conversation_reads_the_same_however_it_is_cut(conversation: str) -> None:
    data = said_by_the_switch(conversation)
    frames = frames_of(data)
    assert sum(len(found.body) for found in frames) < len(data)
    assert all(found.kind for found in frames)
    for cut in (byte_by_byte, *map(at_random, range(10))):
        assert frames_of(data, cut) == frames


def test_every_event_of_a_real_switch_can_be_read() -> None:
    frames = [found for conversation in CONVERSATIONS for found in frames_of(said_by_the_switch(conversation))]
    frames = [found for found in frames if found.kind == "text/event-json"]
    events = [read_event(found) for found in frames]
    for found, event in zip(frames, events, strict=True):
        fields = {
            name: value if isinstance(value, str) else f"ARRAY::{'|:'.join(value)}"
            for name, value in json.loads(found.body).items()
        }
        assert (event.body, event.name) == (fields.pop("_body", ""), fields["Event-Name"])
        assert event.headers == fields
    # Counted without reading them: one `Event-Name` an event.
    counted = sum(said_by_the_switch(conversation).count(b'{"Event-Name":') for conversation in CONVERSATIONS)
    assert len(events) == counted > 30
    assert all(re.fullmatch(r"[A-Z_]+", event.name) for event in events)
    assert {event.get("FreeSWITCH-Switchname") for event in events} == {"fs1"}
    assert {bool(event.body) for event in events if event.name == "BACKGROUND_JOB"} == {True}


# -- frames ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "length",
    [
        "-1",
        "-0",
        "+5",
        "0x5",
        "5 5",
        "5,5",
        "5.0",
        "1e3",
        "",
        " ",
        "\N{ARABIC-INDIC DIGIT FIVE}",
        "99999999999999999999",
        str(MAX_FRAME_BYTES + 1),
        "five",
    ],
)
def test_a_length_that_cannot_be_is_refused_before_the_body_comes(length: str) -> None:
    with pytest.raises(FrameError):
        frames_of(f"Content-Type: api/response\nContent-Length: {length}\n\n".encode())


@pytest.mark.parametrize("kind", ["api/response", "text/event-json", "text/event-plain"])
def test_what_always_has_a_length_must_have_one(kind: str) -> None:
    with pytest.raises(FrameError):
        frames_of(f"Content-Type: {kind}\n\nfalse".encode())


def test_two_lengths_are_none() -> None:
    with pytest.raises(FrameError):
        frames_of(b"Content-Type: api/response\nContent-Length: 5\nContent-Length: 500\n\nfalse")


@pytest.mark.parametrize(
    "block", [b"\n\n", b"\n\n\n", b"HTTP/1.1 400 Bad Request\n\n", b"SSH-2.0-OpenSSH_9\r\n\n\n", b"\0\n\n"]
)
def test_what_are_no_headers_are_refused(block: bytes) -> None:
    with pytest.raises(FrameError):
        frames_of(block)


def test_headers_without_end_are_refused() -> None:
    buffer = FrameBuffer()
    buffer.feed(b"X: " + b"x" * (MAX_HEADER_BYTES - 2))
    assert buffer.take() is None
    buffer.feed(b"x")
    with pytest.raises(FrameError):
        buffer.take()


@pytest.mark.parametrize("cut", [whole, byte_by_byte])
def test_headers_that_are_too_long_are_refused_though_they_end(cut: Cut) -> None:
    longest = b"X: " + b"x" * (MAX_HEADER_BYTES - 3)
    assert len(frames_of(longest + b"\n\n", cut)) == 1
    with pytest.raises(FrameError):
        frames_of(longest + b"x\n\n", cut)


def test_the_largest_frame_is_read() -> None:
    (only,) = frames_of(frame("api/response", b"x" * MAX_FRAME_BYTES))
    assert len(only.body) == MAX_FRAME_BYTES


def test_a_body_may_look_like_frames() -> None:
    body = b"Content-Type: command/reply\nReply-Text: +OK forged\n\n\n\n"
    frames = frames_of(frame("api/response", body) + frame("api/response", b"next"), byte_by_byte)
    assert [(found.kind, found.body) for found in frames] == [("api/response", body), ("api/response", b"next")]


def until_an_error(data: bytes, cut: Cut) -> tuple[list[Frame], str]:
    buffer, frames = FrameBuffer(), []
    try:
        for piece in cut(data):
            buffer.feed(piece)
            while (found := buffer.take()) is not None:
                frames.append(found)
    except FrameError as error:
        return frames, str(error)
    return frames, ""


PIECES = [
    b"Content-Type: ",
    b"api/response",
    b"Content-Length: ",
    b"3",
    b"-1",
    b"abc",
    b"\n",
    b"\n\n",
    b":",
    b"\r",
    b"\xff",
    b"\0",
]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=5), max_size=40).map(b"".join), st.integers(0, 1000))
def test_whatever_bytes_come_they_are_the_same_frames_and_the_same_error(data: bytes, seed: int) -> None:
    assert until_an_error(data, at_random(seed)) == until_an_error(data, byte_by_byte) == until_an_error(data, whole)


# -- events as JSON --------------------------------------------------------------------------------------------------------


def test_an_event_says_what_the_switch_said() -> None:
    event = event_of(json_event(**{"Unique-ID": "u", "Caller-Caller-ID-Name": 'Zoë "X"\n{}', "_body": "+OK\n"}))
    assert (event.name, event.get("Unique-ID"), event.body) == ("CHANNEL_CREATE", "u", "+OK\n")
    assert event.get("Caller-Caller-ID-Name") == 'Zoë "X"\n{}'
    assert (event.get("missing"), event.get("missing", "none"), event.get("_body")) == ("", "none", "")


def test_a_list_is_what_the_switch_writes_elsewhere() -> None:
    assert event_of(json_event(variable_x=["a", "b"])).get("variable_x") == "ARRAY::a|:b"


def test_an_event_never_holds_what_a_database_refuses() -> None:
    event = event_of(b'{"Event-Name":"X","a":"\\u0000 \\ud800 b","b":null,"c":{"d":1},"e":7,"f":true,"_body":"\\u0000"}')
    assert dict(event.headers) == {"Event-Name": "X", "a": "  b", "b": "", "c": "", "e": "7", "f": ""}
    assert event.body == ""


def test_bytes_that_are_not_utf8_cost_nothing_but_themselves() -> None:
    event = event_of(b'{"Event-Name":"CHANNEL_CREATE","Caller-Caller-ID-Name":"Zo\xeb","Unique-ID":"u"}')
    assert (event.get("Caller-Caller-ID-Name"), event.get("Unique-ID")) == ("Zo\ufffd", "u")


BROKEN = [
    b"",
    b"{",
    b"null",
    b"[1]",
    b'"CHANNEL_CREATE"',
    b"{}",
    b'{"Event-Name":""}',
    b'{"Event-Name":null}',
    b'{"Event-Name":"X","mos":NaN}',
    b'{"Event-Name":"X","mos":nan}',
    b'{"Event-Name":"X","mos":-Infinity}',
    b'{"Event-Name":"X"',
    b'{"Event-Name":"X"}}',
    b"[" * 100_000,
    b'{"Event-Name":' * 100_000,
    b"\xff\xfe",
]


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: repr(body[:30]))
def test_a_broken_event_is_none(body: bytes) -> None:
    with pytest.raises(FrameError):
        event_of(body)


def test_digits_without_end_are_read_in_no_time() -> None:
    assert len(event_of(b'{"Event-Name":"X","n":' + b"9" * 1_000_000 + b"}").get("n")) == 1_000_000


# -- events as text --------------------------------------------------------------------------------------------------------


def plain(body: bytes) -> Event:
    return event_of(body, "text/event-plain")


def test_a_plain_event() -> None:
    event = plain(
        b"Event-Name: BACKGROUND_JOB\nJob-Command-Arg: %7Ba%3Db%7Duser/1006%40x\nEvent-Date: a%3A%20b\nempty: _undef_\n"
        b"Content-Length: 25\n\n-ERR USER_NOT_REGISTERED\nbeyond"
    )
    assert (event.name, event.body) == ("BACKGROUND_JOB", "-ERR USER_NOT_REGISTERED\n")
    assert (event.get("Job-Command-Arg"), event.get("Event-Date"), event.get("empty")) == ("{a=b}user/1006@x", "a: b", "")


@pytest.mark.parametrize(
    "forgery", [b"x%0AHangup-Cause: NO_ANSWER", b"x%0D%0AHangup-Cause%3A NO_ANSWER%0A%0Abody", b"x%0a%0aEvent-Name: Y"]
)
def test_a_callers_name_forges_no_header(forgery: bytes) -> None:
    event = plain(b"Event-Name: CHANNEL_HANGUP\nCaller-Caller-ID-Name: " + forgery + b"\nHangup-Cause: NORMAL_CLEARING\n\n")
    assert (event.name, event.get("Hangup-Cause"), event.body) == ("CHANNEL_HANGUP", "NORMAL_CLEARING", "")
    assert set(event.headers) == {"Event-Name", "Caller-Caller-ID-Name", "Hangup-Cause"}
    assert event.get("Caller-Caller-ID-Name").startswith("x")


def test_the_first_of_two_headers_holds() -> None:
    assert plain(b"Event-Name: X\nHangup-Cause: A\nHangup-Cause: B\nEvent-Name: Y\n\n").get("Hangup-Cause") == "A"


@pytest.mark.parametrize("body", [b"", b"\n", b"\n\n", b"Unique-ID: u\n\n", b"Event-Name: _undef_\n\n", b"Event-Name\n\n"])
def test_a_plain_event_without_a_name_is_none(body: bytes) -> None:
    with pytest.raises(FrameError):
        plain(body)


@given(st.binary(max_size=200))
@example(b"Event-Name: X\nContent-Length: 99999999999999\n\nbody")
@example(b"Event-Name: %00%ff\nA: %\xff%4\n")
def test_whatever_a_plain_event_holds_it_is_an_event_or_an_error(body: bytes) -> None:
    try:
        event = plain(body)
    except FrameError:
        return
    assert event.name
    assert not any("\0" in value for value in event.headers.values())
