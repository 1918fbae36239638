"""Calls from one extension to another: 1006 is Ann's, 1005 Bob's."""

import pytest

from telephony.tests.real_switch.story import Story, talk


def test_answered(story: Story) -> None:
    ann, bob = story.phone("ann"), story.phone("bob")
    call = ann.call("1005")
    with talk(call) as clock:
        heard = bob.next_call()
        heard.until_hears(ann.hertz)
        call.until_hears(bob.hertz)
        heard.hang_up()
    found = story.only_call(
        call_from="1006", call_to="1005", hangup_cause="NORMAL_CLEARING", answered=True, local=True, call_direction="outbound"
    )
    assert abs(found["bill_duration"] - clock["seconds"]) < 1.5
    seen = story.seen_by("bob", found)
    assert seen is not None
    assert (seen["call_direction"], seen["answered"]) == ("inbound", True)
    assert story.seen_by("eve", found) is None
    sound = story.recording(found)
    assert abs(sound.seconds - clock["seconds"]) < 1.5
    assert sound.speaks(0, "ann")
    assert sound.speaks(1, "bob")


def test_busy(story: Story) -> None:
    ann, _ = story.phone("ann"), story.phone("bob", 486)
    assert ann.call("1005").until_refused() == 486
    call = story.only_call(
        call_from="1006", call_to="1005", hangup_cause="USER_BUSY", answered=False, bill_duration=0, recording=""
    )
    assert story.seen_by("bob", call) is not None, "he sees whom he missed"


def test_not_registered(story: Story) -> None:
    ann = story.phone("ann")
    assert ann.call("1005").until_refused() == 480
    story.only_call(call_to="1005", hangup_cause="USER_NOT_REGISTERED", answered=False, bill_duration=0, recording="")


def test_cancelled(story: Story) -> None:
    ann, bob = story.phone("ann"), story.phone("bob", "ring")
    call = ann.call("1005").until_ringing()
    rung = bob.next_call()
    call.hang_up()
    rung.until_ended()
    story.only_call(call_to="1005", hangup_cause="ORIGINATOR_CANCEL", answered=False, bill_duration=0, recording="")


@pytest.mark.parametrize("number", ["4444", "1010", "0"])
def test_nobody(story: Story, number: str) -> None:
    assert story.phone("ann").call(number).until_refused() == 404
    story.only_call(call_to=number, hangup_cause="NO_ROUTE_DESTINATION", answered=False)
