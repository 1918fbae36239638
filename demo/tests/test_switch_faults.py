"""The faults of the simulated switch strike where they say, and only there."""

import contextlib
from collections.abc import Callable

import pytest

from demo.switch.faults import COMMAND_FAULTS, CONNECTION_FAULTS, FAULTS, Faults
from demo.switch.simulator import SimulatedSwitch
from demo.tests.conversations import Client, Frame, eventually
from demo.tests.portal_stub import PortalStub

Connect = Callable[..., Client]
Start = Callable[..., SimulatedSwitch]
Visit = Callable[[SimulatedSwitch], Client]

A = "11111111-2222-4333-8444-555555555551"
ORIGINATE = f"originate {{origination_uuid={A}}}user/1006@pbx.example.com &bridge(sofia/gateway/carrier/12403019517)"
EVENTS = ("BACKGROUND_JOB", "CHANNEL_CREATE")


def until_closed(client: Client) -> list[Frame]:
    """Read what comes until the switch closes."""
    frames = []
    with contextlib.suppress(EOFError):
        while not client.is_closed:
            frames.append(client.frame())
    return frames


# fault: what the client still reads after its `bgapi originate`, and how many calls are placed.
WHAT_IS_READ = {
    "drop-before-command": ([], 0),
    "drop-before-reply": ([], 1),
    "drop-in-reply": ([], 1),
    "drop-after-reply": (["command/reply"], 1),
    "drop-before-job": (["command/reply", "CHANNEL_CREATE"], 1),
    "drop-after-job": (["command/reply", "CHANNEL_CREATE", "BACKGROUND_JOB"], 1),
}


@pytest.mark.parametrize("fault", WHAT_IS_READ)
def test_a_connection_is_cut_around_an_originate(fault: str, start: Start, portal: PortalStub, connect: Connect) -> None:
    switch = start(fault=fault)
    client = connect(switch, *EVENTS)
    client.say(f"bgapi {ORIGINATE}\nJob-UUID: j")
    read, placed = WHAT_IS_READ[fault]
    # Events can overtake the cut; the result cannot.
    names = [frame.name for frame in until_closed(client)]
    assert names[: len(read)] == read
    assert ("BACKGROUND_JOB" in names) == ("BACKGROUND_JOB" in read)
    assert ("command/reply" in names) == ("command/reply" in read)
    assert switch.originates == placed
    assert switch.commands[-1] == f"bgapi {ORIGINATE}"
    # A job that was started is finished though its client is gone.
    assert eventually(lambda: len(portal.records) == 2 * placed)


