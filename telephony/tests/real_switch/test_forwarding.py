"""An extension that is forwarded to a cell phone: whoever answers there has to press 1."""

from collections.abc import Iterator

import pytest

from telephony.tests.real_switch.exchange import Exchange
from telephony.tests.real_switch.sip.messages import user_of
from telephony.tests.real_switch.story import OUTSIDE, Story, talk

CELL = "12403019599"


@pytest.fixture(autouse=True)
def forwarded(exchange: Exchange) -> Iterator[None]:
    """Eve is forwarded to her cell phone."""
    exchange.portal.change("UPDATE telephony_extension SET forward_to = ? WHERE number = '1007'", CELL)
    yield
    exchange.portal.change("UPDATE telephony_extension SET forward_to = '' WHERE number = '1007'")


def test_confirmed(story: Story) -> None:
    carrier = story.carrier()
    call = carrier.call("17036879449")
    cell = carrier.next_call()
    assert cell.invitation is not None
    assert user_of(f"<{cell.invitation.uri}>") == CELL
    assert user_of(cell.invitation.get("from")) == "17036879449"
    cell.until_heard(25)
    assert call.status != 200, "nobody has confirmed yet"
    cell.press("1")
    with talk(call, 100) as clock:
        cell.hang_up()
    found = story.only_call(
        call_from=OUTSIDE, call_to="17036879449", hangup_cause="NORMAL_CLEARING", answered=True, call_direction="inbound"
    )
    assert abs(found["bill_duration"] - clock["seconds"]) < 3
    assert story.seen_by("eve", found) is not None
    assert story.recording(found).speaks(0, "carrier")


def test_from_inside(story: Story) -> None:
    ann, carrier = story.phone("ann"), story.carrier()
    call = ann.call("1007")
    cell = carrier.next_call()
    assert cell.invitation is not None
    assert user_of(cell.invitation.get("from")) == "17036879449", "it is on Eve's account, and shows her number"
    cell.until_heard(25).press("1")
    with talk(call, 50):
        call.hang_up()
    found = story.only_call(call_from="1006", call_to="1007", hangup_cause="NORMAL_CLEARING", answered=True)
    assert story.seen_by("eve", found) is not None


def test_who_is_busy_is_not_forwarded(story: Story) -> None:
    ann, _, carrier = story.phone("ann"), story.phone("eve", 486), story.carrier()
    assert ann.call("1007").until_refused() == 486
    assert carrier.incoming.empty()
    story.only_call(call_to="1007", hangup_cause="USER_BUSY", answered=False)
