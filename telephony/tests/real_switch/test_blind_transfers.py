"""Blind transfers: whoever hands a call over pays for where it goes, and where it may not go is refused."""

import re

from telephony.tests.real_switch.sip.messages import user_of
from telephony.tests.real_switch.story import DOMAIN, OUTSIDE, Story, talk
from telephony.tests.services.test_dialing import FRAUD


def test_blind_by_the_callee(story: Story) -> None:
    ann, bob, eve = story.phone("ann"), story.phone("bob"), story.phone("eve")
    call = ann.call("1005").until_answered().until_heard(50)
    at_bobs = bob.next_call()
    assert at_bobs.transfer(f"sip:1007@{DOMAIN}") == 202
    at_eves = eve.next_call()
    at_bobs.until_ended()
    with talk(call, 50):
        call.until_hears(eve.hertz)
        at_eves.hang_up()
    story.only_call(call_from="1006", call_to="1005", answered=True, hangup_cause="NORMAL_CLEARING", local=True)


def test_blind_of_a_carriers_call_to_the_outside(story: Story) -> None:
    ann, carrier = story.phone("ann"), story.carrier()
    call = carrier.call("17036879448").until_answered().until_heard(50)
    at_anns = ann.next_call()
    assert at_anns.transfer(f"sip:2403019544@{DOMAIN}") == 202
    outside = carrier.next_call()
    with talk(call, 50):
        outside.until_hears(call.phone.hertz)
        outside.hang_up()
    assert outside.invitation is not None
    assert user_of(outside.invitation.get("from")) == "17036879448", "Ann pays, and her number is shown"
    story.only_call(call_from=OUTSIDE, call_to="17036879448", answered=True, call_direction="inbound")


def test_what_fraudsters_have_handed_over_by_a_callee(story: Story) -> None:
    """By whom they have called: it is refused, and no carrier hears of it."""
    ann, bob, carrier, spare = story.phone("ann"), story.phone("bob"), story.carrier(), story.carrier(spare=True)
    for number in FRAUD:
        call = ann.call("1005").until_answered().until_heard(5)
        at_bobs = bob.next_call()
        at_bobs.transfer(f"sip:{re.sub(r'[^0-9+]', '', number)}@{DOMAIN}")
        call.until_ended()
        at_bobs.until_ended()
    assert carrier.incoming.empty()
    assert spare.incoming.empty()
    assert len(story.new_calls()) == len(FRAUD)
