"""What the captured scenarios come to, in whatever order and however often their records are posted."""

import itertools
import random
from collections.abc import Callable

import pytest
from django.http import HttpResponse

from telephony.models import Call, Leg, Quarantine
from telephony.tests.captures import TABLE, posts_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("scenario", TABLE)
def test_every_order_of_a_scenario_gives_its_row(scenario: str, post_cdr: Callable[..., HttpResponse]) -> None:
    expected = TABLE[scenario]
    for order in itertools.permutations(posts_of(scenario)[:4]):
        Leg.objects.all().delete()
        Call.objects.all().delete()
        for post in [*order, *posts_of(scenario)[4:], *order]:
            assert post_cdr(post).status_code == 200, post.name
        call = Call.objects.get()
        assert (call.caller_number, call.callee_number, call.bill_seconds, call.hangup_cause) == expected
        assert call.answered == (expected[2] > 0)
        a_legs = [leg for leg in call.legs.all() if not leg.originator_uuid]
        assert [leg.uuid for leg in a_legs] == [call.call_uuid]
        assert all(leg.switch.name == "fs1" for leg in call.legs.all())
    assert not Quarantine.objects.exists()


@pytest.mark.parametrize("seed", range(3))
def test_all_scenarios_mixed_and_twice_give_the_table(seed: int, post_cdr: Callable[..., HttpResponse]) -> None:
    posts = [post for scenario in TABLE for post in posts_of(scenario)] * 2
    random.Random(seed).shuffle(posts)
    assert {post_cdr(post).status_code for post in posts} == {200}
    rows = sorted((c.caller_number, c.callee_number, c.bill_seconds, c.hangup_cause) for c in Call.objects.all())
    # What was spilled is the same call as the one whose posts failed.
    assert rows == sorted(row for name, row in TABLE.items() if name != "spilled")
    assert not Quarantine.objects.exists()


@pytest.mark.parametrize(
    ("scenario", "direction", "local"),
    [
        ("local-answered", "outbound", True),
        ("local-not-registered", "outbound", True),
        ("local-no-route", "outbound", False),
        ("outbound-answered", "outbound", False),
        ("inbound-answered", "inbound", False),
        ("call-link-answered", "outbound", False),
        ("call-link-destination-rejected", "outbound", True),
    ],
)
def test_direction(scenario: str, direction: str, local: bool, post_cdr: Callable[..., HttpResponse]) -> None:
    for post in posts_of(scenario):
        post_cdr(post)
    call = Call.objects.get()
    assert (call.direction, call.local) == (direction, local)
