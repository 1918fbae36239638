"""How much an extension may call outside, as the switch holds it to it: what is counted are its holder's calls there, no others."""

from collections.abc import Callable, Iterator

import pytest

from telephony.tests.real_switch.exchange import DOMAIN, Exchange
from telephony.tests.real_switch.sip.phone import Phone
from telephony.tests.real_switch.story import OUTSIDE, Story, talk
from telephony.tests.real_switch.test_revoking import extension_id

LIMITS = ("at_once", "an_hour", "minutes_a_day", "longest_minutes")


@pytest.fixture
def limited(exchange: Exchange) -> Iterator[Callable[..., None]]:
    """Give Ann's extension limits of its own, which are forgotten afterwards."""
    path = f"extensions/{extension_id(exchange, '1006')}"

    def limit(**limits: int | None) -> None:
        in_force = exchange.ask(path, "PATCH", {"limits": limits})["limits_in_force"]
        assert {name: in_force[name] for name in limits if limits[name] is not None} == {
            name: value for name, value in limits.items() if value is not None
        }

    yield limit
    limit(**dict.fromkeys(LIMITS))


def calls_outside(phone: Phone, carrier: Phone, number: str) -> None:
    """Talk a moment with somebody outside."""
    with talk(phone.call(number), 10):
        carrier.next_call().hang_up()


def is_rejected(phone: Phone, carrier: Phone, number: str) -> bool:
    """Tell whether the switch refuses a call, and the carrier hears nothing of it."""
    return phone.call(number).until_refused() == 603 and carrier.incoming.empty()


def test_calls_at_once(story: Story, limited: Callable[..., None]) -> None:
    limited(at_once=1)
    ann, bob, eve, carrier = story.phone("ann"), story.phone("bob"), story.phone("eve"), story.carrier()
    first = ann.call("12403019581").until_answered()
    outside = carrier.next_call()
    assert is_rejected(ann, carrier, "12403019582")
    # Inside nothing is counted, nor who calls her, nor what others do.
    calls_inside = ann.call("1005")
    with talk(calls_inside, 10):
        bob.next_call().hang_up()
    with talk(carrier.call(story.exchange.people["ann"].number), 10):
        ann.next_call().hang_up()
    calls_outside(eve, carrier, "12403019583")
    outside.until_heard(10).hang_up()
    first.until_ended()
    calls_outside(ann, carrier, "12403019584")
    causes = {call["call_to"]: call["hangup_cause"] for call in story.new_calls() if not call["answered"]}
    assert causes == {"12403019582": "CALL_REJECTED"}


def test_a_link_counts_as_well(story: Story, limited: Callable[..., None]) -> None:
    """Her phone talks outside already, so the switch rings her, and then calls nobody."""
    limited(at_once=1)
    ann, carrier = story.phone("ann"), story.carrier()
    first = ann.call("12403019585").until_answered()
    outside = carrier.next_call()
    link = story.link("ann", "1006", "12403019586")
    ann.next_call().until_ended()
    assert carrier.incoming.empty()
    outside.until_heard(10).hang_up()
    first.until_ended()
    link.ended("failed", "CALL_REJECTED")


def test_calls_an_hour(story: Story, limited: Callable[..., None]) -> None:
    exchange = story.exchange
    [person] = exchange.ask("users?auth0_id=auth0%7Cann")
    # Other stories have had her call, within this hour.
    exchange.switch.ask(f"limit_interval_reset hash portal_user_hour {person['id']}")
    limited(an_hour=2)
    ann, bob, eve, carrier = story.phone("ann"), story.phone("bob"), story.phone("eve"), story.carrier()
    calls_outside(ann, carrier, "12403019591")
    calls_outside(ann, carrier, "12403019592")
    assert is_rejected(ann, carrier, "12403019593")
    assert is_rejected(ann, carrier, "12403019594")
    with talk(ann.call("1005"), 10):
        bob.next_call().hang_up()
    calls_outside(eve, carrier, "12403019595")
    limited(an_hour=10)
    calls_outside(ann, carrier, "12403019596")
    causes = {call["call_to"]: call["hangup_cause"] for call in story.new_calls() if not call["answered"]}
    assert causes == dict.fromkeys(("12403019593", "12403019594"), "CALL_REJECTED")


def test_the_longest_call(story: Story, limited: Callable[..., None]) -> None:
    """A minute is the least that can be set; it goes on when she hands the call over, and is none of others' and of those inside."""
    limited(longest_minutes=1)
    ann, bob, eve, carrier = story.phone("ann"), story.phone("bob"), story.phone("eve"), story.carrier()
    inside = ann.call("1007").until_answered()
    elses = eve.call("12403019597").until_answered()
    at_eves, at_carriers = eve.next_call(), carrier.next_call()
    handed_over = ann.call("12403019598").until_answered().until_heard(25)
    outside_bobs = carrier.next_call()
    assert handed_over.transfer(f"sip:1005@{DOMAIN}") == 202
    handed_over.until_ended()
    at_bobs = bob.next_call()
    at_bobs.until_hears(carrier.hertz)
    call = ann.call(OUTSIDE)
    with talk(call, 50) as clock:
        outside = carrier.next_call()
        outside.until_ended(90)
    assert 59 < clock["seconds"] < 63
    assert not outside.hung_up_by_us
    at_bobs.until_ended(1)
    outside_bobs.until_ended(1)
    assert not outside_bobs.hung_up_by_us
    assert not inside.ended
    assert not elses.ended
    at_eves.until_hears(ann.hertz)
    at_carriers.until_hears(eve.hertz)
    at_eves.hang_up()
    at_carriers.hang_up()
    told = {found["call_to"]: found for found in story.new_calls()}
    assert set(told) == {"1007", "12403019597", "12403019598", OUTSIDE}
    cut = told[OUTSIDE]
    assert (cut["hangup_cause"], cut["answered"], cut["bill_duration"]) == ("ALLOTTED_TIMEOUT", True, 60)
