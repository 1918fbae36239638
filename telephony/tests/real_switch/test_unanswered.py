"""Calls that nobody answers. They take half a minute each, and so are told at once."""

from telephony.tests.real_switch.story import OUTSIDE, Story

CELL, SILENT = "12403019599", "12403019592"


def test_nobody_answers(story: Story) -> None:
    ann, _, joe = story.phone("ann"), story.phone("bob", "ring"), story.phone("joe")
    carrier = story.carrier()
    carrier.policies = {SILENT: "ring"}
    story.exchange.portal.change("UPDATE telephony_extension SET forward_to = ? WHERE number = '1007'", CELL)
    inside = ann.call("1005").until_ringing()
    to_the_source = story.link("bob", "1005", "12403019591")
    to_the_destination = story.link("joe", "1008", SILENT)
    to_a_voicemail = carrier.call("17036879449")
    joe.next_call()
    carrier.next_call(), carrier.next_call()
    assert inside.until_refused() == 480
    assert to_a_voicemail.until_refused() == 480
    to_the_source.ended("failed", "NO_ANSWER")
    to_the_destination.ended("failed", "NO_ANSWER")
    story.exchange.portal.change("UPDATE telephony_extension SET forward_to = '' WHERE number = '1007'")
    assert carrier.incoming.empty(), "a destination was rung though its source had not answered"
    calls = {call["call_from"]: call for call in story.new_calls()}
    assert sorted(calls) == ["1005", "1006", "1008", OUTSIDE]
    for call in calls.values():
        assert (call["hangup_cause"], call["answered"], call["bill_duration"], call["recording"]) == ("NO_ANSWER", False, 0, "")
    assert story.seen_by("bob", calls["1006"]) is not None, "he sees whom he missed"
    assert story.seen_by("eve", calls[OUTSIDE]) is not None
