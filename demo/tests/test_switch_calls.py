"""Calls that the simulated switch places go as those of a real one went, and as the table of numbers says."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from demo.switch import scenarios
from demo.switch.scenarios import EXTENSIONS, NUMBERS, Outcome
from demo.switch.simulator import SimulatedSwitch
from demo.tests.conversations import CAPTURES, Client, Frame, captured, events_of, eventually
from demo.tests.portal_stub import PortalStub
from telephony.switch.cdr import LegRecord, parse_cdr
from telephony.switch.summary import CallSummary, summarise
from telephony.tests.captures import TABLE

Connect = Callable[..., Client]
Visit = Callable[[SimulatedSwitch], Client]
Start = Callable[..., SimulatedSwitch]

A = "11111111-2222-4333-8444-555555555551"
B = "11111111-2222-4333-8444-55555555555b"
JOB = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
EVENTS = (
    "BACKGROUND_JOB", "CHANNEL_CREATE", "CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA", "CHANNEL_ANSWER", "CHANNEL_BRIDGE",
    "CHANNEL_HANGUP_COMPLETE", "RECORD_START", "RECORD_STOP",
)  # fmt: skip
# What the table of numbers says otherwise than the captured calls went.
CAPTURED_OUTCOMES = {"call-link-destination-rejected": EXTENSIONS["1017"], "call-link-source-no-answer": EXTENSIONS["1019"]}
CONVERSATIONS = (
    "call-link-answered", "call-link-destination-rejected", "call-link-source-no-answer", "call-link-source-not-registered",
    "call-link-no-such-gateway",
)  # fmt: skip


def link(source: str, destination: str, source_variables: str = "", destination_variables: str = "") -> str:
    a = f"{{origination_uuid={A},origination_caller_id_number=17036879447{source_variables}}}{source}"
    b = f"{{origination_uuid={B},origination_caller_id_number=17036879447{destination_variables}}}{destination}"
    return f"bgapi originate {a} &bridge({b})\nJob-UUID: {JOB}"


def number(last_digits: str) -> str:
    return f"sofia/gateway/carrier/1240301{last_digits}"


USER, OTHER_USER = "user/1006@pbx.example.com", "user/1005@pbx.example.com"


def ended(switch: SimulatedSwitch) -> bool:
    """Wait until every call is over; legs live until their records are away."""
    return eventually(lambda: not switch.exchange.legs() and not switch.exchange.running())


def legs_of(portal: PortalStub) -> list[LegRecord]:
    """What the portal's own parser makes of the records, in the order in which they came."""
    return [parse_cdr(request.body, "application/json") for request in portal.records]


def call_of(portal: PortalStub) -> CallSummary:
    return summarise(legs_of(portal))


def told(frames: list[Frame]) -> list[tuple[Any, ...]]:
    """What the frames tell, without times and names of this very call: what happened, to which leg, in which state."""
    legs: dict[str, str] = {}
    lines = []
    for frame in frames:
        event = frame.event
        leg = legs.setdefault(event["Unique-ID"], f"leg {len(legs)}") if "Unique-ID" in event else ""
        keys = ("Channel-State", "Channel-Call-State", "Answer-State", "Hangup-Cause", "Other-Type", "_body", "Job-UUID")
        lines.append((frame.name, leg, *(event.get(key) for key in keys)))
    return lines


# -- as a real switch ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_captured_conversation_goes_the_same_way(
    name: str, start: Start, portal: PortalStub, monkeypatch: pytest.MonkeyPatch, visit: Visit
) -> None:
    if name in CAPTURED_OUTCOMES:
        monkeypatch.setitem(scenarios.EXTENSIONS, "1005", CAPTURED_OUTCOMES[name])
    switch = start()
    client = visit(switch)
    turns = captured(name)
    frames = [client.frame()]
    for turn in turns[1:]:
        client.say(turn.said.replace("ClueCon2", "ClueCon"))
        frames += [client.frame() for _ in turn.frames]
    expected = [frame for turn in turns for frame in turn.frames]
    assert told(frames) == told(expected)
    for mine, real in zip(frames, expected, strict=True):
        missing = {*real.event} - {*mine.event}
        assert not missing, f"{real.name}: {missing}"
        assert mine.event or mine == real
    assert ended(switch)
    assert client.silent_for(0.05)
    assert switch.originates == 1
    if name not in TABLE:
        assert portal.records == []
        return
    call = call_of(portal)
    caller, callee, _, cause = TABLE[name]
    assert (call.caller_number, call.callee_number, call.hangup_cause) == (caller, callee, cause)
    assert (call.bill_seconds, call.answered) == ((4, True) if name == "call-link-answered" else (0, False))


