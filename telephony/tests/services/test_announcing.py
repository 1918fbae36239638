"""Webhooks are told of what happens: each event once, to whom it concerns, with what the API shows them."""

import io
import json
import uuid
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from telephony.models import (
    Call,
    CallAlias,
    CallLink,
    Leg,
    LegLink,
    LiveCall,
    LiveChannel,
    Recording,
    Switch,
    UnrecordedLeg,
)
from telephony.services import announcing
from telephony.services.assignments import open_assignment, release
from telephony.services.live import channels
from telephony.services.measuring import measure_recording
from telephony.services.recordings import RecordingRefusedError, publish
from telephony.switch.live_facts import LegNow
from telephony.tests.captures import DATA, posts_of
from web.jobs import HopelessJobError
from web.models import Job
from webhooks.models import Delivery, Event, Subscription
from webhooks.signing import new_secret

pytestmark = pytest.mark.django_db(transaction=True)

LEG = "3e6bc8f5-181d-4c52-9d6d-46965011989d"
AUDIO = (DATA / "local-answered" / f"{LEG}.wav").read_bytes()


@pytest.fixture
def people(make_person: Callable, hold: Callable) -> SimpleNamespace:
    """Anna has 1006 and its number, ben 1005, eve 1007; sam works as staff; each has a webhook for everything."""
    made = SimpleNamespace(
        anna=make_person("anna"), ben=make_person("ben"), eve=make_person("eve"), sam=make_person("sam", Role.STAFF)
    )
    hold(made.anna, "1006", "17036879447")
    hold(made.ben, "1005")
    hold(made.eve, "1007")
    for person in (made.anna, made.ben, made.eve):
        subscribe(person)
    subscribe(made.sam, scope="all")
    return made


def subscribe(user: User, **fields: Any) -> Subscription:
    subscription = Subscription(
        user=user, url="https://hooks.example.com/", created_at=timezone.now() - timedelta(days=3650), **fields
    )
    subscription.set_secret(new_secret())
    subscription.save()
    return subscription


