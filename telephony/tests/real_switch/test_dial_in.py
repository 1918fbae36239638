"""Call links of mode `dial_in`: somebody calls their own number from their cell phone, and is put through, once."""

from collections.abc import Iterator

import pytest

from telephony.tests.real_switch.exchange import Exchange
from telephony.tests.real_switch.sip.messages import user_of
from telephony.tests.real_switch.story import OUTSIDE, Link, Story, talk

CELL, NUMBER = OUTSIDE, "17036879448"


@pytest.fixture(autouse=True)
def cell_phone(exchange: Exchange) -> Iterator[None]:
    """Ann's cell phone is the one from which the carrier calls."""
    exchange.ask("cell-phone", "PUT", {"number": CELL}, by="ann")
    yield
    exchange.ask("cell-phone", "DELETE", by="ann")


def awaiting(story: Story, destination: str) -> Link:
    """Return a link that waits for Ann to dial."""
    placed = story.exchange.ask("call-link", "POST", {"mode": "dial_in", "destination_number": destination}, by="ann")
    assert placed["status"] == "queued"
    return Link(story.exchange, "ann", placed["id"], "")


def test_once(story: Story) -> None:
    ann, carrier = story.phone("ann"), story.carrier()
    link = awaiting(story, "12403019571")
    call = carrier.call(NUMBER)
    destination = carrier.next_call()
    with talk(call, 100) as clock:
        destination.hang_up()
    assert destination.invitation is not None
    assert user_of(f"<{destination.invitation.uri}>") == "12403019571"
    assert user_of(destination.invitation.get("from")) == NUMBER
    assert ann.incoming.empty()
    link.ended("completed", "NORMAL_CLEARING")
    found = story.only_call(call_to="12403019571", answered=True, hangup_cause="NORMAL_CLEARING", call_direction="outbound")
    assert found["call_uuid"] == link.now()["call_uuid"]
    assert abs(found["bill_duration"] - clock["seconds"]) < 1.5
    assert story.recording(found).speaks(1, "carrier")


def test_the_next_call_rings_the_phone(story: Story) -> None:
    ann, carrier = story.phone("ann"), story.carrier()
    link = awaiting(story, "12403019572")
    carrier.policies = {"12403019572": 486}
    assert carrier.call(NUMBER).until_refused() == 486
    link.ended("failed", "USER_BUSY")
    carrier.calls.clear()
    with talk(carrier.call(NUMBER), 25):
        ann.next_call().hang_up()
    directions = sorted((call["call_direction"], call["answered"]) for call in story.new_calls())
    assert directions == [("inbound", True), ("outbound", False)]


def test_nobody_else_is_put_through(story: Story) -> None:
    ann, carrier = story.phone("ann"), story.carrier()
    link = awaiting(story, "12403019573")
    with talk(carrier.call(NUMBER, shown="<sip:12403019500@carrier.example.net>"), 25):
        ann.next_call().hang_up()
    assert carrier.incoming.empty()
    assert link.now()["status"] == "queued"
    link.hang_up()
    link.ended("cancelled", "ORIGINATOR_CANCEL")