def test_half_a_reply(start: Start, connect: Connect) -> None:
    client = connect(start(fault="drop-in-reply"))
    client.say(f"bgapi {ORIGINATE}\nJob-UUID: j")
    whole = b"Content-Type: command/reply\nReply-Text: +OK Job-UUID: j\nJob-UUID: j\n\n"
    assert client.rest() == whole[: len(whole) // 2]


@pytest.mark.parametrize("way", ["bgapi", "api"])
def test_silence_after_a_command_that_is_executed(way: str, start: Start, portal: PortalStub, connect: Connect) -> None:
    switch = start(fault="silent-after-command")
    client = connect(switch, *EVENTS)
    client.say(f"{way} {ORIGINATE}")
    assert client.silent_for(0.1)
    client.say("api version")
    assert client.silent_for(0.05)
    assert switch.originates == 1
    assert eventually(lambda: len(portal.records) == 2)


@pytest.mark.parametrize("fault", ["drop-before-command", "drop-before-reply"])
def test_an_api_originate_is_cut_too(fault: str, start: Start, connect: Connect) -> None:
    switch = start(fault=fault)
    client = connect(switch)
    client.say(f"api {ORIGINATE}")
    assert client.rest() == b""
    assert switch.originates == (fault != "drop-before-command")


def test_an_api_originate_whose_reply_comes_and_then_the_end(start: Start, connect: Connect) -> None:
    client = connect(start(fault="drop-after-reply"))
    client.say(f"api {ORIGINATE}")
    assert [frame.body for frame in until_closed(client)] == [f"+OK {A}\n".encode()]


def test_other_commands_go_on(start: Start, connect: Connect) -> None:
    for fault in COMMAND_FAULTS:
        assert connect(start(fault=fault)).api("uuid_exists x") == "false"


@pytest.mark.parametrize("way", ["bgapi", "api"])
def test_a_restart(way: str, start: Start, portal: PortalStub, connect: Connect) -> None:
    switch = start(fault="restart")
    before = switch.core_uuid
    client = connect(switch, *EVENTS)
    client.say(f"{way} {ORIGINATE}")
    assert [frame.name for frame in until_closed(client)][: way == "bgapi"] == ["command/reply"][: way == "bgapi"]
    switch.faults.set("")
    later = connect(switch)
    assert later.api("global_getvar core_uuid") == switch.core_uuid != before
    assert later.api("show channels as json") == '{"row_count": 0}\n'
    assert eventually(lambda: not switch.exchange.running())
    assert portal.records == []
    # The next call is not struck.
    assert later.api(ORIGINATE) == f"+OK {A}\n"


def test_a_restart_by_hand_leaves_no_record(start: Start, portal: PortalStub, connect: Connect) -> None:
    switch = start(talk=1000)
    client = connect(switch, "CHANNEL_BRIDGE")
    client.say(f"bgapi {ORIGINATE}")
    client.until(lambda frame: frame.name == "CHANNEL_BRIDGE")
    switch.restart()
    assert client.rest() == b""
    assert switch.exchange.legs() == []
    assert eventually(lambda: not switch.exchange.running())
    assert portal.records == []


def test_closed_on_connect(start: Start, visit: Visit) -> None:
    assert visit(start(fault="close-on-connect")).rest() == b""


def test_silent_on_connect(start: Start, visit: Visit) -> None:
    client = visit(start(fault="silent-on-connect"))
    assert client.silent_for(0.05)
    client.say("auth ClueCon")
    assert client.silent_for(0.05)


def test_garbage(start: Start, visit: Visit) -> None:
    client = visit(start(fault="garbage"))
    assert not client.silent_for(1)
    assert b"auth/request" not in client._buffer
    client.say("auth ClueCon")
    assert client.silent_for(0.05)


def test_a_right_password_is_refused(start: Start, visit: Visit) -> None:
    client = visit(start(fault="refuse-auth"))
    client.frame()
    assert client.ask("auth ClueCon").headers["Reply-Text"] == "-ERR invalid"
    assert [frame.name for frame in until_closed(client)] == ["text/disconnect-notice"]


def test_dropped_after_the_password(start: Start, visit: Visit) -> None:
    client = visit(start(fault="drop-after-auth"))
    client.frame()
    assert client.ask("auth ClueCon").headers["Reply-Text"] == "+OK accepted"
    assert client.rest() == b""


def test_a_fault_can_strike_so_many_times_only(switch: SimulatedSwitch, connect: Connect, visit: Visit) -> None:
    assert connect(switch).api("simulator fault close-on-connect 1") == "+OK\n"
    assert visit(switch).rest() == b""
    assert connect(switch).api("uuid_exists x") == "false"
    assert connect(switch).api("simulator fault close-on-connect") == "+OK\n"
    assert visit(switch).rest() == b""
    assert visit(switch).rest() == b""


def test_faults_that_are_unknown_are_refused() -> None:
    with pytest.raises(ValueError, match="No fault is called 'nonsense'"):
        Faults("nonsense")
    assert not {*CONNECTION_FAULTS} & {*COMMAND_FAULTS}
    assert len(FAULTS) == len(CONNECTION_FAULTS) + len(COMMAND_FAULTS)
