"""What became of a call link, as a real switch told it: events replayed from captures, and its records."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from telephony.models import Assignment, CallLink
from telephony.services.call_links import listening
from telephony.services.call_links.progress import follow
from telephony.switch.esl import Event, EventSocket
from telephony.tests.captures import posts_of
from telephony.tests.event_socket_captures import whole
from telephony.tests.replayed_switch import JOB, replay

pytestmark = pytest.mark.django_db

CAPTURES = {
    "call-link-answered": "11111111-2222-4333-8444-555555555551",
    "call-link-destination-rejected": "11111111-2222-4333-8444-555555555554",
    "call-link-source-no-answer": "11111111-2222-4333-8444-555555555552",
    "call-link-source-not-registered": "11111111-2222-4333-8444-555555555553",
    "call-link-no-such-gateway": "11111111-2222-4333-8444-555555555556",
}


@pytest.fixture
def anna(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> Assignment:
    return hold(make_person("anna"), "1006", "17036879447")


@pytest.fixture
def make_link(anna: Assignment) -> Callable[..., CallLink]:
    """Make a link as `place` leaves it once its command is sent."""

    def make(leg_uuid: str | UUID = "", **fields: Any) -> CallLink:
        values = {
            "user": anna.user,
            "extension": anna.extension,
            "number": anna.number,
            "source_number": "1006",
            "destination_number": "12403019517",
            "call_uuid": UUID(str(leg_uuid or uuid4())),
            "destination_leg_uuid": uuid4(),
            "job_uuid": JOB,
            "expires_at": timezone.now() + timedelta(seconds=75),
            "sent_at": timezone.now(),
        } | fields
        link = CallLink.objects.create(**values)
        # The captured events are of a past day; a link never ends before it was made.
        CallLink.objects.filter(pk=link.pk).update(created_at="2026-11-20T00:00:00Z")
        link.refresh_from_db()
        return link

    return make


def events_of(conversation: str) -> list[Event]:
    return replay(conversation, whole)


@pytest.mark.parametrize(
    ("capture", "states", "cause"),
    [
        ("call-link-answered", ["ringing_source", "source_answered", "bridged", "completed"], "NORMAL_CLEARING"),
        ("call-link-destination-rejected", ["ringing_source", "source_answered", "failed"], "USER_BUSY"),
        ("call-link-source-no-answer", ["ringing_source", "failed"], "NO_ANSWER"),
        ("call-link-source-not-registered", ["failed"], "USER_NOT_REGISTERED"),
        ("call-link-no-such-gateway", ["failed"], "INVALID_GATEWAY"),
    ],
)
def test_what_a_real_switch_told(make_link: Callable[..., CallLink], capture: str, states: list[str], cause: str) -> None:
    link = make_link(CAPTURES[capture])
    other = make_link(job_uuid=uuid4())
    seen: list[str] = []
    client = mock.Mock(spec=EventSocket)
    for event in events_of(capture):
        follow(client, event)
        link.refresh_from_db()
        if link.status != (seen or ["queued"])[-1]:
            seen.append(link.status)
    assert client.mock_calls == [], "a link that nobody cancelled is not hung up"
    assert (seen, link.hangup_cause) == (states, cause)
    assert link.ended_at is not None
    assert (link.bridged_at is not None) == ("bridged" in states)
    other.refresh_from_db()
    assert other.status == "queued"


def test_events_in_any_order_never_move_a_link_back(make_link: Callable[..., CallLink]) -> None:
    events = events_of("call-link-answered")
    link = make_link(CAPTURES["call-link-answered"])
    for event in [*reversed(events), *events]:
        follow(mock.Mock(spec=EventSocket), event)
    link.refresh_from_db()
    # The last leg's end came first: nothing that comes after an end moves it.
    assert link.status == "failed"
    assert link.hangup_cause == "NORMAL_CLEARING"


def test_a_job_of_somebody_else_is_no_answer(make_link: Callable[..., CallLink]) -> None:
    link = make_link(CAPTURES["call-link-answered"], job_uuid=uuid4())
    for event in events_of("call-link-source-not-registered"):
        assert follow(None, event) is None  # type: ignore[arg-type]
    link.refresh_from_db()
    assert link.status == "queued"


def test_a_cancelled_link_ends_as_cancelled(make_link: Callable[..., CallLink]) -> None:
    link = make_link(CAPTURES["call-link-source-no-answer"], cancel_requested_at=timezone.now())
    for event in events_of("call-link-source-no-answer"):
        if event.name != "CHANNEL_CREATE":
            follow(None, event)  # type: ignore[arg-type]
    link.refresh_from_db()
    assert (link.status, link.hangup_cause) == ("cancelled", "NO_ANSWER")


# -- by the record ---------------------------------------------------------------------------------------------------------

RECORDED = [
    ("call-link-answered", "completed", "NORMAL_CLEARING"),
    ("call-link-destination-rejected", "failed", "USER_BUSY"),
    ("call-link-source-no-answer", "failed", "NO_ANSWER"),
]


def records_of(scenario: str, link: CallLink) -> list[bytes]:
    """Return a scenario's records as they would be had the portal placed its call."""
    records = [post.body for post in posts_of(scenario) if b'"variables"' in post.body]
    return [record.replace(b'"variables":{', b'"variables":{"portal_call_link":"%d",' % link.pk, 1) for record in records]


