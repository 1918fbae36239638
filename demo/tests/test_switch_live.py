"""What the simulated switch shows of the present: hold, gateways, calls that people place by themselves; as a real one does."""

import hashlib
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path

from demo.switch.dial_strings import Endpoint
from demo.switch.exchange import Settings
from demo.switch.placed import PlacedCall, Traffic
from demo.switch.simulator import SimulatedSwitch
from demo.tests.conversations import Client, eventually

REAL = Path(__file__).resolve().parents[2] / "telephony" / "tests" / "data" / "freeswitch" / "live"
Start = Callable[..., SimulatedSwitch]
Connect = Callable[..., Client]
EVENTS = "event json CHANNEL_CREATE CHANNEL_HOLD CHANNEL_UNHOLD CHANNEL_ANSWER CUSTOM sofia::gateway_state"


def real(name: str, event: str) -> list[dict[str, str]]:
    """Return such events as a real switch sent them."""
    lines = (REAL / f"{name}.jsonl").read_text().splitlines()
    return [each for each in map(json.loads, lines) if event in (each["Event-Name"], each.get("Event-Subclass"))]


def until(client: Client, name: str) -> dict[str, str]:
    """Return the next event of a name, or subclass."""
    while True:
        told: dict[str, str] = json.loads(client.frame().body)
        if name in (told["Event-Name"], told.get("Event-Subclass")):
            return told


def of_the_channel(event: dict[str, str]) -> set[str]:
    """Return which headers an event has, its variables and the codec aside."""
    return {name for name in event if not name.startswith(("variable_", "Channel-Read", "Channel-Write", "Other-Leg"))}


def test_a_call_that_nobody_ordered_is_counted_against_nobody(start: Start) -> None:
    switch = start()
    call = PlacedCall(switch.exchange, Endpoint("1006", domain="pbx.example.com"), "1005")
    call.start()
    # Without a portal there is no plan: it goes nowhere.
    assert eventually(lambda: not switch.exchange.running())
    assert switch.originates == 0


def test_hold_as_a_real_switch_tells_of_it(start: Start, connect: Connect) -> None:
    switch = start(talk=1000.0, pace=0.02)
    client = connect(switch)
    client.ask(EVENTS)
    uuid = "11111111-2222-4333-8444-555555555551"
    client.ask(f"bgapi originate {{origination_uuid={uuid}}}user/1006@pbx.example.com &park()")
    until(client, "CHANNEL_ANSWER")
    asking = connect(switch)
    assert asking.ask(f"api uuid_hold {uuid}").body == b"+OK Success\n"
    # The first was the phone's own, by a re-INVITE; the second came of this command.
    held, wanted = until(client, "CHANNEL_HOLD"), real("local-held", "CHANNEL_HOLD")[1]
    assert {"Channel-Call-State", "Answer-State", "Caller-Channel-Last-Hold"} <= of_the_channel(held) & of_the_channel(wanted)
    for name in (
        "Event-Calling-File",
        "Event-Calling-Function",
        "Event-Calling-Line-Number",
        "Channel-Call-State",
        "Answer-State",
    ):
        assert held[name] == wanted[name]
    assert (held["Caller-Channel-Last-Hold"] > "0", held["Caller-Channel-Hold-Accum"]) == (True, "0")
    [row] = json.loads(asking.ask("api show channels as json").body)["rows"]
    assert row["callstate"] == "HELD"
    asking.ask(f"api uuid_hold off {uuid}")
    assert (
        until(client, "CHANNEL_UNHOLD")["Channel-Call-State"] == real("local-held", "CHANNEL_UNHOLD")[1]["Channel-Call-State"]
    )
    [row] = json.loads(asking.ask("api show channels as json").body)["rows"]
    assert row["callstate"] == "ACTIVE"
    assert asking.ask("api uuid_hold nonsense").body == b"-ERR Operation failed\n"


def test_gateways_as_a_real_switch_tells_of_them(start: Start, connect: Connect) -> None:
    switch = start()
    client, asking = connect(switch), connect(switch)
    client.ask(EVENTS)
    assert asking.ask("api simulator gateway carrier down").body == b"+OK\n"
    down, wanted = until(client, "sofia::gateway_state"), real("phones-and-gateways", "sofia::gateway_state")[0]
    assert list(down) == list(wanted)
    same = ("Event-Calling-File", "Event-Calling-Function", "Gateway", "State", "Ping-Status", "Phrase", "Status")
    assert {name: down[name] for name in same} == {name: wanted[name] for name in same}
    listed = asking.ask("api sofia xmlstatus gateway").body.decode()
    expected = (REAL / "sofia-xmlstatus-gateway.xml").read_text()
    assert re.findall(r"<([a-z-]+)>", listed) == re.findall(r"<([a-z-]+)>", expected)
    assert "<status>DOWN</status>" in listed
    asking.ask("api simulator gateway carrier up")
    assert until(client, "sofia::gateway_state")["Ping-Status"] == "UP"
    assert asking.ask("api simulator gateway nobody down").body == b"-ERR Invalid Gateway!\n"


def test_nobody_calls_by_himself_unless_he_is_to(start: Start) -> None:
    switch = start()
    assert Settings().calls_every == 0
    assert not [thread for thread in threading.enumerate() if thread.name == "traffic"]
    assert switch.exchange.legs() == []


def test_people_call_each_other_outside_and_are_called(start: Start) -> None:
    switch = start(extensions=("1001", "1002"), numbers=("17036879401",))
    calls = [Traffic(switch.exchange).next_call().originate for _ in range(60)]
    assert {call.context for call in calls} == {"internal", "public"}
    assert {call.destination for call in calls if call.context == "public"} == {"17036879401"}
    assert {len(call.destination) for call in calls if call.context == "internal"} == {4, 11}
    assert not [call for call in calls if call.destination == call.source.address]


def test_traffic_goes_on_until_the_switch_stops(start: Start) -> None:
    switch = start(calls_every=0.05, pace=1.0, heartbeat=20)
    assert eventually(lambda: switch.exchange.sessions >= 2)
    switch.stop()
    assert switch.originates == 0


def test_phones_as_a_real_switch_tells_of_them(start: Start, connect: Connect) -> None:
    switch = start()
    client = connect(switch)
    client.ask("event json CUSTOM sofia::register sofia::unregister sofia::expire sofia::register_failure")
    registrar = switch.exchange.registrar
    proof = hashlib.md5(b"1006:pbx.example.com:secret", usedforsecurity=False).hexdigest()

    def directory(user: str, address: str) -> str:
        return proof

    assert not registrar.register("1006", "wrong", "127.0.0.1", directory)
    assert registrar.register("1006", "secret", "127.0.0.1", directory)
    assert registrar.unregister("1006")
    for name in ("sofia::register_failure", "sofia::register", "sofia::unregister"):
        told, [wanted, *_] = until(client, name), real("phones-and-gateways", name)
        # What the directory's variables add to a real one's is the portal's matter, not the switch's.
        headers = [header for header in told if header != "update-reg"]
        assert headers == list(wanted)[: len(headers)]
    assert not registrar.unregister("1006"), "it is gone"
    registrar.register("1006", "secret", "127.0.0.1", directory)
    registrar.flush("1006@pbx.example.com")
    assert until(client, "sofia::expire")["user"] == "1006"
