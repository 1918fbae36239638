"""How long the simulated switch rings and lets people talk, and which uuids it takes."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from demo.switch.simulator import SimulatedSwitch
from demo.tests.conversations import Client, eventually
from demo.tests.placed_calls import EVENTS, OTHER_USER, USER, A, B, call_of, ended, is_end, legs_of, link, number
from demo.tests.portal_stub import PortalStub

Connect = Callable[..., Client]
Start = Callable[..., SimulatedSwitch]


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
    client.until(is_end)
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
    client.until(is_end)
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
    client.until(is_end)
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
