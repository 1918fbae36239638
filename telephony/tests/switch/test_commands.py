"""The text of every command, and what is read from replies."""

import json
from dataclasses import FrozenInstanceError
from typing import Any
from uuid import UUID

import pytest

from telephony.switch import commands
from telephony.switch.commands import (
    Command,
    ExtensionEndpoint,
    GatewayEndpoint,
    GlobalGetvar,
    OriginateLink,
    RecordingTarget,
    ShowCalls,
    ShowChannels,
    ShowRegistrations,
    Status,
    Subscription,
    SwitchName,
    UuidExists,
    UuidKill,
    Version,
    accepted,
    exists,
    rows,
)
from telephony.switch.errors import CommandRefusedError, SwitchError, UnsafeCommandError
from telephony.tests.captures import DATA

A = UUID("11111111-2222-4333-8444-55555555555A")
B = UUID("11111111-2222-4333-8444-55555555555B")
URL = "https://portal.example.com:8443/freeswitch/recordings/11111111-2222-4333-8444-55555555555a/1795438152/Ab-_9.wav"
FILE = "/var/lib/freeswitch/recordings/11111111-2222-4333-8444-55555555555a.wav"


def link(**fields: Any) -> OriginateLink:
    usual: dict[str, Any] = {
        "link_id": 77,
        "leg_uuid": A,
        "destination_leg_uuid": B,
        "source": ExtensionEndpoint("1006", "pbx.example.com"),
        "caller_id": "17036879447",
        "domain": "pbx.example.com",
        "extension_id": 16,
        "number_id": 3,
    }
    return OriginateLink(**usual | fields)


# -- what is sent ----------------------------------------------------------------------------------------------------------

# As FreeSWITCH 1.11.1 took it.
PROVED = (
    "originate {origination_uuid=11111111-2222-4333-8444-55555555555a"
    ",origination_caller_id_number=17036879447,origination_caller_id_name=17036879447"
    ",originate_timeout=25,ignore_early_media=true,domain_name=pbx.example.com,call_direction=outbound"
    ",portal_call_link=77,portal_role=source,portal_extension_id=16,portal_number_id=3"
    ",portal_b_uuid=11111111-2222-4333-8444-55555555555b"
    "}user/1006@pbx.example.com link77 XML portal"
)


def test_a_link() -> None:
    assert link().text == PROVED


def test_a_link_from_outside() -> None:
    text = link(
        link_id=2**63 - 1,
        source=GatewayEndpoint("other-carrier_2.example", "442079460018"),
        extension_id=None,
        number_id=None,
        ring_seconds=7,
    ).text
    assert text.endswith(f"}}sofia/gateway/other-carrier_2.example/442079460018 link{2**63 - 1} XML portal")
    assert f"portal_call_link={2**63 - 1}," in text
    assert "originate_timeout=7," in text
    assert "portal_extension_id" not in text
    assert "portal_number_id" not in text


SIMPLE: list[tuple[Command | Subscription, str]] = [
    (UuidKill(A, "ORIGINATOR_CANCEL"), "uuid_kill 11111111-2222-4333-8444-55555555555a ORIGINATOR_CANCEL"),
    (UuidExists(B), "uuid_exists 11111111-2222-4333-8444-55555555555b"),
    (GlobalGetvar("core_uuid"), "global_getvar core_uuid"),
    (ShowChannels(), "show channels as json"),
    (ShowCalls(), "show calls as json"),
    (ShowRegistrations(), "show registrations as json"),
    (Status(), "status"),
    (SwitchName(), "switchname"),
    (Version(), "version"),
    (Subscription(("HEARTBEAT",)), "event json HEARTBEAT"),
    (Subscription(("ALL", "CUSTOM", "sofia::register")), "event json ALL CUSTOM sofia::register"),
    (Subscription(("CUSTOM",)), "event json CUSTOM"),
]


@pytest.mark.parametrize(("command", "text"), SIMPLE, ids=lambda part: part if isinstance(part, str) else "")
def test_every_other_command(command: Command, text: str) -> None:
    assert command.text == text
    assert command.grammar.fullmatch(text)


def test_every_class_has_a_grammar_of_its_own() -> None:
    classes = {type(command) for command, _ in SIMPLE} | {OriginateLink}
    assert {*Command.__subclasses__()} >= classes - {Subscription}
    named = {id(value) for name, value in vars(commands).items() if name.isupper() and hasattr(value, "fullmatch")}
    assert {id(kind.grammar) for kind in classes} == named
    assert len(named) == len(classes)


def test_a_command_cannot_be_changed_after_it_was_looked_at() -> None:
    with pytest.raises(FrozenInstanceError):
        link().caller_id = "17036879447\n"  # type: ignore[misc]
    endpoint = ExtensionEndpoint("1006", "a")
    with pytest.raises(FrozenInstanceError):
        endpoint.number = "1006 x"  # type: ignore[misc]


def test_one_forced_open_is_looked_at_again() -> None:
    changed = link()
    object.__setattr__(changed, "caller_id", "17036879447,x=1")
    with pytest.raises(UnsafeCommandError):
        _ = changed.text


