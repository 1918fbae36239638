"""Hold and transfers: each is one call."""

import re
import time

import pytest

from telephony.tests.real_switch.exchange import DOMAIN
from telephony.tests.real_switch.sip.messages import user_of
from telephony.tests.real_switch.sip.phone import Phone
from telephony.tests.real_switch.story import OUTSIDE, Story, talk
from telephony.tests.services.test_dialing import FRAUD


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
    at_bobs.until_hears(eve.hertz)
    at_eves.until_hears(bob.hertz)
    at_bobs.hang_up()
    at_eves.until_ended()
    call = story.only_call(call_from="1006", call_to="1005", answered=True, local=True, hangup_cause="NORMAL_CLEARING")
    assert len(story.detail(call)["legs"]) == 4
    for name in ("ann", "bob"):
        assert story.seen_by(name, call) is not None


# -- blind -----------------------------------------------------------------------------------------------------------------


def test_blind_by_the_caller(story: Story) -> None:
    ann, bob, eve = story.phone("ann"), story.phone("bob"), story.phone("eve")
    first = ann.call("1005").until_answered().until_heard(50)
    at_bobs = bob.next_call()
    assert first.transfer(address("1007")) == 202
    first.until_ended()
    at_eves = eve.next_call().until_heard(50)
    assert user_of(at_eves.messages[0].get("from")) == "1005", "who remains is shown"
    at_bobs.hang_up()
    at_eves.until_ended()
    call = story.only_call(call_from="1006", call_to="1005", answered=True, local=True, hangup_cause="NORMAL_CLEARING")
    assert len(story.detail(call)["legs"]) == 3
    # The recording goes on with those who remain.
    assert story.recording(call).seconds > 1.5


def test_blind_by_the_callee_of_a_call_from_outside(story: Story) -> None:
    ann, bob, carrier = story.phone("ann"), story.phone("bob"), story.carrier()
    outside = carrier.call(story.exchange.people["ann"].number).until_answered()
    at_anns = ann.next_call().until_heard(50)
    assert at_anns.transfer(address("1005")) == 202
    at_bobs = bob.next_call().until_heard(50)
    assert user_of(at_bobs.messages[0].get("from")) == OUTSIDE
    outside.hang_up()
    at_bobs.until_ended()
    story.only_call(call_from=OUTSIDE, call_to=story.exchange.people["ann"].number, answered=True, call_direction="inbound")


def test_to_the_outside_it_is_whoever_hands_it_over_that_the_carrier_sees(story: Story) -> None:
    ann, bob, carrier = story.phone("ann"), story.phone("bob"), story.carrier()
    called = ann.call("1005").until_answered().until_heard(50)
    assert bob.next_call().transfer(address("12403019518")) == 202
    far = carrier.next_call().until_heard(50)
    assert user_of(far.messages[0].get("from")) == story.exchange.people["bob"].number
    called.hang_up()
    far.until_ended()
    call = story.only_call(call_from="1006", call_to="1005", answered=True, local=True)
    assert len(story.detail(call)["legs"]) == 3


# -- what must not happen --------------------------------------------------------------------------------------------------


def test_what_fraudsters_call_is_not_called_after_a_transfer_either(story: Story) -> None:
    ann, bob, carrier = story.phone("ann"), story.phone("bob"), story.carrier()
    for number in FRAUD:
        # The switch answers her before it has joined the two, and until then hands nothing over.
        call = ann.call("1005").until_answered().until_hears(bob.hertz, 1)
        at_bobs = bob.next_call()
        assert call.transfer(address(re.sub(r"[^0-9+]", "", number))) == 202
        at_bobs.until_ended()
    assert_idle(carrier)
    assert {(call["call_from"], call["call_to"]) for call in story.new_calls()} == {("1006", "1005")}


@pytest.mark.parametrize(
    "target",
    [
        "sip:19005551234@127.0.0.1:{port}?Replaces=bogus%3Bto-tag%3Da%3Bfrom-tag%3Db",
        "sip:a,sofia/gateway/carrier/19005551234,b@127.0.0.1:9?Replaces=bogus%3Bto-tag%3Da%3Bfrom-tag%3Db",
        "sip:x@127.0.0.1:9?Replaces=bogus}}sofia/gateway/carrier/19005551235,error/x",
        "sip:x@127.0.0.1:9;foo=bar}}sofia/gateway/carrier/19005551236,error/x?Replaces=bogus%3Bto-tag%3Da%3Bfrom-tag%3Db",
    ],
)
def test_no_address_is_called_past_the_portal(story: Story, target: str) -> None:
    ann, carrier = story.phone("ann"), story.carrier()
    story.phone("bob")
    call = ann.call("1005").until_answered().until_heard(50)
    assert call.transfer(target.format(port=story.exchange.carriers[0])) == 202
    time.sleep(1.5)
    assert_idle(carrier)
    if "}}" in target:
        call.until_ended()
    else:
        call.hang_up()
    story.only_call(call_from="1006", call_to="1005")


def test_calls_at_once_are_counted_when_who_placed_them_is_gone(story: Story) -> None:
    ann, carrier = story.phone("ann"), story.carrier()
    first = ann.call("12403019518").until_answered().until_heard(50)
    second = ann.call("12403019519").until_answered().until_heard(50)
    ends = [carrier.next_call(), carrier.next_call()]
    assert first.transfer(second.target, second) == 202
    first.until_ended()
    second.until_ended()
    assert ann.call("12403019520").until_refused() == 603
    ends[0].hang_up()
    ends[1].until_ended()
    assert sorted(len(story.detail(call)["legs"]) for call in story.new_calls()) == [1, 4]


def address(number: str) -> str:
    return f"sip:{number}@{DOMAIN}"


def assert_idle(carrier: Phone) -> None:
    """Nobody has called it."""
    with pytest.raises(AssertionError, match="was not called"):
        carrier.next_call(seconds=0.2)