def told(event_type: str) -> dict[str, list[dict[str, Any]]]:
    """Return what everybody was told by events of a type, by name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for delivery in Delivery.objects.filter(event__type=event_type).select_related("subscription__user").order_by("pk"):
        found.setdefault(delivery.subscription.user.name, []).append(json.loads(delivery.body)["data"])
    return found


def to(event_type: str) -> dict[str, int]:
    return {name: len(messages) for name, messages in told(event_type).items()}


def look_later(seconds: float) -> None:
    """Do the looks that are due so much later."""
    with mock.patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(seconds=seconds)):
        for job in list(Job.objects.filter(task="telephony.look_at_call", run_at__lte=timezone.now())):
            job.delete()
            announcing.look_at_call(**job.arguments)


# -- call.completed --------------------------------------------------------------------------------------------------------

SCENARIOS = ("local-answered", "local-no-answer", "local-not-registered", "outbound-answered", "inbound-answered")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_call_is_told_of_once_in_whatever_order_its_records_come(
    people: SimpleNamespace, post_cdr: Callable, scenario: str
) -> None:
    posts = posts_of(scenario)
    for order in list(permutations(posts))[:4]:
        Delivery.objects.all().delete()
        for post in order:
            assert post_cdr(post).status_code == 200
        for post in posts:
            post_cdr(post)
        look_later(3 * 24 * 3600)
        with_whom = {
            "local-answered": {"anna", "ben"},
            "local-no-answer": {"anna", "ben"},
            "local-not-registered": {"anna", "eve"},
        }
        assert to("call.completed") == dict.fromkeys({"sam"} | with_whom.get(scenario, {"anna"}), 1)
        for model in (LegLink, Leg, CallAlias, UnrecordedLeg, Call, Event):
            model.objects.all().delete()


def test_it_is_told_with_the_last_record_and_not_before(people: SimpleNamespace, post_cdr: Callable) -> None:
    first, *others = [post for post in posts_of("local-answered") if post.body.startswith(b"{")]
    post_cdr(first)
    assert to("call.completed") == {}
    for post in others:
        post_cdr(post)
    assert to("call.completed") == {"anna": 1, "ben": 1, "sam": 1}


def test_it_says_what_the_api_shows_to_the_same_person(
    people: SimpleNamespace, post_cdr: Callable, key_of: Callable, client: Client
) -> None:
    for post in posts_of("local-answered"):
        post_cdr(post)
    for name, (message,) in told("call.completed").items():
        shown = client.get("/api/v2/call-recording", headers=key_of(getattr(people, name))).json()
        assert [message] == shown, name
    directions = {name: message["call_direction"] for name, (message,) in told("call.completed").items()}
    assert directions == {"anna": "outbound", "ben": "inbound", "sam": "outbound"}


def test_records_that_never_come_are_not_waited_for_for_ever(people: SimpleNamespace, post_cdr: Callable) -> None:
    """Of a switch that sends none of b-legs; one that comes after all is not told of anew."""
    posts = [post for post in posts_of("local-answered") if post.body.startswith(b"{")]
    post_cdr(posts[-1])
    assert to("call.completed") == {}
    look_later(30)
    assert to("call.completed") == {}
    look_later(61)
    assert to("call.completed")["anna"] == 1
    post_cdr(posts[0])
    look_later(3 * 24 * 3600)
    assert set(to("call.completed").values()) == {1}


def test_while_a_leg_lives_it_is_not_over(people: SimpleNamespace, post_cdr: Callable) -> None:
    posts = [post for post in posts_of("local-answered") if post.body.startswith(b"{")]
    post_cdr(posts[-1])
    missing = json.loads(posts[0].body)["variables"]["uuid"]
    switch = Switch.objects.first()
    live = LiveCall.objects.create(switch=switch, call_uuid="x", started_at=timezone.now())
    LiveChannel.objects.create(switch=switch, call=live, uuid=missing, started_at=timezone.now())
    for minutes in (2, 20):
        look_later(60 * minutes)
        assert to("call.completed") == {}
    live.delete()
    look_later(60 * 40)
    assert to("call.completed")["anna"] == 1


def test_a_webhook_made_after_a_call_is_not_told_of_it(people: SimpleNamespace, post_cdr: Callable) -> None:
    Subscription.objects.all().delete()
    posts = posts_of("local-answered")
    post_cdr(posts[0])
    subscribe(people.anna)
    Subscription.objects.update(created_at=timezone.now())
    for post in posts:
        post_cdr(post)
    look_later(3 * 24 * 3600)
    assert to("call.completed") == {}


def test_nobody_is_told_of_what_was_before_they_held_the_extension(
    people: SimpleNamespace, post_cdr: Callable, hold: Callable
) -> None:
    people.anna.assignments.update(ends_at=timezone.datetime(2021, 1, 1, tzinfo=timezone.get_default_timezone()))
    for post in posts_of("outbound-answered"):
        post_cdr(post)
    look_later(3 * 24 * 3600)
    assert to("call.completed") == {"sam": 1}


def test_a_record_that_cannot_be_stored_tells_nothing(people: SimpleNamespace, post_cdr: Callable) -> None:
    with mock.patch("telephony.services.announcing.call_over", side_effect=ValueError):
        for post in posts_of("local-answered"):
            post_cdr(post)
    assert not Call.objects.exists()
    assert not Delivery.objects.exists()


# -- calls that go on ------------------------------------------------------------------------------------------------------


def leg_now(**fields: Any) -> LegNow:
    blank = dict.fromkeys(LegNow.__dataclass_fields__, "") | {
        "portal_call_link": None, "portal_extension_id": None, "portal_number_id": None, "answered_at": None, "held_at": None,
        "relatives": frozenset(),
    }  # fmt: skip
    return LegNow(**{name: value for name, value in (blank | fields).items() if name in LegNow.__dataclass_fields__})


def test_a_call_is_told_of_when_it_begins_and_when_it_is_talked_on(people: SimpleNamespace) -> None:
    switch = Switch.objects.create(name="fs1")
    now = timezone.now()
    a_leg, b_leg = str(uuid.uuid4()), str(uuid.uuid4())
    first = leg_now(
        uuid=a_leg, direction="inbound", call_direction="local", user="1006", user_domain="pbx.example.com",
        domain="pbx.example.com", destination="1005", started_at=now,
    )  # fmt: skip
    channels.take(switch, first)
    assert to("call.started")["anna"] == 1
    assert to("call.answered") == {}
    second = leg_now(
        uuid=b_leg, originator_uuid=a_leg, direction="outbound", user="1005", user_domain="pbx.example.com",
        domain="pbx.example.com", destination="1005", started_at=now, relatives=frozenset({a_leg}),
    )  # fmt: skip
    channels.take(switch, second)
    channels.take(switch, second, bridged_at=now)
    for _ in range(2):
        channels.take(
            switch, leg_now(**{name: getattr(first, name) for name in LegNow.__dataclass_fields__} | {"held_at": now})
        )
        channels.take(switch, first)
    assert to("call.started") == {"anna": 1, "ben": 1, "sam": 1}
    assert to("call.answered") == {"anna": 1, "ben": 1, "sam": 1}
    (answered,) = told("call.answered")["ben"]
    assert (answered["call_uuid"], answered["state"], answered["call_direction"]) == (a_leg, "answered", "inbound")
    assert answered["answered_at"] is not None


# -- recordings ------------------------------------------------------------------------------------------------------------


def post_leg(post_cdr: Callable) -> None:
    for post in posts_of("local-answered"):
        post_cdr(post)


@pytest.mark.parametrize("audio_first", [True, False])
def test_a_recording_is_told_of_once_its_call_is_known(
    people: SimpleNamespace, post_cdr: Callable, settings: Any, tmp_path: Path, audio_first: bool
) -> None:
    settings.RECORDINGS_ROOT = tmp_path
    if audio_first:
        publish(LEG, [AUDIO], len(AUDIO))
        assert to("recording.ready") == {}
    post_leg(post_cdr)
    publish(LEG, [AUDIO], len(AUDIO))
    publish(LEG, [AUDIO], len(AUDIO))
    post_leg(post_cdr)
    assert to("recording.ready") == {"anna": 1, "ben": 1, "sam": 1}
    (message,) = told("recording.ready")["ben"]
    call = Call.objects.get()
    assert message["leg_uuid"] == LEG
    assert message["call"]["recording"] == f"{settings.PUBLIC_URL}/api/v2/call-recording/{call.pk}/audio"
    assert "signature" not in json.dumps(told("recording.ready"))


def test_a_record_a_month_late_tells_of_no_recording_again(
    people: SimpleNamespace, post_cdr: Callable, settings: Any, tmp_path: Path
) -> None:
    settings.RECORDINGS_ROOT = tmp_path
    first, *others = posts_of("local-answered")
    post_cdr(first)
    recorded, _ = publish(str(Leg.objects.get().uuid), [AUDIO], len(AUDIO))
    assert to("recording.ready")["sam"] == 1
    # Nobody knows any more who was told of it.
    Event.objects.all().delete()
    Recording.objects.filter(pk=recorded.pk).update(created_at=timezone.now() - timedelta(days=31))
    for post in others:
        post_cdr(post)
    assert Leg.objects.count() > 1
    assert to("recording.ready") == {}


def test_a_recording_that_is_cut_is_told_of_once(
    people: SimpleNamespace, post_cdr: Callable, settings: Any, tmp_path: Path
) -> None:
    settings.RECORDINGS_ROOT = tmp_path
    post_leg(post_cdr)
    for _ in range(2):
        with pytest.raises(RecordingRefusedError):
            publish(LEG, [AUDIO[:-10]], len(AUDIO))
    assert to("recording.failed") == {"anna": 1, "ben": 1, "sam": 1}
    (message,) = told("recording.failed")["anna"]
    assert message["code"] == "recording_incomplete"
    assert "cut" in message["reason"]


def test_a_second_recording_is_no_failure_of_the_first(
    people: SimpleNamespace, post_cdr: Callable, settings: Any, tmp_path: Path
) -> None:
    settings.RECORDINGS_ROOT = tmp_path
    post_leg(post_cdr)
    publish(LEG, [AUDIO], len(AUDIO))
    other = io.BytesIO()
    with wave.open(other, "wb") as audio:
        audio.setparams((1, 2, 8000, 0, "NONE", ""))
        audio.writeframes(b"\0" * 1600)
    with pytest.raises(RecordingRefusedError):
        publish(LEG, [other.getvalue()], len(other.getvalue()))
    assert to("recording.failed") == {}


def test_a_recording_that_is_damaged_afterwards_is_told_of(
    people: SimpleNamespace, post_cdr: Callable, settings: Any, tmp_path: Path
) -> None:
    settings.RECORDINGS_ROOT = tmp_path
    post_leg(post_cdr)
    publish(LEG, [AUDIO], len(AUDIO))
    recording = Recording.objects.get()
    recording.path.write_bytes(AUDIO[:-1] + b"x")
    with pytest.raises(HopelessJobError):
        measure_recording(recording=recording.pk)
    (message,) = told("recording.failed")["anna"]
    assert message["code"] == "recording_damaged"
    assert str(tmp_path) not in json.dumps(message), "nobody is told where files lie"


# -- numbers and links -----------------------------------------------------------------------------------------------------


def test_a_number_that_is_given_and_taken_back(people: SimpleNamespace, make_person: Callable, hold: Callable) -> None:
    held = people.anna.assignments.get()
    release(held, actor=people.sam)
    assert to("number.released") == {"anna": 1, "sam": 1}
    (message,) = told("number.released")["anna"]
    assert (message["phone_number"], message["extension"], message["auth0_id"]) == ("17036879447", "1006", "auth0|anna")
    for thing in (held.extension, held.number):
        type(thing).objects.filter(pk=thing.pk).update(state="free", cooling_until=None)
    Subscription.objects.filter(user=people.ben).update(events=["number.assigned"])
    open_assignment(people.ben, held.extension, held.number)
    assert to("number.assigned") == {"ben": 1, "sam": 1}


def test_an_extension_alone_is_no_number(people: SimpleNamespace) -> None:
    release(people.ben.assignments.get())
    assert to("number.released") == {}


def test_every_state_of_a_call_link_is_told_of_once_to_its_owner(people: SimpleNamespace) -> None:
    now = timezone.now()
    link = CallLink.objects.create(
        user=people.anna, source_number="1006", destination_number="12403019519", call_uuid=uuid.uuid4(),
        destination_leg_uuid=uuid.uuid4(), job_uuid=uuid.uuid4(), expires_at=now + timedelta(minutes=1),
    )  # fmt: skip
    link.announce()
    for _ in range(2):
        for status in ("ringing_source", "source_answered", "bridged"):
            link.advance(status, now)
    link.end(CallLink.Status.COMPLETED, "NORMAL_CLEARING")
    link.end(CallLink.Status.FAILED, "X")
    link.settle(CallLink.Status.COMPLETED, "NORMAL_CLEARING", timezone.now(), now)
    statuses = {name: [message["status"] for message in messages] for name, messages in told("call_link.changed").items()}
    course = ["queued", "ringing_source", "source_answered", "bridged", "completed"]
    assert statuses == {"anna": course, "sam": course}
    assert told("call_link.changed")["anna"][-1]["hangup_cause"] == "NORMAL_CLEARING"


# -- one transaction -------------------------------------------------------------------------------------------------------


class ShotError(Exception):
    pass


@contextmanager
def cannot_be_told() -> Iterator[None]:
    """Have nothing be written for webhooks, as where a process is shot at that very moment."""
    with mock.patch("webhooks.outbox.tell", side_effect=ShotError), pytest.raises(ShotError):
        yield


def test_nothing_is_done_that_is_not_written_down_to_be_told(people: SimpleNamespace) -> None:
    """Told only after the commit, it were lost with a process that is shot in between."""
    held = people.anna.assignments.get()
    with cannot_be_told():
        release(held)
    assert people.anna.assignments.get().ends_at is None
    release(held)
    for thing in (held.extension, held.number):
        type(thing).objects.filter(pk=thing.pk).update(state="free", cooling_until=None)
    with cannot_be_told():
        open_assignment(people.ben, held.extension, held.number)
    assert people.ben.assignments.count() == 1
    link = CallLink.objects.create(
        user=people.anna, source_number="1006", destination_number="12403019519", call_uuid=uuid.uuid4(),
        destination_leg_uuid=uuid.uuid4(), job_uuid=uuid.uuid4(), expires_at=timezone.now() + timedelta(minutes=1),
    )  # fmt: skip
    with cannot_be_told():
        link.advance("ringing_source", timezone.now())
    link.refresh_from_db()
    assert link.status == "queued"
    with cannot_be_told():
        channels.take(Switch.objects.create(name="fs1"), leg_now(
            uuid=LEG, direction="inbound", call_direction="local", user="1007", user_domain="pbx.example.com",
            domain="pbx.example.com", destination="1005", started_at=timezone.now(),
        ))  # fmt: skip
    assert not LiveCall.objects.exists()


def test_no_recording_is_published_that_is_not_written_down_to_be_told(
    people: SimpleNamespace, post_cdr: Callable, settings: Any, tmp_path: Path
) -> None:
    settings.RECORDINGS_ROOT = tmp_path
    post_leg(post_cdr)
    with cannot_be_told():
        publish(LEG, [AUDIO], len(AUDIO))
    assert not Recording.objects.exists()