def test_the_records_of_a_link_have_what_real_ones_have(start: Start, portal: PortalStub, visit: Visit) -> None:
    switch = start()
    client = visit(switch)
    for turn in captured("call-link-answered")[1:]:
        client.say(turn.said.replace("ClueCon2", "ClueCon"))
    client.until(lambda frame: frame.event.get("Unique-ID") == A and frame.name == "CHANNEL_HANGUP_COMPLETE")
    b_record, a_record = (json.loads(request.body) for request in portal.records)
    assert a_record["variables"]["uuid"] == A
    for mine, file in ((b_record, "02-json-cdr-b-leg.http"), (a_record, "03-json-cdr-a-leg.http")):
        head, body = portal_capture(file).split(b"\n\n", 1)
        real = json.loads(body)
        assert paths(real) <= paths(mine)
        assert list(mine) == list(real)
        assert [name for name, _ in portal.records[0].headers if name not in ("Authorization", "Host")] == [
            line.split(":")[0] for line in head.decode().splitlines()[1:] if not line.startswith("Host")
        ]
    request = portal.records[0]
    assert request.path == f"/freeswitch/cdr?uuid={b_record['variables']['uuid']}"
    assert dict(request.headers)["Authorization"] == "Basic c3dpdGNoOnNlY3JldA=="
    assert a_record["variables"]["call_link_id"] == "77"
    assert a_record["variables"]["accountcode"] == "1006"
    assert b_record["variables"]["originating_leg_uuid"] == A
    assert "call_link_id" not in b_record["variables"]


def portal_capture(file: str) -> bytes:
    return (CAPTURES / "call-link-answered" / file).read_bytes()


def paths(value: Any, prefix: str = "") -> set[str]:
    if isinstance(value, dict):
        return {path for key, inner in value.items() for path in paths(inner, f"{prefix}/{key}")}
    if isinstance(value, list):
        return paths(value[0], f"{prefix}[]") if value else set()
    return {prefix}


