"""Call links: the switch rings the source, then the destination; every way in which that ends."""

import time

import pytest

from telephony.tests.real_switch.story import OUTSIDE, Story, talk
from telephony.tests.services.test_dialing import FRAUD

# A repeat of the same pair within half a minute is the same link: each story calls somebody else.
NUMBERS = [f"124030195{n}" for n in range(20, 60)]


@pytest.fixture
def somebody(request: pytest.FixtureRequest) -> str:
    """A number outside that no other story calls."""
    return NUMBERS.pop()


def test_completed(story: Story, somebody: str) -> None:
    ann, carrier = story.phone("ann"), story.carrier()
    link = story.link("ann", "1006", somebody)
    source = ann.next_call()
    destination = carrier.next_call()
    link.until("bridged")
    with talk(source, 100) as clock:
        destination.hang_up()
    link.ended("completed", "NORMAL_CLEARING")
    call = story.only_call(
        call_from="1006", call_to=somebody, hangup_cause="NORMAL_CLEARING", answered=True, local=False, call_direction="outbound",
        call_uuid=link.call_uuid,
    )  # fmt: skip
    assert abs(call["bill_duration"] - clock["seconds"]) < 1.5
    sound = story.recording(call)
    assert sound.speaks(0, "ann")
    assert sound.speaks(1, "carrier")


def test_inside(story: Story) -> None:
    ann, bob = story.phone("ann"), story.phone("bob")
    link = story.link("ann", "1006", "1005")
    source, _ = ann.next_call(), bob.next_call()
    with talk(source, 50):
        source.hang_up()
    link.ended("completed", "NORMAL_CLEARING")
    story.only_call(call_from="1006", call_to="1005", answered=True, local=True, hangup_cause="NORMAL_CLEARING")


def test_from_a_cell_phone(story: Story, somebody: str) -> None:
    """Both ends are outside, and both see the person's own number; the first one's announcement is no answer."""
    carrier = story.carrier("announce")
    link = story.link("ann", OUTSIDE, somebody)
    source = carrier.next_call()
    link.until("ringing_source")
    time.sleep(1)
    assert carrier.incoming.empty(), "the destination was rung before the source had answered"
    carrier.policy = "answer"
    source.answer()
    destination = carrier.next_call()
    with talk(destination, 50):
        destination.hang_up()
    for end in (source, destination):
        assert end.invitation is not None
        assert "<sip:17036879448@" in end.invitation.get("from")
    link.ended("completed", "NORMAL_CLEARING")
    call = story.only_call(
        call_from=OUTSIDE, call_to=somebody, answered=True, hangup_cause="NORMAL_CLEARING", call_direction="outbound"
    )
    assert story.seen_by("ann", call) is not None


# -- the source ------------------------------------------------------------------------------------------------------------


def test_source_not_registered(story: Story, somebody: str) -> None:
    carrier = story.carrier()
    story.link("ann", "1006", somebody).ended("failed", "USER_NOT_REGISTERED")
    assert carrier.incoming.empty()
    story.no_call()


def test_source_busy(story: Story, somebody: str) -> None:
    _, carrier = story.phone("ann", 486), story.carrier()
    story.link("ann", "1006", somebody).ended("failed", "USER_BUSY")
    assert carrier.incoming.empty()
    story.only_call(call_from="1006", hangup_cause="USER_BUSY", answered=False, bill_duration=0, recording="")


def test_source_hangs_up_early(story: Story, somebody: str) -> None:
    ann, carrier = story.phone("ann"), story.carrier("ring")
    link = story.link("ann", "1006", somebody)
    source, destination = ann.next_call(), carrier.next_call()
    source.hang_up()
    destination.until_ended()
    link.ended("failed", "ORIGINATOR_CANCEL")
    story.only_call(
        call_from="1006", call_to=somebody, hangup_cause="ORIGINATOR_CANCEL", answered=False, bill_duration=0, recording=""
    )


# -- the destination -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "cause"), [(486, "USER_BUSY"), (404, "UNALLOCATED_NUMBER"), (603, "CALL_REJECTED"), (480, "NO_USER_RESPONSE")]
)
def test_destination_declines(story: Story, somebody: str, status: int, cause: str) -> None:
    ann, _ = story.phone("ann"), story.carrier(status)
    link = story.link("ann", "1006", somebody)
    ann.next_call().until_ended()
    link.ended("failed", cause)
    story.only_call(call_from="1006", call_to=somebody, hangup_cause=cause, answered=False, bill_duration=0, recording="")


def test_destination_not_registered(story: Story) -> None:
    ann = story.phone("ann")
    link = story.link("ann", "1006", "1007")
    ann.next_call().until_ended()
    link.ended("failed", "USER_NOT_REGISTERED")
    story.only_call(call_from="1006", call_to="1007", hangup_cause="USER_NOT_REGISTERED", answered=False, bill_duration=0)


# -- cancelled -------------------------------------------------------------------------------------------------------------


def test_cancelled_at_once(story: Story, somebody: str) -> None:
    ann, carrier = story.phone("ann", "ring"), story.carrier()
    link = story.link("ann", "1006", somebody)
    link.hang_up()
    link.ended("cancelled", "ORIGINATOR_CANCEL")
    ann.next_call().until_ended()
    assert carrier.incoming.empty()
    story.only_call(call_from="1006", hangup_cause="ORIGINATOR_CANCEL", answered=False)


def test_cancelled_while_the_source_rings(story: Story, somebody: str) -> None:
    ann, carrier = story.phone("ann", "ring"), story.carrier()
    link = story.link("ann", "1006", somebody)
    source = ann.next_call()
    link.until("ringing_source")
    link.hang_up()
    source.until_ended()
    link.ended("cancelled", "ORIGINATOR_CANCEL")
    assert carrier.incoming.empty()
    story.only_call(call_from="1006", hangup_cause="ORIGINATOR_CANCEL", answered=False)


def test_cancelled_while_the_destination_rings(story: Story, somebody: str) -> None:
    ann, carrier = story.phone("ann"), story.carrier("ring")
    link = story.link("ann", "1006", somebody)
    source, destination = ann.next_call(), carrier.next_call()
    link.until("source_answered")
    link.hang_up()
    source.until_ended()
    destination.until_ended()
    link.ended("cancelled", "ORIGINATOR_CANCEL")
    story.only_call(call_from="1006", call_to=somebody, hangup_cause="ORIGINATOR_CANCEL", answered=False, recording="")


def test_hung_up_while_they_talk(story: Story, somebody: str) -> None:
    ann, _ = story.phone("ann"), story.carrier()
    link = story.link("ann", "1006", somebody)
    source = ann.next_call()
    link.until("bridged")
    with talk(source, 50):
        link.hang_up()
    link.ended("completed", "NORMAL_CLEARING")
    story.only_call(call_from="1006", call_to=somebody, hangup_cause="NORMAL_CLEARING", answered=True)


def test_what_fraudsters_would_link(story: Story) -> None:
    """On neither leg, and the phone does not even ring."""
    ann, carrier = story.phone("ann"), story.carrier()
    proof = story.exchange.people["ann"].proof
    for number in FRAUD:
        for source, destination in (("1006", number), (number, OUTSIDE)):
            body = {"source_number": source, "destination_number": destination}
            status, answer = story.exchange.portal.ask("call-link", proof, "POST", body)
            assert (status, answer["code"]) == (403, "destination_not_allowed"), body
    assert ann.incoming.empty()
    assert carrier.incoming.empty()
    story.no_call()
