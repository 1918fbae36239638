"""Calls that were put on hold or handed over, as a real switch recorded them: each one call, its first parties, the elder's id."""

import json
import random
import re
from collections.abc import Callable
from itertools import permutations

import pytest
from django.test import Client

from accounts.models import User
from telephony.models import Assignment, Call, CallAlias, Leg, LegLink
from telephony.tests.captures import HANDED_OVER, Post, posts_of

pytestmark = pytest.mark.django_db

MOST_ORDERS = 6
# The ids that the portal of then had, by the extension.
THEN = {"1": "1005", "2": "1006", "3": "1007"}
Holders = dict[str, Assignment]


@pytest.fixture
def holders(hold: Callable[..., Assignment], make_person: Callable[..., User]) -> Holders:
    """Who holds the extensions of the captures, and their numbers."""
    return {
        "1006": hold(make_person("ann"), "1006", "17036879447"),
        "1005": hold(make_person("bob"), "1005", "17036879448"),
        "1007": hold(make_person("eve"), "1007", "17036879449"),
    }


def records(scenario: str, holders: Holders) -> list[bytes]:
    """Return a scenario's records with the ids of now, in the order in which they came."""

    def now(found: re.Match[str]) -> str:
        held = holders[THEN[found[2]]]
        ids = {"portal_extension_id": held.extension_id, "portal_number_id": held.number_id, "portal_payer": held.user_id}
        return f'"{found[1]}":"{ids.get(found[1], held.extension_id)}"'

    pattern = re.compile(r'"(portal_(?:extension_id|number_id|payer|party|transferred_by))":"([123])"')
    posts = [pattern.sub(now, post.body.decode()).encode() for post in posts_of(scenario) if post.body.startswith(b"{")]
    return posts if scenario != "attended-two-trunks" else posts_of_the_joined(posts)


def posts_of_the_joined(posts: list[bytes]) -> list[bytes]:
    """Leave out the third call of the story, which was refused because two were under way."""
    return [post for post in posts if json.loads(post)["variables"]["hangup_cause"] != "CALL_REJECTED"]


def orders(count: int) -> list[tuple[int, ...]]:
    """Return some orders in which records can come: as they came, the other way round, and by chance, always the same."""
    every = list(permutations(range(count)))
    return [every[0], every[-1], *random.Random(count).sample(every[1:-1], min(MOST_ORDERS, len(every) - 2))]


@pytest.mark.parametrize("scenario", HANDED_OVER)
def test_each_is_one_call_in_whatever_order_its_records_come(post_cdr: Callable, holders: Holders, scenario: str) -> None:
    caller, callee, direction, local, billed, length, legs = HANDED_OVER[scenario]
    bodies = records(scenario, holders)
    assert len(bodies) == legs
    seen = set()
    for order in orders(legs):
        for model in (LegLink, Leg, CallAlias, Call):
            model.objects.all().delete()
        for index in order:
            assert post_cdr(Post("x", "application/json", bodies[index])).json() == {"result": "stored"}
        call = Call.objects.get()
        assert (call.caller_number, call.callee_number, call.direction, call.local) == (caller, callee, direction, local)
        assert (call.answered, call.bill_seconds, call.duration_seconds) == (True, billed, length)
        assert call.hangup_cause == "NORMAL_CLEARING"
        assert call.caller_extension == (holders[caller].extension if caller in holders else None)
        inside = {"17036879447": "1006"}.get(callee, callee)
        assert call.callee_extension == (holders[inside].extension if inside in holders else None)
        seen.add((call.call_uuid, call.started_at, call.answered_at, call.ended_at))
    assert len(seen) == 1, "the order must not matter"


@pytest.mark.parametrize("scenario", [name for name in HANDED_OVER if name.startswith("attended")])
def test_the_elder_of_two_calls_stays_and_the_others_id_leads_to_it(
    client: Client, key_of: Callable, post_cdr: Callable, holders: Holders, scenario: str
) -> None:
    bodies = records(scenario, holders)
    by_start = sorted(bodies, key=lambda body: int(json.loads(body)["variables"]["start_uepoch"]))
    # A switch posts a leg when it ends: the two that say that they were handed over come last here.
    joining = [body for body in by_start if b'"refer_uuid"' in body or b"att_x" in body]
    apart = [body for body in by_start if body not in joining]
    for body in (*apart, *joining):
        post_cdr(Post("x", "application/json", body))
    call = Call.objects.get()
    assert call.pk == min([call.pk, *CallAlias.objects.values_list("former_id", flat=True)])
    for alias in CallAlias.objects.all():
        asked = client.get(f"/api/v2/call-recording/{alias.former_id}", headers=key_of(holders["1006"].user))
        assert (asked.status_code, asked.json()["id"]) == (200, call.pk)


@pytest.mark.parametrize(
    ("scenario", "payer", "number"),
    [
        ("blind-inbound-to-outside", "1006", "12403019518"), ("blind-local-to-outside-by-callee", "1005", "12403019518"),
        ("blind-after-attended", "1007", "12403019518"), ("blind-by-caller-outbound", "1006", "12403019517"),
    ],
)  # fmt: skip
def test_what_left_is_at_the_charge_of_who_handed_it_over(
    post_cdr: Callable, holders: Holders, scenario: str, payer: str, number: str
) -> None:
    for body in records(scenario, holders):
        post_cdr(Post("x", "application/json", body))
    left = Leg.objects.exclude(portal_payer_id=None)
    assert [(leg.portal_payer_id, leg.destination, leg.gateway) for leg in left] == [
        (holders[payer].user_id, number, "carrier")
    ]


def test_a_hold_is_counted(post_cdr: Callable, holders: Holders) -> None:
    for body in records("hold-local", holders):
        post_cdr(Post("x", "application/json", body))
    assert Leg.objects.get(user="1006").hold_seconds == 4


def test_both_first_parties_see_it_and_nobody_else_by_it(
    client: Client, key_of: Callable, post_cdr: Callable, holders: Holders
) -> None:
    for body in records("blind-by-caller-local", holders):
        post_cdr(Post("x", "application/json", body))
    seen = {
        exten: len(client.get("/api/v2/call-recording", headers=key_of(held.user)).json()) for exten, held in holders.items()
    }
    assert seen == {"1006": 1, "1005": 1, "1007": 0}