# -- the table of numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last_digits", [digits for digits in NUMBERS if NUMBERS[digits].does != "answers"])
def test_a_number_as_destination(last_digits: str, switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    outcome = NUMBERS[last_digits]
    client = connect(switch, *EVENTS)
    client.say(link(USER, number(last_digits), ",call_timeout=7"))
    frames = client.until(lambda frame: frame.event.get("Unique-ID") == A and frame.name == "CHANNEL_HANGUP_COMPLETE")
    names = [event["Event-Name"] for event in events_of(frames) if event.get("Unique-ID") == B]
    assert names == ["CHANNEL_CREATE", *["CHANNEL_PROGRESS"] * outcome.rings, "CHANNEL_HANGUP_COMPLETE"]
    assert [event["_body"] for event in events_of(frames) if event["Event-Name"] == "BACKGROUND_JOB"] == [f"+OK {A}\n"]
    b_leg, a_leg = legs_of(portal)
    assert (b_leg.uuid, b_leg.hangup_cause, b_leg.answered_at) == (B, outcome.cause, None)
    assert (a_leg.uuid, a_leg.originate_disposition, a_leg.bridged_at) == (A, outcome.cause, None)
    # No answer does not end the caller's leg, the plan's end does.
    assert a_leg.hangup_cause == ("NORMAL_CLEARING" if outcome.cause == "NO_ANSWER" else outcome.cause)
    call = call_of(portal)
    assert (call.hangup_cause, call.bill_seconds, call.answered) == (outcome.cause, 0, False)


@pytest.mark.parametrize("last_digits", [digits for digits in NUMBERS if NUMBERS[digits].does != "answers"])
def test_a_number_as_source(last_digits: str, switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    outcome = NUMBERS[last_digits]
    client = connect(switch, *EVENTS)
    client.say(link(number(last_digits), number("9517"), ",originate_timeout=7"))
    frames = client.until(lambda frame: frame.name == "CHANNEL_HANGUP_COMPLETE")
    names = [event["Event-Name"] for event in events_of(frames)]
    assert names == ["CHANNEL_CREATE", *["CHANNEL_PROGRESS"] * outcome.rings, "BACKGROUND_JOB", "CHANNEL_HANGUP_COMPLETE"]
    assert next(event["_body"] for event in events_of(frames) if "_body" in event) == f"-ERR {outcome.cause}\n"
    [leg] = legs_of(portal)
    assert (leg.uuid, leg.hangup_cause, leg.gateway, leg.answered_at) == (A, outcome.cause, "carrier", None)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_an_extension_as_destination(extension: str, switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    outcome = EXTENSIONS[extension]
    client = connect(switch, *EVENTS)
    client.say(link(USER, f"user/{extension}@pbx.example.com", ",call_timeout=7"))
    client.until(lambda frame: frame.event.get("Unique-ID") == A and frame.name == "CHANNEL_HANGUP_COMPLETE")
    legs = legs_of(portal)
    assert [leg.uuid for leg in legs] == ([A] if outcome.does == "absent" else [B, A])
    call = call_of(portal)
    assert (call.hangup_cause, call.answered) == (outcome.cause, False)
    assert legs[-1].dialed_user == extension


def test_two_numbers_that_answer_talk(switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    client = connect(switch, *EVENTS)
    client.say(link(number("9517"), number("9518")))
    client.until(lambda frame: frame.event.get("Unique-ID") == A and frame.name == "CHANNEL_HANGUP_COMPLETE")
    call = call_of(portal)
    assert (call.caller_number, call.callee_number, call.bill_seconds) == ("12403019517", "12403019518", 4)
    assert legs_of(portal)[0].caller_number == "17036879447"
    # The far end hung up.
    assert [json.loads(request.body)["variables"]["sip_hangup_disposition"] for request in portal.records] == [
        "recv_bye", "send_bye",
    ]  # fmt: skip


def test_how_long_people_talk_is_left_to_chance_but_is_the_same_for_the_same_leg(
    start: Start, portal: PortalStub, connect: Connect
) -> None:
    for _ in range(2):
        switch = start(talk=None, pace=0.001)
        assert connect(switch).api(link(USER, OTHER_USER).removeprefix("bgapi ")).startswith("+OK")
        assert ended(switch)
    lengths = [leg.billsec for leg in legs_of(portal) if leg.uuid == B]
    assert lengths[0] == lengths[1]
    assert 5 <= lengths[0] <= 15


@pytest.mark.parametrize(
    ("ignores", "order"),
    [
        # A carrier's announcement is taken for an answer: the destination is called before the source is there.
        ("", ["CREATE A", "MEDIA A", "JOB", "CREATE B"]),
        (",ignore_early_media=true", ["CREATE A", "MEDIA A", "ANSWER A", "JOB", "CREATE B"]),
    ],
)
def test_early_media(ignores: str, order: list[str], switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    client = connect(switch, *EVENTS)
    client.say(link(number("0183"), number("0183"), ignores))
    frames = client.until(lambda frame: frame.event.get("Unique-ID") == A and frame.name == "CHANNEL_HANGUP_COMPLETE")
    short = {"BACKGROUND_JOB": "JOB", "CHANNEL_PROGRESS_MEDIA": "MEDIA"}
    lines = []
    for event in events_of(frames):
        name = short.get(event["Event-Name"], event["Event-Name"].removeprefix("CHANNEL_"))
        lines.append(f"{name} {'AB'[event['Unique-ID'] == B]}" if "Unique-ID" in event else name)
    assert lines[: len(order)] == order
    assert lines.count("ANSWER A") == lines.count("ANSWER B") == lines.count("BRIDGE A") == 1
    assert call_of(portal).answered


# -- time and uuids --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source_variables", "destination_variables", "destination", "seconds"),
    [
        (",call_timeout=7", "", number("0019"), 7),
        (",originate_timeout=5", "", number("0019"), 60),
        ("", ",originate_timeout=9", number("0019"), 9),
        (",call_timeout=20", ",leg_timeout=8", number("0019"), 8),
        # Counts for nothing: the switch reads it on the source's leg only.
        ("", ",call_timeout=6", number("0019"), 60),
        # Would answer after two seconds at the earliest.
        (",call_timeout=1", "", number("9517"), 1),
    ],
)
def test_how_long_the_destination_rings(
    start: Start, portal: PortalStub, connect: Connect,
    source_variables: str, destination_variables: str, destination: str, seconds: int,
) -> None:  # fmt: skip
    client = connect(start(pace=0.002), *EVENTS)
    client.say(link(USER, destination, source_variables, destination_variables))
    client.until(lambda frame: frame.event.get("Unique-ID") == A and frame.name == "CHANNEL_HANGUP_COMPLETE")
    b_leg = legs_of(portal)[0]
    assert b_leg.hangup_cause == "NO_ANSWER"
    assert b_leg.ended_at - b_leg.started_at == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("variables", "source", "words", "seconds"),
    [
        (",originate_timeout=3", number("0019"), "", 3),
        ("", number("0019"), "", 60),
        ("", number("0019"), " XML default undef undef 12", 12),
        (",leg_timeout=4", number("0019"), "", 4),
        (",call_timeout=5", "user/1019@pbx.example.com", "", 5),
        (",call_timeout=5", number("0019"), "", 60),
    ],
)
def test_how_long_the_source_rings(
    start: Start, portal: PortalStub, connect: Connect, variables: str, source: str, words: str, seconds: int
) -> None:
    client = connect(start(pace=0.002))
    answer = client.api(f"originate {{origination_uuid={A}{variables}}}{source} &park(){words}")
    assert answer == "-ERR NO_ANSWER\n"
    assert eventually(lambda: bool(portal.records))
    assert legs_of(portal)[0].duration == seconds


def test_a_destination_that_rings_in_vain_ends_the_source_where_the_plan_says_so(
    switch: SimulatedSwitch, portal: PortalStub, connect: Connect
) -> None:
    client = connect(switch, *EVENTS)
    client.say(link(USER, number("0019"), ",call_timeout=3,continue_on_fail=false"))
    client.until(lambda frame: frame.event.get("Unique-ID") == A and frame.name == "CHANNEL_HANGUP_COMPLETE")
    assert [leg.hangup_cause for leg in legs_of(portal)] == ["NO_ANSWER", "NO_ANSWER"]


@pytest.mark.parametrize("wanted", ["true", "user_busy,NO_ANSWER", "17"])
def test_a_source_that_goes_on_after_a_refusal_ends_with_its_plan(
    switch: SimulatedSwitch, portal: PortalStub, connect: Connect, wanted: str
) -> None:
    client = connect(switch)
    client.api(f"originate {{^^;origination_uuid={A};continue_on_fail={wanted}}}{USER} &bridge({number('0017')})")
    assert ended(switch)
    assert [leg.hangup_cause for leg in legs_of(portal)] == ["USER_BUSY", "NORMAL_CLEARING"]
    assert call_of(portal).hangup_cause == "USER_BUSY"


def test_the_longest_time_to_talk(switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    client = connect(switch, *EVENTS)
    limit = ",execute_on_answer='sched_hangup +2 allotted_timeout'"
    client.say(link(USER, number("9517"), ",hangup_after_bridge=true", limit))
    client.until(lambda frame: frame.event.get("Unique-ID") == A and frame.name == "CHANNEL_HANGUP_COMPLETE")
    b_leg = legs_of(portal)[0]
    assert (b_leg.hangup_cause, b_leg.billsec) == ("ALLOTTED_TIMEOUT", 2)
    assert call_of(portal).hangup_cause == "ALLOTTED_TIMEOUT"


def test_a_uuid_that_lives_is_refused_and_the_living_call_goes_on(start: Start, portal: PortalStub, connect: Connect) -> None:
    switch = start(talk=1000)
    client = connect(switch, *EVENTS)
    client.say(link(USER, number("9517")))
    client.until(lambda frame: frame.name == "CHANNEL_BRIDGE")
    assert client.api(f"originate {{origination_uuid={A}}}{USER} &park()") == "-ERR DESTINATION_OUT_OF_ORDER\n"
    assert len(switch.exchange.legs()) == 2
    assert portal.records == []
    assert switch.originates == 2
    # The same for the destination's: its source is there, and ends.
    assert client.api(f"originate {USER} &bridge({{origination_uuid={B}}}{OTHER_USER})").startswith("+OK")
    assert eventually(lambda: len(portal.records) == 1)
    assert legs_of(portal)[0].hangup_cause == "DESTINATION_OUT_OF_ORDER"
    assert len(switch.exchange.legs()) == 2


def test_a_uuid_can_be_used_again_once_its_call_is_over(switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    client = connect(switch)
    for _ in range(2):
        assert client.api(f"originate {{origination_uuid={A}}}{USER} &bridge({number('9517')})") == f"+OK {A}\n"
        assert ended(switch)
    assert [leg.uuid for leg in legs_of(portal)].count(A) == 2


# -- ended by a command ----------------------------------------------------------------------------------------------------


def test_before_there_is_a_channel_nothing_can_be_ended_and_the_phone_rings(start: Start, connect: Connect) -> None:
    switch = start(create_delay=0.1)
    client = connect(switch, *EVENTS)
    client.ask(link(USER, number("9517")))
    assert client.api(f"uuid_kill {A} ORIGINATOR_CANCEL") == "-ERR No such channel!\n"
    assert client.api(f"uuid_exists {A}") == "false"
    assert client.frame().name == "CHANNEL_CREATE"
    assert client.frame().name == "CHANNEL_PROGRESS"


# When, which leg, then the causes of B and A and what the job says.
CANCELLATIONS = [
    ("CHANNEL_CREATE", A, A, None, "ORIGINATOR_CANCEL", "-ERR ORIGINATOR_CANCEL\n"),
    ("CHANNEL_PROGRESS", A, A, None, "ORIGINATOR_CANCEL", "-ERR ORIGINATOR_CANCEL\n"),
    ("CHANNEL_ANSWER", A, A, "ORIGINATOR_CANCEL", "ORIGINATOR_CANCEL", f"+OK {A}\n"),
    ("CHANNEL_CREATE", B, A, "ORIGINATOR_CANCEL", "ORIGINATOR_CANCEL", f"+OK {A}\n"),
    ("CHANNEL_PROGRESS", B, A, "ORIGINATOR_CANCEL", "ORIGINATOR_CANCEL", f"+OK {A}\n"),
    ("CHANNEL_PROGRESS", B, B, "ORIGINATOR_CANCEL", "NORMAL_CLEARING", f"+OK {A}\n"),
    ("CHANNEL_BRIDGE", A, A, "NORMAL_CLEARING", "ORIGINATOR_CANCEL", f"+OK {A}\n"),
    ("CHANNEL_BRIDGE", A, B, "ORIGINATOR_CANCEL", "NORMAL_CLEARING", f"+OK {A}\n"),
]


@pytest.mark.parametrize(("event", "leg", "victim", "b_cause", "a_cause", "result"), CANCELLATIONS)
def test_a_call_that_is_cancelled_at_each_stage(
    event: str, leg: str, victim: str, b_cause: str | None, a_cause: str, result: str,
    start: Start, portal: PortalStub, connect: Connect,
) -> None:  # fmt: skip
    switch = start(talk=1000, pace=0.05)
    client = connect(switch, *EVENTS)
    client.say(link(USER, number("9517")))
    frames = client.until(lambda frame: frame.name == event and frame.event["Unique-ID"] == leg)
    client.say(f"api uuid_kill {victim} ORIGINATOR_CANCEL")
    frames += client.until(lambda frame: frame.event.get("Unique-ID") == A and frame.name == "CHANNEL_HANGUP_COMPLETE")
    assert "+OK\n" in [frame.body.decode() for frame in frames]
    assert [found["_body"] for found in events_of(frames) if "_body" in found] == [result]
    causes = {found.uuid: found.hangup_cause for found in legs_of(portal)}
    assert causes == ({B: b_cause} if b_cause else {}) | {A: a_cause}
    assert ended(switch)
    assert client.api(f"uuid_exists {A}") == "false"
    call = call_of(portal)
    assert call.answered == (event == "CHANNEL_BRIDGE")


def test_a_leg_dies_once(start: Start, portal: PortalStub, connect: Connect) -> None:
    switch = start(talk=1000)
    client = connect(switch, "CHANNEL_BRIDGE")
    client.say(link(USER, number("9517")))
    client.until(lambda frame: frame.name == "CHANNEL_BRIDGE")
    client.say(f"api uuid_kill {A} 17")
    client.say(f"api uuid_kill {A} no_such_cause")
    client.say(f"api uuid_kill {B}")
    assert ended(switch)
    assert [leg.hangup_cause for leg in legs_of(portal)] == ["NORMAL_CLEARING", "USER_BUSY"]


def test_hanging_up_everything(start: Start, portal: PortalStub, connect: Connect) -> None:
    switch = start(talk=1000)
    client = connect(switch, "CHANNEL_BRIDGE")
    client.say(link(USER, number("9517")))
    client.until(lambda frame: frame.name == "CHANNEL_BRIDGE")
    assert client.api("hupall SYSTEM_SHUTDOWN").startswith("+OK")
    assert ended(switch)
    assert "SYSTEM_SHUTDOWN" in {leg.hangup_cause for leg in legs_of(portal)}


# -- other applications and plans ------------------------------------------------------------------------------------------


def test_a_source_that_is_parked_hangs_up_by_itself(switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    assert connect(switch).api(f"originate {{origination_uuid={A}}}{USER} &park()") == f"+OK {A}\n"
    assert ended(switch)
    [leg] = legs_of(portal)
    assert (leg.hangup_cause, leg.billsec, leg.bridged_at) == ("NORMAL_CLEARING", 4, None)


def test_a_source_that_is_parked_can_be_ended(start: Start, portal: PortalStub, connect: Connect) -> None:
    switch = start(talk=1000)
    client = connect(switch)
    client.api(f"originate {{origination_uuid={A}}}{USER} &park()")
    client.api(f"uuid_kill {A} CALL_REJECTED")
    assert ended(switch)
    assert legs_of(portal)[0].hangup_cause == "CALL_REJECTED"


def test_a_bridge_to_nonsense_ends_the_source(switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    connect(switch).api(f"originate {{origination_uuid={A}}}{USER} &bridge(nonsense)")
    assert ended(switch)
    assert [leg.hangup_cause for leg in legs_of(portal)] == ["CHAN_NOT_IMPLEMENTED"]


PLAN = b"""<document type="freeswitch/xml"><section name="dialplan"><context name="portal">
<extension name="other"><condition field="destination_number" expression="^link78$"><action application="hangup"/></condition></extension>
<extension name="x"><condition field="destination_number" expression="^link77$">
<action application="set" data="hangup_after_bridge=true"/>
<action application="set" data="wanted=12403019517"/>
<action application="bridge" data="{portal_role=destination}sofia/gateway/carrier/${wanted}"/>
<action application="hangup" data="${originate_disposition}"/>
</condition></extension></context></section></document>"""


@pytest.mark.parametrize(
    ("answer", "destination", "causes"),
    [
        ((200, PLAN), "link77", ["NORMAL_CLEARING", "NORMAL_CLEARING"]),
        ((200, PLAN), "link78", ["NORMAL_CLEARING"]),
        ((200, PLAN), "link79", ["NO_ROUTE_DESTINATION"]),
        ((200, PLAN.replace(b"9517", b"0019")), "link77", ["NO_ANSWER", "NO_ANSWER"]),
        ((404, b""), "link77", ["NO_ROUTE_DESTINATION"]),
        ((200, b"<no xml"), "link77", ["NO_ROUTE_DESTINATION"]),
    ],
)
def test_a_source_that_is_sent_to_the_dialplan(
    switch: SimulatedSwitch,
    portal: PortalStub,
    connect: Connect,
    answer: tuple[int, bytes],
    destination: str,
    causes: list[str],
) -> None:
    portal.answers = {"/freeswitch/xml": answer} | portal.answers
    portal.answers["/freeswitch/xml"] = answer
    client = connect(switch)
    client.api(f"originate {{origination_uuid={A}}}{number('9500')} {destination} XML portal")
    assert ended(switch)
    assert [leg.hangup_cause for leg in legs_of(portal)] == causes
    [asked] = portal.got("/freeswitch/xml")
    wanted = {"section": "dialplan", "Hunt-Destination-Number": destination, "Hunt-Context": "portal"}
    assert wanted.items() <= asked.fields.items()


def test_without_a_portal_there_is_neither_plan_nor_record(start: Start, portal: PortalStub, connect: Connect) -> None:
    switch = start(portal=None)
    client = connect(switch, *EVENTS)
    client.say(f"bgapi originate {{origination_uuid={A}}}{USER} link77 XML portal")
    last = client.until(lambda frame: frame.name == "CHANNEL_HANGUP_COMPLETE")[-1].event
    assert last["Hangup-Cause"] == "NO_ROUTE_DESTINATION"
    assert portal.requests == []


def test_an_outcome_is_data() -> None:
    assert scenarios.outcome_of_number("12403019517") == Outcome()
    assert scenarios.outcome_of_number("17") == Outcome()
    assert scenarios.outcome_of_extension("1005") == Outcome()
    text = scenarios.table()
    assert all(digits in text for digits in (*NUMBERS, *EXTENSIONS))
