"""Nothing hostile gets into a command: every mark in every place, every type, and a hundred thousand values over a socket."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.switch.commands import (
    Command,
    ExtensionEndpoint,
    GatewayEndpoint,
    GlobalGetvar,
    OriginateLink,
    RecordingTarget,
    Subscription,
    UuidExists,
    UuidKill,
)
from telephony.switch.errors import UnsafeCommandError
from telephony.tests.scripted_switch import ScriptedSwitch, silent

A = UUID("11111111-2222-4333-8444-55555555555a")
B = UUID("11111111-2222-4333-8444-55555555555b")
EXTENSION = ExtensionEndpoint("1006", "pbx.example.com")
TRUNK = GatewayEndpoint("carrier", "12403019517")
URL, FILE = "https://portal.example.com/freeswitch/recordings/u/1/s.wav", "/var/lib/freeswitch/recordings/u.wav"

MARKS = [
    *"\n\r\0\t\v\f\x1b\x7f,;:=?!*()<>{}[]'\"`&^@$#%|\\ +",
    "\r\n",
    "\n\n",
    "${system id}",
    "$${x}",
    "^^:",
    "\\s",
    "\\n",
    "%0A",
    "..;",
    "é",
    "\N{ARABIC-INDIC DIGIT FIVE}",
    "\N{FULLWIDTH DIGIT FIVE}",
    "\N{SUPERSCRIPT TWO}",
    "\N{LINE SEPARATOR}",
    "\N{NEXT LINE}",
    "\N{NO-BREAK SPACE}",
    "\N{ZERO WIDTH SPACE}",
    "\ud800",
    ",api_hangup_hook=system id",
    "} &system(id)",
    "\n\napi fsctl shutdown now\n\n",
]


def link(**fields: Any) -> OriginateLink:
    usual: dict[str, Any] = {
        "link_id": 77,
        "leg_uuid": A,
        "destination_leg_uuid": B,
        "source": EXTENSION,
        "caller_id": "17036879447",
        "domain": "pbx.example.com",
        "extension_id": 16,
        "number_id": 3,
    }
    return OriginateLink(**usual | fields)


Make = Callable[[Any], Command | Subscription]

# Every place in a command where a text goes, and a text that fits there.
TEXTS: dict[str, tuple[Make, str]] = {
    "source's extension": (lambda text: link(source=ExtensionEndpoint(text, "pbx.example.com")), "1006"),
    "source's domain": (lambda text: link(source=ExtensionEndpoint("1006", text)), "pbx.example.com"),
    "source's gateway": (lambda text: link(source=GatewayEndpoint(text, "12762087784")), "carrier"),
    "source's number": (lambda text: link(source=GatewayEndpoint("carrier", text)), "12762087784"),
    "caller id": (lambda text: link(caller_id=text), "17036879447"),
    "domain": (lambda text: link(domain=text), "pbx.example.com"),
    "cause": (lambda text: UuidKill(A, text), "ORIGINATOR_CANCEL"),
    "variable": (GlobalGetvar, "core_uuid"),
    "event": (lambda text: Subscription((text,)), "HEARTBEAT"),
    "event's subclass": (lambda text: Subscription(("CUSTOM", text)), "sofia::register"),
}
IDS: dict[str, Make] = {
    "link": lambda number: link(link_id=number),
    "extension": lambda number: link(extension_id=number),
    "number": lambda number: link(number_id=number),
    "time to ring": lambda number: link(ring_seconds=number),
}
UUIDS: dict[str, Make] = {
    "leg": lambda uuid: link(leg_uuid=uuid),
    "destination's leg": lambda uuid: link(destination_leg_uuid=uuid),
    "leg to kill": lambda uuid: UuidKill(uuid, "NORMAL_CLEARING"),
    "leg to find": UuidExists,
}
OTHERS: dict[str, Make] = {
    "source": lambda endpoint: link(source=endpoint),
}
# Where a colon is no mark but has its place.
WITH_COLONS = {"event's subclass"}

each_text = pytest.mark.parametrize("place", TEXTS)


def is_refused(make: Make, value: object) -> bool:
    try:
        make(value)
    except UnsafeCommandError:
        return True
    return False


@each_text
def test_the_error_does_not_quote_what_was_refused(place: str) -> None:
    make, _ = TEXTS[place]
    with pytest.raises(UnsafeCommandError) as refused:
        make("forged\nline")
    assert "forged" not in str(refused.value)


def test_the_places_take_what_fits() -> None:
    for make, text in TEXTS.values():
        assert make(text).text.isascii()
    for make in IDS.values():
        assert make(1).text
    for make in UUIDS.values():
        assert make(UUID("11111111-2222-4333-8444-55555555555c")).text


@each_text
def test_no_mark_fits_anywhere(place: str) -> None:
    make, good = TEXTS[place]
    middle = len(good) // 2
    for mark in MARKS if place not in WITH_COLONS else set(MARKS) - {":"}:
        for hostile in (mark, mark + good, good + mark, good[:middle] + mark + good[middle:]):
            assert is_refused(make, hostile), repr(hostile)


@each_text
def test_nothing_but_text_fits_a_text(place: str) -> None:
    make, good = TEXTS[place]
    for other in ("", " ", None, True, 0, 1006, 12403019517, 1.5, good.encode(), [good], (good,), {good: good}, A, object()):
        assert is_refused(make, other), repr(other)


@pytest.mark.parametrize("make", IDS.values(), ids=IDS)
def test_only_whole_numbers_in_their_range_are_numbers(make: Make) -> None:
    for other in (0, -1, 2**63, 10**5000, True, False, 1.0, "1", "1\n", "\N{ARABIC-INDIC DIGIT FIVE}", b"1", [1], A):
        assert is_refused(make, other)


def test_only_rows_may_be_missing() -> None:
    assert link(extension_id=None, number_id=None).text
    for make in (IDS["link"], IDS["time to ring"]):
        assert is_refused(make, None)
    assert is_refused(IDS["time to ring"], 301)


@pytest.mark.parametrize("make", UUIDS.values(), ids=UUIDS)
def test_only_a_uuid_is_one(make: Make) -> None:
    for other in (str(A), A.hex, A.bytes, A.int, None, f"{A}\n", f"{{{A}}}", "", *MARKS):
        assert is_refused(make, other)


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_only_an_endpoint_is_one(make: Make) -> None:
    class Forged:
        dial_string = "loopback/1006/default"

    for other in ("user/1006@pbx.example.com", "error/user_busy", ("1006", "a"), 0, Forged(), A, b""):
        assert is_refused(make, other)
    assert is_refused(OTHERS["source"], None)
    assert is_refused(OTHERS["source"], RecordingTarget(URL, FILE))


class Lying(str):
    """A text that is one thing and prints as another."""

    __slots__ = ()

    def __str__(self) -> str:
        return "x\n\napi fsctl shutdown"

    def __format__(self, spec: str) -> str:
        return "1006,x=y"


class LyingUuid(UUID):
    def __str__(self) -> str:
        return f"{A.hex},x=y"


@each_text
def test_a_text_that_prints_as_another_is_refused_or_does_not(place: str) -> None:
    make, good = TEXTS[place]
    try:
        command = make(Lying(good))
    except UnsafeCommandError:
        return
    assert command.text == make(good).text


@pytest.mark.parametrize("make", UUIDS.values(), ids=UUIDS)
def test_a_uuid_that_prints_as_another_is_refused(make: Make) -> None:
    assert is_refused(make, LyingUuid(int=7))


def test_an_endpoint_that_says_another_is_refused() -> None:
    class Loopback(ExtensionEndpoint):
        @property
        def dial_string(self) -> str:
            return "loopback/1006/default"

    assert is_refused(OTHERS["source"], Loopback("1006", "a"))


# -- over a socket ---------------------------------------------------------------------------------------------------------

HOSTILE = st.tuples(
    st.sampled_from(MARKS).filter(lambda mark: mark != ":"), st.integers(0, 10**15).map(str) | st.text(max_size=8)
)


def test_a_hundred_thousand_hostile_numbers_and_names_send_not_one_byte() -> None:
    """Hypothesis makes 3,500 texts with a mark in each; each is put into every place of a command at its begin, middle, end."""
    tried: set[tuple[str, str]] = set()

    with ScriptedSwitch(silent) as switch, switch.connect() as client:

        @settings(max_examples=3_500, deadline=None, database=None)
        @given(HOSTILE)
        def try_it(hostile: tuple[str, str]) -> None:
            for place, (make, good) in TEXTS.items():
                for position in {0, len(good) // 2, len(good)}:
                    value = good[:position] + "".join(hostile) + good[position:]
                    with pytest.raises(UnsafeCommandError):
                        client.api(make(value))  # type: ignore[arg-type]
                    with pytest.raises(UnsafeCommandError):
                        client.api(value)  # type: ignore[arg-type]
                    tried.add((place, value))

        try_it()
    assert len(tried) >= 100_000
    assert switch.commands == b""


# -- what is accepted ------------------------------------------------------------------------------------------------------

ANY_TEXT = st.text(max_size=12) | st.text("0123456789", max_size=17) | st.from_regex(r"[A-Za-z0-9._/:-]{0,20}", fullmatch=True)
LINE = re.compile(r"[ -~]+")


@given(st.sampled_from(sorted(TEXTS)), ANY_TEXT)
def test_whatever_text_is_accepted_makes_one_line_of_the_grammar(place: str, text: str) -> None:
    make, _ = TEXTS[place]
    try:
        command = make(text)
    except UnsafeCommandError:
        return
    assert command.grammar.fullmatch(command.text)
    assert LINE.fullmatch(command.text)
    assert text in command.text


ENDPOINTS = st.builds(
    ExtensionEndpoint,
    st.from_regex(r"[0-9]{2,7}", fullmatch=True),
    st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,60}[a-z0-9])?", fullmatch=True),
) | st.builds(
    GatewayEndpoint,
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True),
    st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True),
)


@given(
    st.builds(
        OriginateLink,
        link_id=st.integers(1, 2**63 - 1),
        leg_uuid=st.uuids(version=4),
        destination_leg_uuid=st.uuids(version=1),
        source=ENDPOINTS,
        caller_id=st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True),
        domain=st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,60}[a-z0-9])?", fullmatch=True),
        extension_id=st.none() | st.integers(1, 2**63 - 1),
        number_id=st.none() | st.integers(1, 2**63 - 1),
        ring_seconds=st.integers(1, 300),
    )
)
def test_every_link_of_sound_parts_is_one_line_with_one_meaning(command: OriginateLink) -> None:
    text = command.text
    assert command.grammar.fullmatch(text)
    assert LINE.fullmatch(text)
    # What splits a command occurs as often as this module writes it: blanks and braces; and nothing is ever quoted.
    assert (text.count(" "), text.count("{"), text.count("}")) == (4, 1, 1)
    assert not set(text) & set("[]()|;^$&'\"`\\")