def test_both_legs_cannot_be_one() -> None:
    with pytest.raises(UnsafeCommandError):
        link(destination_leg_uuid=A)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/freeswitch/recordings/u/1/s.wav",
        "https://portal.example.com/a~b/c.d-e_f",
        "http://h/x",
        "http://[::1]/x",
        "https://[2001:db8::192.0.2.1]:8443/x",
    ],
)
def test_addresses_for_recordings(url: str) -> None:
    assert RecordingTarget(url, FILE).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "http://h",
        "http://h/",
        "http:///x",
        "ftp://h/x",
        "HTTP://h/x",
        "file:///etc/passwd",
        "//h/x",
        "/x",
        "http://h/x?y",
        "http://h/x#y",
        "http://h/x%20y",
        "http://user:password@h/x",
        "http://h:/x",
        "http://h:0/x",
        "http://h:123456/x",
        "http://-h/x",
        "http://h-/x",
        "http://::1/x",
        "http://[]/x",
        "http://[::1/x",
        "http://[h]/x",
        "http://[::1%eth0]/x",
        "http://h/x y",
        "http://h/" + "x" * 1001,
    ],
)
def test_what_is_no_address_for_a_recording(url: str) -> None:
    with pytest.raises(UnsafeCommandError):
        RecordingTarget(url, FILE)


@pytest.mark.parametrize("file", ["/a", "/a.wav", "/a/b_c-d/e.f.wav", "/.hidden", "/a/./b"])
def test_files_for_recordings(file: str) -> None:
    assert RecordingTarget(URL, file).file == file


@pytest.mark.parametrize("file", ["", "/", "a.wav", "../a", "/..", "/a/../b", "/a..b", "/a/..", "~/a", "/a b", "/" + "x" * 501])
def test_what_is_no_file_for_a_recording(file: str) -> None:
    with pytest.raises(UnsafeCommandError):
        RecordingTarget(URL, file)


@pytest.mark.parametrize(
    ("number", "domain"),
    [
        ("1", "a"),
        ("12345678", "a"),
        ("", "a"),
        ("1006", ""),
        ("1006", "A"),
        ("1006", "-a"),
        ("1006", "a."),
        ("1006", "a" * 254),
    ],
)
def test_what_is_no_extension(number: str, domain: str) -> None:
    with pytest.raises(UnsafeCommandError):
        ExtensionEndpoint(number, domain)


@pytest.mark.parametrize(
    ("gateway", "number"),
    [
        ("carrier", "0123456789"),
        ("carrier", "123456"),
        ("carrier", "1234567890123456"),
        ("carrier", "+12403019517"),
        ("", "12403019517"),
        ("-carrier", "12403019517"),
        (".carrier", "12403019517"),
        ("a/b", "12403019517"),
        ("a" * 65, "12403019517"),
    ],
)
def test_what_is_no_number_behind_a_gateway(gateway: str, number: str) -> None:
    with pytest.raises(UnsafeCommandError):
        GatewayEndpoint(gateway, number)


# -- what is read ----------------------------------------------------------------------------------------------------------


def test_a_leg_exists_or_not() -> None:
    assert exists("true") is True
    assert exists("false\n") is False
    for odd in ("", "TRUE", "truefalse", "1", "+OK", "-ERR no reply\n"):
        with pytest.raises(SwitchError):
            exists(odd)


def test_a_result_is_accepted_or_tells_its_cause() -> None:
    assert accepted("+OK 11111111-2222-4333-8444-555555555551\n").startswith("+OK")
    with pytest.raises(CommandRefusedError) as refused:
        accepted("-ERR USER_BUSY\n")
    assert refused.value.cause == "USER_BUSY"


def test_a_refusal_shows_as_one_line() -> None:
    assert "\n" not in str(CommandRefusedError("-ERR x\nforged line of a log\n" + "y" * 1000))
    assert len(str(CommandRefusedError("-ERR " + "y" * 1000))) < 300


@pytest.mark.parametrize("name", ["show-channels", "show-calls", "show-calls-call-link", "show-registrations"])
def test_lists_of_a_real_switch(name: str) -> None:
    reply = (DATA / "event-socket" / f"{name}.json").read_text()
    table = rows(reply)
    assert len(table) == json.loads(reply)["row_count"] > 0
    assert table == json.loads(reply)["rows"]


def test_who_is_registered() -> None:
    reply = (DATA / "event-socket" / "show-registrations.json").read_text()
    assert [(row["reg_user"], row["realm"]) for row in rows(reply)] == [
        ("1005", "pbx.example.com"),
        ("1006", "pbx.example.com"),
    ]


def test_an_empty_list_has_no_rows() -> None:
    assert rows('{"row_count": 0}\n') == []
    assert rows('{"row_count": 0, "rows": []}') == []


def test_a_value_that_is_no_text_is_empty() -> None:
    assert rows('{"row_count":1,"rows":[{"a":null,"b":7,"c":[1],"d":"x"}]}') == [{"a": "", "b": "7", "c": "", "d": "x"}]


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "{",
        "null",
        "[]",
        '"x"',
        "{}",
        '{"row_count":1}',
        '{"row_count":false}',
        '{"row_count":1,"rows":null}',
        '{"row_count":1,"rows":{}}',
        '{"row_count":1,"rows":["x"]}',
        '{"row_count":1,"rows":[{"a":"b"}',
        "-ERR no reply\n",
        "0 total.\n",
        "[" * 100_000,
    ],
    ids=lambda reply: reply[:30],
)
def test_what_is_no_list_says_so(reply: str) -> None:
    with pytest.raises(SwitchError):
        rows(reply)
