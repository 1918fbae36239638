"""Hold and transfers: each is one call."""

import time

from telephony.tests.real_switch.story import Story, talk


def test_hold(story: Story) -> None:
    ann, _ = story.phone("ann"), story.phone("bob")
    call = ann.call("1005")
    with talk(call, 50) as clock:
        call.hold()
        time.sleep(2)
        call.resume()
        call.until_heard(50).hang_up()
    found = story.only_call(call_from="1006", call_to="1005", hangup_cause="NORMAL_CLEARING", answered=True)
    assert abs(found["bill_duration"] - clock["seconds"]) < 1.5
    [held] = [leg["hold_seconds"] for leg in story.detail(found)["legs"] if leg["hold_seconds"]]
    assert held in (1, 2, 3)
    sound = story.recording(found)
    assert sound.speaks(0, "ann")
    assert sound.speaks(1, "bob")


def test_attended(story: Story) -> None:
    ann, bob, eve = story.phone("ann"), story.phone("bob"), story.phone("eve")
    first = ann.call("1005").until_answered().until_heard(50)
    first.hold()
    second = ann.call("1007").until_answered().until_heard(50)
    at_bobs, at_eves = bob.next_call(), eve.next_call()
    assert first.transfer(second.target, second) == 202
    first.until_ended()
    second.until_ended()
    at_bobs.until_heard(50)
    at_eves.until_heard(50)
    at_bobs.hang_up()
    at_eves.until_ended()
    call = story.only_call(call_from="1006", call_to="1005", answered=True, local=True, hangup_cause="NORMAL_CLEARING")
    assert len(story.detail(call)["legs"]) == 4
    for name in ("ann", "bob"):
        assert story.seen_by(name, call) is not None