@pytest.mark.parametrize(("scenario", "status", "cause"), RECORDED)
@pytest.mark.parametrize("backwards", [False, True])
def test_without_a_listener_the_record_ends_a_link(
    make_link: Callable[..., CallLink], post_cdr: Callable, scenario: str, status: str, cause: str, backwards: bool
) -> None:
    link = make_link(CAPTURES[scenario])
    records = records_of(scenario, link)
    assert records
    for record in reversed(records) if backwards else records:
        assert post_cdr(record).status_code == 200
    link.refresh_from_db()
    assert (link.status, link.hangup_cause) == (status, cause)
    assert link.calls.get().call_uuid == str(link.call_uuid)
    assert (link.bridged_at is not None) == (status == "completed")


@pytest.mark.parametrize("presumed", ["expired", "failed", "cancelled"])
def test_the_record_corrects_what_was_only_presumed(
    make_link: Callable[..., CallLink], post_cdr: Callable, presumed: str
) -> None:
    link = make_link(CAPTURES["call-link-answered"])
    link.end(presumed, "UNKNOWN")
    for record in records_of("call-link-answered", link):
        post_cdr(record)
    link.refresh_from_db()
    assert (link.status, link.hangup_cause) == ("completed", "NORMAL_CLEARING")


def test_the_record_of_a_cancelled_link(make_link: Callable[..., CallLink], post_cdr: Callable) -> None:
    link = make_link(CAPTURES["call-link-source-no-answer"], cancel_requested_at=timezone.now())
    for record in records_of("call-link-source-no-answer", link):
        post_cdr(record)
    link.refresh_from_db()
    assert (link.status, link.hangup_cause) == ("cancelled", "NO_ANSWER")


def test_a_record_that_names_a_link_of_another_leg_settles_nothing(
    make_link: Callable[..., CallLink], post_cdr: Callable
) -> None:
    link = make_link()
    for record in records_of("call-link-answered", link):
        assert post_cdr(record).status_code == 200
    link.refresh_from_db()
    assert link.status == "queued"


# -- the listener's waiting ------------------------------------------------------------------------------------------------


def test_the_listener_waits_longer_each_time_but_not_for_ever() -> None:
    waits = [listening.wait_after(failures) for failures in range(1, 12)]
    assert all(0.7 <= wait <= listening.LONGEST_WAIT_SECONDS for wait in waits)
    assert waits[0] <= 1 < waits[2] < waits[4]


@pytest.mark.parametrize("odd", ["-" * 36, "", "x", "1111111122224333844455555555555100000", "\u0661" * 36])
def test_an_event_with_an_odd_uuid_is_about_no_link(make_link: Callable[..., CallLink], odd: str) -> None:
    link = make_link()
    event = mock.Mock(spec=Event)
    event.get.return_value = odd
    for event.name in ("BACKGROUND_JOB", "CHANNEL_CREATE"):
        assert follow(mock.Mock(spec=EventSocket), event) is None
    link.refresh_from_db()
    assert link.status == "queued"
