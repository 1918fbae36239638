"""Calls of a switch that started anew: in the list at once as unknown, and one call when their record comes after all."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from telephony.models import Assignment, Call, CallLink, Leg, LiveCall, LiveChannel, Recording, Switch, UnrecordedLeg
from telephony.services.live import channels, closing
from telephony.services.live.closing import close_lost
from telephony.switch.live_facts import LegNow
from telephony.tests.captures import Post, posts_of

pytestmark = pytest.mark.django_db

OLD, NEW = "48477f79-6c92-4ac6-a3f4-b0d2b790ef64", "993afded-19e3-4f1e-9511-62de2513b08c"
# Those of the captured call, so that its records are the late ones.
A_LEG, B_LEG = "3e6bc8f5-181d-4c52-9d6d-46965011989d", "5a27a125-0331-4ea3-9b9b-f73c77174b02"
BEGAN = datetime(2026, 11, 23, 12, 47, 44, 424920, tzinfo=UTC)
LAST_HEARD = BEGAN + timedelta(seconds=30)


def leg(uuid: str, **fields: Any) -> LegNow:
    values = {
        "uuid": uuid, "core_uuid": OLD, "originator_uuid": "", "relatives": frozenset(), "direction": "inbound",
        "call_direction": "local", "context": "internal", "user": "1006", "user_domain": "pbx.example.com", "dialed_user": "",
        "dialed_domain": "", "domain": "pbx.example.com", "gateway": "", "caller_number": "1006", "caller_name": "",
        "destination": "1005", "started_at": BEGAN, "answered_at": None, "bridged_at": None, "held_at": None,
        "portal_call_link": None, "portal_extension_id": None, "portal_number_id": None,
    }  # fmt: skip
    return LegNow(**values | fields)


def called(uuid: str = B_LEG, **fields: Any) -> LegNow:
    of_the_callee = {
        "originator_uuid": A_LEG, "relatives": frozenset({A_LEG}), "direction": "outbound", "call_direction": "", "user": "1005",
    }  # fmt: skip
    return leg(uuid, **of_the_callee | fields)


@pytest.fixture
def world(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> SimpleNamespace:
    people = {name: make_person(name) for name in ("anna", "ben")} | {"staff": make_person("staff", Role.STAFF)}
    hold(people["anna"], "1006")
    hold(people["ben"], "1005")
    switch = Switch.objects.create(name="fs1", core_uuid=OLD, event_socket="127.0.0.1:8021", last_heard_at=LAST_HEARD)
    return SimpleNamespace(switch=switch, **people)


@pytest.fixture
def talking(world: SimpleNamespace) -> SimpleNamespace:
    channels.take(world.switch, leg(A_LEG))
    channels.take(world.switch, called(), bridged_at=BEGAN + timedelta(seconds=2))
    LiveCall.objects.update(updated_at=BEGAN + timedelta(seconds=2))
    return world


def records() -> Iterator[Post]:
    return (post for post in posts_of("local-answered") if "json" in post.name)


def test_a_call_that_was_talked_is_unknown_and_lasted_at_least_until_the_last_sign_of_life(talking: SimpleNamespace) -> None:
    assert close_lost(talking.switch, NEW, LAST_HEARD) == 1
    call = Call.objects.get()
    assert (call.hangup_cause, call.outcome, call.outcome_label) == ("UNKNOWN", "unknown", "Unknown: the switch restarted")
    assert (call.call_uuid, call.caller_user, call.callee_user, call.local) == (A_LEG, talking.anna, talking.ben, True)
    assert (call.started_at, call.answered_at, call.ended_at) == (BEGAN, BEGAN + timedelta(seconds=2), LAST_HEARD)
    assert (call.answered, call.bill_seconds, call.duration_seconds, call.switch) == (True, 28, 30, talking.switch)
    assert not LiveChannel.objects.exists()
    assert not LiveCall.objects.exists()


def test_one_that_only_rang_talked_no_second(world: SimpleNamespace) -> None:
    channels.take(world.switch, leg(A_LEG))
    close_lost(world.switch, NEW, None)
    call = Call.objects.get()
    assert (call.outcome, call.answered, call.bill_seconds) == ("unknown", False, 0)
    assert call.ended_at is not None
    assert call.ended_at >= call.started_at


def test_calls_of_the_present_run_go_on(talking: SimpleNamespace) -> None:
    assert close_lost(talking.switch, OLD, LAST_HEARD) == 0
    assert LiveCall.objects.count() == 1
    assert not Call.objects.exists()


def test_calls_of_another_switch_go_on(talking: SimpleNamespace) -> None:
    assert close_lost(Switch.objects.create(name="fs2"), NEW, LAST_HEARD) == 0
    assert LiveCall.objects.count() == 1


def test_it_is_in_the_list_and_on_its_page_and_found_by_its_outcome(
    talking: SimpleNamespace, client: Client, key_of: Callable
) -> None:
    close_lost(talking.switch, NEW, LAST_HEARD)
    call = Call.objects.get()
    for person in (talking.anna, talking.staff):
        [shown] = client.get("/api/v2/call-recording?hangup_cause=UNKNOWN", headers=key_of(person)).json()
        assert (shown["outcome"], shown["hangup_cause"], shown["answered"]) == ("unknown", "UNKNOWN", True)
        client.force_login(person)
        for path in ("/?outcome=unknown", f"/calls/{call.pk}/"):
            response = client.get(path)
            assert response.status_code == 200
            assert "Unknown: the switch restarted" in response.content.decode()
        client.logout()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["the b-leg's first", "the a-leg's first"])
def test_the_late_records_take_over_one_call_no_double(
    talking: SimpleNamespace, post_cdr: Callable, order: tuple[int, int]
) -> None:
    close_lost(talking.switch, NEW, LAST_HEARD)
    unknown = Call.objects.get()
    posts = list(records())
    for number in order:
        assert post_cdr(posts[number]).status_code == 200
    call = Call.objects.get()
    assert call.pk == unknown.pk, "its id stays"
    assert (call.hangup_cause, call.outcome, call.bill_seconds, call.answered) == ("NORMAL_CLEARING", "answered", 4, True)
    assert Leg.objects.filter(call=call).count() == 2
    assert not UnrecordedLeg.objects.exists()


def test_one_late_record_is_enough(talking: SimpleNamespace, post_cdr: Callable) -> None:
    close_lost(talking.switch, NEW, LAST_HEARD)
    [*_, a_leg] = records()
    post_cdr(a_leg)
    assert Call.objects.get().hangup_cause == "NORMAL_CLEARING"
    assert UnrecordedLeg.objects.get().uuid == B_LEG


def test_what_was_recorded_already_stays_as_it_was(talking: SimpleNamespace, post_cdr: Callable) -> None:
    for post in records():
        post_cdr(post)
    before = Call.objects.get()
    assert close_lost(talking.switch, NEW, LAST_HEARD) == 1
    call = Call.objects.get()
    assert (call.hangup_cause, call.updated_at) == ("NORMAL_CLEARING", before.updated_at)
    assert not UnrecordedLeg.objects.exists()


def test_a_call_of_which_one_leg_was_recorded_is_not_doubled_by_its_other(talking: SimpleNamespace, post_cdr: Callable) -> None:
    b_leg, a_leg = records()
    post_cdr(b_leg)
    close_lost(talking.switch, NEW, LAST_HEARD)
    assert Call.objects.count() == 1
    post_cdr(a_leg)
    assert (Call.objects.get().hangup_cause, Leg.objects.count()) == ("NORMAL_CLEARING", 2)


def test_a_recording_that_came_is_the_calls(talking: SimpleNamespace) -> None:
    recording = Recording.objects.create(
        leg_uuid=A_LEG, file_name="x.wav", size_bytes=4044, sha256="0" * 64, channels=2, sample_rate=8000, duration_ms=1000
    )
    close_lost(talking.switch, NEW, LAST_HEARD)
    recording.refresh_from_db()
    assert recording.call == Call.objects.get()


@pytest.mark.parametrize(("bridged", "status"), [(True, "completed"), (False, "failed")])
def test_the_call_link_that_placed_it_ends_with_it(
    world: SimpleNamespace, post_cdr: Callable, bridged: bool, status: str
) -> None:
    held = Assignment.objects.get(user=world.anna)
    link = CallLink.objects.create(
        user=world.anna, extension=held.extension, source_number="1006", destination_number="1005", call_uuid=A_LEG,
        destination_leg_uuid=B_LEG, job_uuid="aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", expires_at=timezone.now() + timedelta(hours=1),
        status="bridged" if bridged else "source_answered", sent_at=timezone.now(), switch=world.switch,
    )  # fmt: skip
    channels.take(world.switch, leg(A_LEG, direction="outbound", portal_call_link=link.pk))
    if bridged:
        channels.take(world.switch, called(portal_call_link=link.pk), bridged_at=BEGAN)
    assert LiveCall.objects.get().call_link == link
    close_lost(world.switch, NEW, LAST_HEARD)
    link.refresh_from_db()
    assert (link.status, link.hangup_cause, Call.objects.get().call_link) == (status, "UNKNOWN", link)


def test_more_than_are_closed_at_once_are_closed(world: SimpleNamespace) -> None:
    for number in range(8):
        channels.take(world.switch, leg(f"00000000-0000-4000-8000-{number:012}"))
    with mock.patch.object(closing, "MOST_AT_ONCE", 3):
        assert close_lost(world.switch, NEW, LAST_HEARD) == 8
    assert (Call.objects.count(), UnrecordedLeg.objects.count(), LiveCall.objects.count()) == (8, 8, 0)
