"""Calls that the simulated switch places go as those of a real one went."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from demo.switch import scenarios
from demo.switch.scenarios import EXTENSIONS
from demo.switch.simulator import SimulatedSwitch
from demo.tests.conversations import CAPTURES, Client, Frame, captured
from demo.tests.placed_calls import A, call_of, ended, is_end
from demo.tests.portal_stub import PortalStub
from telephony.tests.captures import TABLE

Connect = Callable[..., Client]
Start = Callable[..., SimulatedSwitch]
Visit = Callable[[SimulatedSwitch], Client]

# What the table of numbers says otherwise than the captured calls went.
CAPTURED_OUTCOMES = {"call-link-destination-rejected": EXTENSIONS["1017"], "call-link-source-no-answer": EXTENSIONS["1019"]}
CONVERSATIONS = (
    "call-link-answered", "call-link-destination-rejected", "call-link-source-no-answer", "call-link-source-not-registered",
    "call-link-no-such-gateway",
)  # fmt: skip


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
    client.until(is_end)
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
