"""The number that is dialled decides what becomes of a call."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from demo.switch import scenarios
from demo.switch.scenarios import EXTENSIONS, NUMBERS, Outcome
from demo.switch.simulator import SimulatedSwitch
from demo.tests.conversations import Client, events_of
from demo.tests.placed_calls import EVENTS, OTHER_USER, USER, A, B, call_of, ended, is_end, legs_of, link, number
from demo.tests.portal_stub import PortalStub

Connect = Callable[..., Client]
Start = Callable[..., SimulatedSwitch]


@pytest.mark.parametrize("last_digits", [digits for digits in NUMBERS if NUMBERS[digits].does != "answers"])
def test_a_number_as_destination(last_digits: str, switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    outcome = NUMBERS[last_digits]
    client = connect(switch, *EVENTS)
    client.say(link(USER, number(last_digits), ",call_timeout=7"))
    frames = client.until(is_end)
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
    client.until(is_end)
    legs = legs_of(portal)
    assert [leg.uuid for leg in legs] == ([A] if outcome.does == "absent" else [B, A])
    call = call_of(portal)
    assert (call.hangup_cause, call.answered) == (outcome.cause, False)
    assert legs[-1].dialed_user == extension


def test_two_numbers_that_answer_talk(switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    client = connect(switch, *EVENTS)
    client.say(link(number("9517"), number("9518")))
    client.until(is_end)
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
    lengths = [leg.ended_at - leg.bridged_at for leg in legs_of(portal) if leg.uuid == B]
    assert lengths[0] == lengths[1]
    assert timedelta(seconds=5) <= lengths[0] <= timedelta(seconds=15)


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
    frames = client.until(is_end)
    short = {"BACKGROUND_JOB": "JOB", "CHANNEL_PROGRESS_MEDIA": "MEDIA"}
    lines = []
    for event in events_of(frames):
        name = short.get(event["Event-Name"], event["Event-Name"].removeprefix("CHANNEL_"))
        lines.append(f"{name} {'AB'[event['Unique-ID'] == B]}" if "Unique-ID" in event else name)
    assert lines[: len(order)] == order
    assert lines.count("ANSWER A") == lines.count("ANSWER B") == lines.count("BRIDGE A") == 1
    assert call_of(portal).answered


def test_an_outcome_is_data() -> None:
    assert scenarios.outcome_of_number("12403019517") == Outcome()
    assert scenarios.outcome_of_number("17") == Outcome()
    assert scenarios.outcome_of_extension("1005") == Outcome()
    text = scenarios.table()
    assert all(digits in text for digits in (*NUMBERS, *EXTENSIONS))
