"""Calls that are ended by a command, at each of their stages."""

from collections.abc import Callable

import pytest

from demo.switch.simulator import SimulatedSwitch
from demo.tests.conversations import Client, events_of
from demo.tests.placed_calls import EVENTS, USER, A, B, call_of, ended, is_end, legs_of, link, number
from demo.tests.portal_stub import PortalStub

Connect = Callable[..., Client]
Start = Callable[..., SimulatedSwitch]


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
    frames += client.until(is_end)
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
