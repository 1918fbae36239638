"""Events: their order, their end, those that cannot be read, and subscriptions."""

import threading

import pytest

from telephony.switch import esl
from telephony.switch.commands import Status
from telephony.switch.errors import (
    SwitchLostError,
    UnsafeCommandError,
)
from telephony.tests.scripted_switch import (
    ANSWER,
    GOODBYE,
    LONGEST_TEST,
    SOON,
    Caller,
    ScriptedSwitch,
    answering,
    command_reply,
    event,
    frame,
    says,
    says_and_stays,
    silent,
    within,
)


def test_events_that_come_before_an_answer_are_kept_in_order() -> None:
    script = answering(event("ONE") + event("TWO") + ANSWER + event("THREE"), event("FOUR") + command_reply("+OK"))
    with ScriptedSwitch(script) as switch, switch.connect() as client:
        assert client.api(Status()) == "true"
        client.subscribe(["HEARTBEAT"])
        names = [found.name for _ in range(4) if (found := client.next_event(LONGEST_TEST))]
        assert names == ["ONE", "TWO", "THREE", "FOUR"]
        assert client.next_event(timeout=0.0) is None


def test_events_that_nobody_has_read_yet_are_taken_in_before_a_command() -> None:
    said = threading.Event()
    names = [f"EVENT_{number}" for number in range(1000)]

    def script(caller: Caller) -> None:
        caller.send(b"".join(map(event, names)))
        said.set()
        answering(ANSWER)(caller)

    with ScriptedSwitch(script) as switch, switch.connect() as client:
        assert said.wait(LONGEST_TEST)
        assert client.api(Status()) == "true"
        assert [found.name for _ in names if (found := client.next_event(timeout=0.0))] == names
        assert client.next_event(timeout=0.0) is None


def test_no_event_in_time_is_none_and_costs_nothing() -> None:
    go_on = threading.Event()
    whole = event("HEARTBEAT")

    def script(caller: Caller) -> None:
        caller.send(whole[:30])
        go_on.wait(LONGEST_TEST)
        caller.send(whole[30:])
        caller.read_to_the_end()

    with ScriptedSwitch(script) as switch, switch.connect() as client:
        with within(SOON):
            assert client.next_event(timeout=SOON) is None
        assert client.next_event(timeout=0.0) is None
        go_on.set()
        found = client.next_event(timeout=LONGEST_TEST)
        assert found is not None
        assert found.name == "HEARTBEAT"


def test_an_event_that_is_there_is_seen_without_waiting() -> None:
    said = threading.Event()
    with ScriptedSwitch(says_and_stays(event("ONE"), said)) as switch, switch.connect() as client:
        assert said.wait(LONGEST_TEST)
        found = client.next_event(timeout=0.0)
        assert found is not None
        assert found.name == "ONE"


def test_what_cannot_be_read_is_left_out_and_counted() -> None:
    script = says(
        event("ONE"),
        frame("text/event-json", b'{"Event-Name":"BROKEN"'),
        frame("text/event-json", b'{"Event-Name":"BROKEN","mos":NaN}'),
        frame("text/event-json", b"\xff\xfe\0"),
        frame("text/event-plain", b"\n\n"),
        frame("log/data", b"a line of the log"),
        frame("text/event-xml", b"<event/>"),
        frame("text/event-plain", b"Event-Name: TWO\nname: %0AX%3A\n\n"),
        frame("text/event-json", b'{"Event-Name":"THREE","name":"Zo\xeb"}'),
        GOODBYE,
        event("FOUR"),
    )
    with ScriptedSwitch(script) as switch, switch.connect() as client:
        names = [found.name for _ in range(3) if (found := client.next_event(LONGEST_TEST))]
        assert names == ["ONE", "TWO", "THREE"]
        assert client.skipped == 6
        with pytest.raises(SwitchLostError):
            client.next_event(LONGEST_TEST)
        assert client.closed


@pytest.mark.parametrize("end", [b"", GOODBYE, b"\n\n", event("HALF")[:50], command_reply("+OK")])
def test_events_before_the_end_are_read_then_the_end_is_told(end: bytes) -> None:
    def script(caller: Caller) -> None:
        caller.read_command()
        caller.send(event("ONE") + event("TWO") + end)

    with ScriptedSwitch(script) as switch, switch.connect() as client:
        with pytest.raises(SwitchLostError):
            client.api(Status(), LONGEST_TEST)
        names = [found.name for _ in range(2) if (found := client.next_event(LONGEST_TEST))]
        assert names == ["ONE", "TWO"]
        for _ in range(2):
            with pytest.raises(SwitchLostError):
                client.next_event(LONGEST_TEST)
        assert client.closed


def test_an_answer_among_events_that_nobody_asked_for_ends_the_connection() -> None:
    with ScriptedSwitch(says(event("ONE"), ANSWER, event("TWO"))) as switch, switch.connect() as client:
        found = client.next_event(LONGEST_TEST)
        assert found is not None
        assert found.name == "ONE"
        with pytest.raises(SwitchLostError):
            client.next_event(LONGEST_TEST)
        assert client.closed


def test_events_that_nobody_reads_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(esl, "MAX_QUEUED_BYTES", 1000)
    with ScriptedSwitch(answering(event("HEARTBEAT") * 100 + ANSWER)) as switch, switch.connect() as client:
        with pytest.raises(SwitchLostError):
            client.api(Status())
        assert client.closed


def test_events_that_are_read_do_not_count_as_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(esl, "MAX_QUEUED_BYTES", 1000)
    with ScriptedSwitch(answering(*[event("HEARTBEAT") * 10 + ANSWER] * 5)) as switch, switch.connect() as client:
        for _ in range(5):
            assert client.api(Status()) == "true"
            assert all(client.next_event(0.0) for _ in range(10))


@pytest.mark.parametrize(
    "events",
    [
        [],
        ["heartbeat"],
        ["HEARTBEAT\n\napi status"],
        ["HEARTBEAT CUSTOM"],
        ["HEARTBEAT\n"],
        ["CUSTOM", "HEARTBEAT"],
        ["sofia::register"],
        ["CUSTOM", "CUSTOM"],
        ["CUSTOM", "sofia::register", "HEARTBEAT"],
        ["CUSTOM", "sofia::\N{ARABIC-INDIC DIGIT FIVE}"],
        ["", "HEARTBEAT"],
        "HEARTBEAT",
        [7],
    ],
)
def test_a_subscription_that_does_not_fit_is_never_sent(events: list[str]) -> None:
    with ScriptedSwitch(silent) as switch, switch.connect() as client:
        with pytest.raises(UnsafeCommandError):
            client.subscribe(events)
        assert not client.closed
    assert switch.commands == b""
