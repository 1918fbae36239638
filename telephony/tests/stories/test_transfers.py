"""The stories of holds and transfers that were recorded on a real switch, told again on the simulated one with the portal behind it."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from accounts.models import User
from demo.switch.exchange import Settings
from demo.switch.portal import Portal
from demo.switch.simulator import SimulatedSwitch
from demo.tests.conversations import eventually
from telephony.models import Assignment, Call, Gateway, Leg, Recording
from telephony.switch.cdr import LegRecord, parse_cdr
from telephony.tests.captures import HANDED_OVER, posts_of

pytestmark = pytest.mark.django_db(transaction=True)

OUTSIDE = "12025550123"
PACE = 0.02
# The third party. On the real switch 1007 was; on the simulated one that is who is never registered.
THIRD = "1004"


class Story:
    """People with phones, on a switch that asks the portal."""

    def __init__(self, switch: SimulatedSwitch) -> None:
        self.switch = switch

    def talk(self, extension: str, number: str) -> tuple[str, str]:
        """Call from an extension and wait until somebody answers; return the uuids of both legs."""
        return self._until_answered(self.switch.dial(extension, number))

    def talk_from_outside(self, number: str) -> tuple[str, str]:
        return self._until_answered(self.switch.call_in(OUTSIDE, number))

    def _until_answered(self, leg: str) -> tuple[str, str]:
        assert eventually(lambda: bool(self.switch.other_end(leg)))
        return leg, self.switch.other_end(leg)

    def hand_over(self, leg: str, number: str) -> str:
        """Hand whom a leg talks to over, wait until the next one answers, and return its leg."""
        other = self.switch.other_end(leg)
        assert self.switch.hand_over(leg, number)
        assert eventually(lambda: self.switch.other_end(other) not in ("", leg))
        return self.switch.other_end(other)

    def join(self, leg: str, consulted: str) -> str:
        other, third = self.switch.other_end(leg), self.switch.other_end(consulted)
        assert self.switch.join(leg, consulted)
        assert eventually(lambda: self.switch.other_end(other) == third)
        return third

    def let_pass(self, seconds: float) -> None:
        """Let at least so many seconds of a call pass."""
        time.sleep(seconds * PACE)

    def usage(self, person: User) -> int:
        living = [leg.uuid for leg in self.switch.exchange.legs()]
        return self.switch.exchange.limits.usage("portal_user", str(person.pk), living)

    def end(self, leg: str = "") -> None:
        """Hang up, where somebody still talks, and wait until every record is in."""
        if leg:
            assert self.switch.hang_up(leg)
        assert eventually(lambda: not self.switch.exchange.running() and not self.switch.exchange.legs())


@pytest.fixture
def people(hold: Callable[..., Assignment], make_person: Callable[..., User]) -> dict[str, Assignment]:
    held = {
        exten: hold(make_person(name), exten, number)
        for exten, name, number in (
            ("1005", "bob", "17036879448"), ("1006", "ann", "17036879447"), (THIRD, "eve", "17036879449"),
        )
    }  # fmt: skip
    Gateway.objects.get_or_create(name="carrier", defaults={"domain": held["1006"].extension.domain})
    return held


@pytest.fixture
def story(live_server: Any, settings: Any, tmp_path: Path, people: dict[str, Assignment]) -> Iterator[Story]:
    settings.PUBLIC_URL, settings.RECORDINGS_ROOT = live_server.url, tmp_path
    settings.FREESWITCH_RECORDINGS_DIR = "/recordings"
    portal = Portal(live_server.url, django_settings.FREESWITCH_HTTP_USER, django_settings.FREESWITCH_HTTP_PASSWORD)
    # People talk until they hang up.
    with SimulatedSwitch(Settings(portal=portal, pace=PACE, talk=100_000, create_delay=0)) as switch:
        yield Story(switch)


def blind_by_caller_local(story: Story) -> None:
    leg, _ = story.talk("1006", "1005")
    story.end(story.hand_over(leg, THIRD))


def blind_by_callee_local(story: Story) -> None:
    leg, other = story.talk("1006", "1005")
    story.hand_over(other, THIRD)
    story.end(leg)


def blind_by_caller_outbound(story: Story) -> None:
    leg, _ = story.talk("1006", "12403019517")
    story.end(story.hand_over(leg, "1005"))


def blind_by_callee_inbound(story: Story) -> None:
    leg, other = story.talk_from_outside("17036879447")
    story.hand_over(other, "1005")
    story.end(leg)


def blind_inbound_to_outside(story: Story) -> None:
    leg, other = story.talk_from_outside("17036879447")
    story.hand_over(other, "12403019518")
    story.end(leg)


def blind_local_to_outside_by_callee(story: Story) -> None:
    leg, other = story.talk("1006", "1005")
    story.hand_over(other, "12403019518")
    story.end(leg)


def blind_refused(story: Story) -> None:
    leg, _ = story.talk("1006", "1005")
    assert story.switch.hand_over(leg, "18765551234")
    story.end()


def attended_local(story: Story) -> None:
    leg, _ = story.talk("1006", "1005")
    assert story.switch.hold(leg)
    consulted, _ = story.talk("1006", THIRD)
    story.end(story.join(leg, consulted))


def attended_inbound(story: Story) -> None:
    leg, other = story.talk_from_outside("17036879447")
    assert story.switch.hold(other)
    consulted, _ = story.talk("1006", "1005")
    story.join(other, consulted)
    story.end(leg)


def attended_outbound(story: Story) -> None:
    leg, _ = story.talk("1006", "12403019517")
    assert story.switch.hold(leg)
    consulted, _ = story.talk("1006", "1005")
    story.end(story.join(leg, consulted))


def attended_by_callee_local(story: Story) -> None:
    leg, other = story.talk("1005", "1006")
    assert story.switch.hold(other)
    consulted, _ = story.talk("1006", THIRD)
    story.join(other, consulted)
    story.end(leg)


def blind_after_attended(story: Story) -> None:
    leg, other = story.talk("1006", "1005")
    consulted, _ = story.talk("1006", THIRD)
    third = story.join(leg, consulted)
    story.hand_over(third, "12403019518")
    story.end(other)


def hold_local(story: Story) -> None:
    leg, _ = story.talk("1006", "1005")
    for _ in range(2):
        assert story.switch.hold(leg)
        story.let_pass(3)
        assert story.switch.unhold(leg)
    story.end(leg)


STORIES = {
    told.__name__.replace("_", "-"): told
    for told in (
        blind_by_caller_local, blind_by_callee_local, blind_by_caller_outbound, blind_by_callee_inbound,
        blind_inbound_to_outside, blind_local_to_outside_by_callee, blind_refused, attended_local, attended_inbound,
        attended_outbound, attended_by_callee_local, blind_after_attended, hold_local,
    )
}  # fmt: skip
PAYERS = {
    "blind-by-caller-outbound": "1006", "blind-inbound-to-outside": "1006", "blind-local-to-outside-by-callee": "1005",
    "attended-outbound": "1006", "blind-after-attended": THIRD,
}  # fmt: skip


def shape(records: list[LegRecord]) -> list[Any]:
    """Return what records say of how legs hang together, without what differs from one telling to the next."""
    names = {record.uuid: f"{record.user or record.gateway or 'outside'} {record.destination}" for record in records}
    return sorted(
        (
            names[record.uuid], record.direction, record.call_direction, record.context, record.talked,
            names.get(record.originator_uuid, record.originator_uuid), sorted(names[uuid] for uuid in record.links),
            len(record.raw["callflow"]), record.portal_payer_id is not None, record.hold_seconds > 0,
        )
        for record in records
    )  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_a_story_told_on_the_simulated_switch(story: Story, people: dict[str, Assignment], name: str) -> None:
    STORIES[name](story)
    caller, callee, direction, local, *_, legs = HANDED_OVER[name]
    call = Call.objects.get()
    assert (call.caller_number, call.callee_number, call.direction, call.local) == (caller, callee, direction, local)
    assert (call.answered, call.hangup_cause, call.legs.count()) == (True, "NORMAL_CLEARING", legs)
    payers = [leg.portal_payer_id for leg in Leg.objects.exclude(portal_payer_id=None)]
    assert payers == ([people[PAYERS[name]].user_id] if name in PAYERS else [])
    assert eventually(lambda: Recording.objects.filter(call=call).exists())
    # The legs hang together as those of the real switch did.
    theirs = [parse_cdr(post.body.replace(b"1007", THIRD.encode())) for post in posts_of(name)]
    assert shape([parse_cdr(json.dumps(leg.raw).encode()) for leg in Leg.objects.all()]) == shape(theirs)


# -- what must not happen --------------------------------------------------------------------------------------------------


def test_calls_at_once_are_counted_for_as_long_as_they_live(story: Story, people: dict[str, Assignment]) -> None:
    ann = people["1006"].user
    first, outside = story.talk("1006", "12403019517")
    second, other = story.talk("1006", "12403019518")
    assert story.usage(ann) == 2
    story.join(first, second)
    assert story.usage(ann) == 2, "she is gone, and pays for both"
    refused = story.switch.dial("1006", "12403019519")
    assert eventually(lambda: Leg.objects.filter(uuid=refused, hangup_cause="CALL_REJECTED").exists())
    story.end(outside)
    assert other
    assert story.usage(ann) == 0


def test_a_carrier_hands_nothing_over(story: Story) -> None:
    _, outside = story.talk("1006", "12403019517")
    assert story.switch.hand_over(outside, "12403019518")
    story.end()
    call = Call.objects.get()
    assert call.legs.count() == 2


def test_who_is_nobodys_other_end_is_not_joined(story: Story) -> None:
    leg, other = story.talk("1006", "1005")
    assert not story.switch.join(leg, "11111111-2222-4333-8444-555555555555")
    assert story.switch.join(leg, leg)
    assert eventually(lambda: story.switch.other_end(leg) == other)
    story.end(leg)
    assert not story.switch.hand_over(leg, THIRD)
    assert not story.switch.hold(leg)
