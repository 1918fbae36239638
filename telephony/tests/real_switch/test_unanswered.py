"""Calls that nobody answers. They take half a minute each, and so are told at once."""

from telephony.tests.real_switch import programs
from telephony.tests.real_switch.exchange import Exchange
from telephony.tests.real_switch.story import Story

CELL = "12403019590"


def test_nobody_answers(story: Story) -> None:
    ann, eve, bob, joe = story.phone("ann"), story.phone("eve", "ring"), story.phone("bob", "ring"), story.phone("joe")
    carrier = story.carrier("ring")
    inside = ann.call("1007").until_ringing()
    to_the_source = story.link("bob", "1005", "12403019591")
    to_the_destination = story.link("joe", "1008", "12403019592")
    joe.next_call()
    assert inside.until_refused() == 480
    to_the_source.ended("failed", "NO_ANSWER")
    to_the_destination.ended("failed", "NO_ANSWER")
    for phone in (eve, bob, carrier):
        phone.next_call().until_ended()
    calls = {call["call_from"]: call for call in story.new_calls()}
    assert sorted(calls) == ["1005", "1006", "1008"]
    for call in calls.values():
        assert (call["hangup_cause"], call["answered"], call["bill_duration"], call["recording"]) == ("NO_ANSWER", False, 0, "")
    assert story.seen_by("eve", calls["1006"]) is not None, "she sees whom she missed"
