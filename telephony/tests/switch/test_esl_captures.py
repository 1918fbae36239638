"""What a real switch said in each recorded conversation, said again to the client over a socket, cut in every way."""

from collections.abc import Callable
from uuid import UUID

import pytest

from telephony.switch.commands import Command, UuidExists, Version, accepted, exists, rows
from telephony.switch.errors import CommandRefusedError, SwitchLostError, SwitchRefusedError, SwitchUnreachableError
from telephony.tests.event_socket_captures import CONVERSATIONS, Cut, at_random, byte_by_byte, whole
from telephony.tests.replayed_switch import JOB, Replayed, replay
from telephony.tests.scripted_switch import Said

CUTS = {"whole": whole, "byte by byte": byte_by_byte} | {f"at random, seed {seed}": at_random(seed) for seed in range(4)}
each_cut = pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)


LINKS = {
    "call-link-answered": (
        "CHANNEL_CREATE CHANNEL_PROGRESS CHANNEL_ANSWER BACKGROUND_JOB CHANNEL_CREATE CHANNEL_PROGRESS CHANNEL_ANSWER"
        " CHANNEL_BRIDGE CHANNEL_HANGUP_COMPLETE CHANNEL_HANGUP_COMPLETE",
        "+OK 11111111-2222-4333-8444-555555555551",
        ["NORMAL_CLEARING", "NORMAL_CLEARING"],
    ),
    "call-link-destination-rejected": (
        "CHANNEL_CREATE CHANNEL_PROGRESS CHANNEL_ANSWER BACKGROUND_JOB CHANNEL_CREATE CHANNEL_PROGRESS"
        " CHANNEL_HANGUP_COMPLETE CHANNEL_HANGUP_COMPLETE",
        "+OK 11111111-2222-4333-8444-555555555554",
        ["USER_BUSY", "USER_BUSY"],
    ),
    "call-link-source-no-answer": (
        "CHANNEL_CREATE CHANNEL_PROGRESS BACKGROUND_JOB CHANNEL_HANGUP_COMPLETE",
        "-ERR NO_ANSWER",
        ["NO_ANSWER"],
    ),
    "call-link-source-not-registered": ("BACKGROUND_JOB", "-ERR USER_NOT_REGISTERED", []),
    "call-link-no-such-gateway": ("BACKGROUND_JOB", "-ERR INVALID_GATEWAY", []),
}


@each_cut
@pytest.mark.parametrize("conversation", LINKS)
def test_a_call_link(conversation: str, cut: Cut) -> None:
    names, result, causes = LINKS[conversation]
    events = replay(conversation, cut)
    assert [event.name for event in events] == names.split()
    (job,) = (event for event in events if event.name == "BACKGROUND_JOB")
    assert (job.get("Job-UUID"), job.body) == (str(JOB), f"{result}\n")
    assert [event.get("Hangup-Cause") for event in events if event.name == "CHANNEL_HANGUP_COMPLETE"] == causes
    sequence = [int(event.get("Event-Sequence")) for event in events]
    assert sequence == sorted(set(sequence))


@pytest.mark.parametrize(
    ("conversation", "cause"),
    [(name, result.removeprefix("-ERR ")) for name, (_, result, _) in LINKS.items() if result.startswith("-ERR")],
)
def test_the_result_of_a_job_names_its_cause(conversation: str, cause: str) -> None:
    (job,) = (event for event in replay(conversation, whole) if event.name == "BACKGROUND_JOB")
    with pytest.raises(CommandRefusedError) as refused:
        accepted(job.body)
    assert (refused.value.cause, refused.value.reply) == (cause, f"-ERR {cause}\n")


def test_both_legs_of_an_answered_link() -> None:
    events = replay("call-link-answered", whole)
    source, destination = (event for event in events if event.name == "CHANNEL_CREATE")
    assert source.get("Unique-ID") == "11111111-2222-4333-8444-555555555551"
    assert destination.get("Unique-ID") != source.get("Unique-ID")
    (bridge,) = (event for event in events if event.name == "CHANNEL_BRIDGE")
    assert {bridge.get("Bridge-A-Unique-ID"), bridge.get("Bridge-B-Unique-ID")} == {
        source.get("Unique-ID"),
        destination.get("Unique-ID"),
    }


@each_cut
def test_a_stream_of_events(cut: Cut) -> None:
    assert [event.name for event in replay("events-json", cut)] == EVENTS.split()


EVENTS = """
CHANNEL_CREATE RECORD_START CHANNEL_CREATE CHANNEL_ANSWER CHANNEL_ANSWER CHANNEL_BRIDGE HEARTBEAT RECORD_STOP
CHANNEL_HANGUP_COMPLETE CHANNEL_HANGUP_COMPLETE CHANNEL_CREATE RECORD_START CHANNEL_CREATE RECORD_STOP CHANNEL_HANGUP_COMPLETE
CHANNEL_HANGUP_COMPLETE CHANNEL_CREATE RECORD_START CHANNEL_CREATE RECORD_STOP CHANNEL_HANGUP_COMPLETE CHANNEL_HANGUP_COMPLETE
CHANNEL_CREATE RECORD_START CHANNEL_CREATE CHANNEL_HANGUP_COMPLETE RECORD_STOP CHANNEL_HANGUP_COMPLETE HEARTBEAT
CHANNEL_CREATE RECORD_START RECORD_STOP CHANNEL_HANGUP_COMPLETE
"""


@each_cut
def test_commands_of_every_kind(cut: Cut) -> None:
    with Replayed("api-basics", cut) as switch, switch.connect() as client:
        assert client.api(Version()) == "FreeSWITCH Version 1.11.1-release~64bit ( 64bit)\n"
        assert exists(client.api(UuidExists(UUID("11111111-2222-4333-8444-555555555555")))) is False
        assert refusal(client.api, Said("nosuchcommand")) == ("-ERR nosuchcommand Command not found!\n", "")
        assert "\nStatus  \tUP\n" in client.api(Said("sofia status gateway carrier"))
        assert rows(client.api(Said("show channels as json"))) == []
        assert refusal(client.api, Said("nosuch")) == ("-ERR command not found", "")
        assert not client.closed
        # `+OK bye` is no answer to a command of the API: the client trusts this connection no longer.
        with pytest.raises(SwitchLostError):
            client.api(Said("exit"))
        assert client.closed
        with pytest.raises(SwitchUnreachableError):
            client.api(Version())
    assert switch.said[:6] == switch.recorded[:6]
    assert switch.said[6:] == [b"api nosuch\n\n", b"api exit\n\n"]


def refusal(ask: Callable[[Command], str], command: Command) -> tuple[str, str]:
    with pytest.raises(CommandRefusedError) as refused:
        ask(command)
    return refused.value.reply, refused.value.cause


@each_cut
def test_a_wrong_password(cut: Cut) -> None:
    with Replayed("auth-rejected", cut) as switch:
        with pytest.raises(SwitchRefusedError) as refused:
            switch.connect()
        assert "ClueCon2" not in str(refused.value)
    assert switch.said == [b"auth ClueCon2\n\n"]


def test_every_conversation_is_replayed() -> None:
    assert set(CONVERSATIONS) == {*LINKS, "events-json", "api-basics", "auth-rejected"}
