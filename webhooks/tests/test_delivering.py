"""Delivering: signed as Standard Webhooks has it, retried for a day, each webhook by itself, and given up in the end."""

import time
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.models import AuditEntry, Role, User
from web.models import Job
from webhooks import delivering, housekeeping, services, shapes
from webhooks.delivering import WAITS, send_due, wake_overdue
from webhooks.models import Attempt, Delivery, Event, Subscription
from webhooks.outbox import announce
from webhooks.tests.receiver import Receiver, closed_port, receiving

pytestmark = pytest.mark.django_db

Subscribe = Callable[..., Subscription]


@pytest.fixture(autouse=True)
def shapes_of_anything() -> Any:
    with mock.patch.dict(shapes._SHAPES, {"call.completed": lambda subject, viewer: {"id": subject, "for": viewer.name}}):
        yield


@pytest.fixture
def anna(make_person: Callable[..., User]) -> User:
    return make_person("anna")


def tell(*users: User, key: str = "", subject: int = 1) -> int:
    return announce("call.completed", subject, [user.pk for user in users], key=key)


def send(subscription: Subscription) -> Delivery:
    send_due(subscription=subscription.pk)
    return Delivery.objects.filter(subscription=subscription).order_by("pk").last()


def later(**delta: float) -> Any:
    return mock.patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(**delta))


def due_now() -> None:
    Delivery.objects.update(next_at=timezone.now())
    Subscription.objects.update(resting_until=None)


# -- what is written, and for whom -----------------------------------------------------------------------------------------


def test_those_whose_it_is_are_told_and_nobody_else(make_person: Callable, subscribe: Subscribe, anna: User) -> None:
    ben, sam = make_person("ben"), make_person("sam", Role.STAFF)
    hers, his = subscribe(anna), subscribe(ben)
    everybodys, own = subscribe(sam, scope="all"), subscribe(sam)
    assert tell(anna) == 2
    assert set(Delivery.objects.values_list("subscription", flat=True)) == {hers.pk, everybodys.pk}
    assert '"for":"sam"' in everybodys.deliveries.get().body
    assert not his.deliveries.exists()
    assert not own.deliveries.exists()


def test_who_is_no_staff_any_more_or_deactivated_is_told_nothing(
    make_person: Callable, subscribe: Subscribe, anna: User
) -> None:
    sam = make_person("sam", Role.STAFF)
    subscribe(sam, scope="all")
    subscribe(anna)
    User.objects.filter(pk=sam.pk).update(role=Role.USER)
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert tell(anna) == 0
    assert not Event.objects.exists()


def test_only_the_types_that_it_wants(subscribe: Subscribe, anna: User) -> None:
    subscribe(anna, events=["call.started"])
    subscribe(anna, is_active=False)
    assert tell(anna) == 0


def test_a_key_is_told_once_however_often_it_is_announced(make_person: Callable, subscribe: Subscribe, anna: User) -> None:
    ben = make_person("ben")
    subscribe(anna)
    subscribe(ben)
    assert [tell(anna, key="a"), tell(anna, ben, key="a"), tell(anna, ben, key="a"), tell(anna, ben, key="b")] == [1, 1, 0, 2]
    assert announce("call.completed", 1, [anna.pk, ben.pk], key="c", former_keys=["a"]) == 0


def test_what_was_before_a_webhook_is_none_of_its_business(subscribe: Subscribe, anna: User) -> None:
    services.create(anna, url="https://hooks.example.com/")
    assert announce("call.completed", 1, [anna.pk], since=timezone.now() - timedelta(minutes=1)) == 0


def test_what_is_rolled_back_is_never_told(subscribe: Subscribe, anna: User) -> None:
    subscribe(anna)
    with transaction.atomic():
        assert tell(anna) == 1
        transaction.set_rollback(True)
    assert not Event.objects.exists()
    assert not Delivery.objects.exists()
    assert not Job.objects.exists()


# -- what is sent ----------------------------------------------------------------------------------------------------------


def test_a_message_is_what_standard_webhooks_says(subscribe: Subscribe, anna: User, receiver: Receiver) -> None:
    subscription = subscribe(anna, receiver.url)
    tell(anna, subject=5)
    delivery = send(subscription)
    (message,) = receiver.messages
    told = Webhook(subscription.secret).verify(message.body, message.headers)
    assert list(told) == ["type", "timestamp", "data"]
    assert told["type"] == "call.completed"
    assert told["timestamp"].endswith("Z")
    assert told["data"] == {"id": 5, "for": "anna"}
    assert message.headers["content-type"] == "application/json"
    assert (message.id, message.body.decode()) == (delivery.message_id, delivery.body)
    with pytest.raises(WebhookVerificationError):
        Webhook(subscription.secret).verify(message.body + b" ", message.headers)
    assert (delivery.state, delivery.status, delivery.tries) == ("delivered", 204, 1)
    assert delivery.attempts.get().status == 204


def test_a_rotated_secret_and_the_one_before_are_both_good_for_a_day(
    subscribe: Subscribe, anna: User, receiver: Receiver
) -> None:
    subscription = subscribe(anna, receiver.url)
    new = services.rotate_secret(subscription, actor=anna)
    assert new != subscription.secret
    tell(anna)
    send(subscription)
    for secret in (subscription.secret, new):
        Webhook(secret).verify(receiver.messages[0].body, receiver.messages[0].headers)
    assert receiver.messages[0].headers["webhook-signature"].count("v1,") == 2
    assert (
        timedelta(hours=23, minutes=59) < Subscription.objects.get().former_secret_until - timezone.now() <= timedelta(hours=24)
    )
    Subscription.objects.update(former_secret_until=timezone.now())
    tell(anna)
    send(subscription)
    Webhook(new).verify(receiver.messages[1].body, receiver.messages[1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(subscription.secret).verify(receiver.messages[1].body, receiver.messages[1].headers)


def test_a_secret_is_kept_encrypted(subscribe: Subscribe, anna: User) -> None:
    subscription = subscribe(anna)
    assert subscription.secret.startswith("whsec_")
    assert subscription.secret.encode() not in bytes(subscription.encrypted_secret)
    services.rotate_secret(subscription, actor=anna)
    assert subscription.secret not in str(list(AuditEntry.objects.values()))


def test_what_failed_comes_again_under_the_same_id(subscribe: Subscribe, anna: User, receiver: Receiver) -> None:
    receiver.answers, receiver.body = [500, 302, 204], b"oh <b>no</b>"
    subscription = subscribe(anna, receiver.url)
    tell(anna)
    delivery = send(subscription)
    assert (delivery.state, delivery.status, delivery.problem) == ("waiting", 500, "It answered 500.")
    assert delivery.attempts.get().answer == "oh <b>no</b>"
    assert timedelta(seconds=4) < delivery.next_at - timezone.now() < timedelta(seconds=6)
    assert [job.run_at for job in Job.objects.filter(run_at__gt=timezone.now())] == [delivery.next_at]
    send(subscription)
    assert len(receiver.messages) == 1, "its time has not come"
    due_now()
    assert "redirects are not followed" in send(subscription).problem
    due_now()
    assert send(subscription).state == "delivered"
    assert len({message.id for message in receiver.messages}) == 1
    assert len({message.body for message in receiver.messages}) == 1
    assert Attempt.objects.count() == 3
    subscription.refresh_from_db()
    assert subscription.failing_since is None


def test_the_waits_make_up_a_day() -> None:
    assert sum(WAITS, timedelta()) >= timedelta(hours=24)
    said = (settings.BASE_DIR / "docs" / "webhooks.md").read_text()
    (row,) = (line for line in said.splitlines() if line.startswith("| after |"))
    units = {"s": 1, "min": 60, "h": 3600}
    told = [int(number) * units[unit] for number, unit in (cell.split() for cell in row.strip("| ").split("|")[1:])]
    assert told == [wait.total_seconds() for wait in WAITS]
    assert list(WAITS) == sorted(WAITS)
    waits = {delivering.with_jitter(timedelta(hours=1)) for _ in range(20)}
    assert len(waits) > 15
    assert all(timedelta(minutes=54) <= wait <= timedelta(minutes=66) for wait in waits)


def test_after_a_day_it_is_given_up(subscribe: Subscribe, anna: User, receiver: Receiver) -> None:
    receiver.answers = [503]
    subscription = subscribe(anna, receiver.url)
    tell(anna)
    for _ in range(len(WAITS)):
        assert send(subscription).state == "waiting"
        due_now()
    delivery = send(subscription)
    assert (delivery.state, delivery.tries) == ("given_up", 11)
    due_now()
    send(subscription)
    assert len(receiver.messages) == 11
    subscription.refresh_from_db()
    assert subscription.is_active


def test_410_disables_it_at_once(subscribe: Subscribe, anna: User, receiver: Receiver) -> None:
    receiver.answers = [410]
    subscription = subscribe(anna, receiver.url)
    tell(anna)
    tell(anna)
    send(subscription)
    subscription.refresh_from_db()
    assert (subscription.is_active, subscription.disabled_reason) == (False, "gone")
    assert subscription.disabled_at is not None
    assert len(receiver.messages) == 1
    assert set(Delivery.objects.values_list("state", flat=True)) == {"given_up"}
    entry = AuditEntry.objects.get(action="webhook.disabled")
    assert (entry.actor, entry.actor_label, entry.target_id) == (None, "portal", str(subscription.pk))
    assert tell(anna) == 0


@pytest.mark.parametrize(("hours", "is_active"), [(119, True), (121, False)])
def test_what_fails_for_five_days_is_disabled(
    subscribe: Subscribe, anna: User, receiver: Receiver, hours: int, is_active: bool
) -> None:
    receiver.answers = [500]
    subscription = subscribe(anna, receiver.url)
    Subscription.objects.update(failing_since=timezone.now() - timedelta(hours=hours))
    tell(anna)
    send(subscription)
    subscription.refresh_from_db()
    assert subscription.is_active == is_active
    assert subscription.disabled_reason == ("" if is_active else "failing")
    assert AuditEntry.objects.filter(action="webhook.disabled").exists() != is_active


def test_enabled_again_it_begins_with_a_clean_sheet(subscribe: Subscribe, anna: User, receiver: Receiver) -> None:
    receiver.answers = [410, 204]
    subscription = subscribe(anna, receiver.url)
    tell(anna)
    delivery = send(subscription)
    with pytest.raises(services.WebhookDisabledError):
        services.redeliver(delivery, actor=anna)
    services.change(subscription, actor=anna, is_active=True)
    subscription.refresh_from_db()
    assert (subscription.state, subscription.disabled_reason, subscription.failing_since) == ("active", "", None)
    services.redeliver(delivery, actor=anna)
    assert send(subscription).state == "delivered"
    assert receiver.messages[0].id == receiver.messages[1].id


@pytest.mark.parametrize("how", ["disabled", "deactivated", "demoted"])
def test_what_waits_is_not_sent_to_who_lost_the_right(
    make_person: Callable, subscribe: Subscribe, anna: User, receiver: Receiver, how: str
) -> None:
    sam = make_person("sam", Role.STAFF)
    subscription = subscribe(sam, receiver.url, scope="all")
    tell(anna)
    if how == "disabled":
        services.change(subscription, actor=sam, is_active=False)
    else:
        User.objects.filter(pk=sam.pk).update(**({"is_active": False} if how == "deactivated" else {"role": Role.USER}))
    assert send(subscription).state == "given_up"
    assert receiver.messages == []


def test_what_an_older_url_answered_is_not_held_against_the_new_one(
    subscribe: Subscribe, anna: User, receiver: Receiver
) -> None:
    with receiving() as former:
        subscription = subscribe(anna, former.url)
        former.answers = [410]
        tell(anna)
        original = delivering.try_once

        def moved_meanwhile(*args: Any) -> Any:
            outcome = original(*args)
            services.change(subscription, actor=anna, url=receiver.url)
            return outcome

        with mock.patch("webhooks.delivering.try_once", moved_meanwhile):
            send(subscription)
    subscription.refresh_from_db()
    assert (subscription.is_active, subscription.failing_since) == (True, None)
    assert [attempt.status for attempt in Attempt.objects.all()] == [410, 204]
    assert Delivery.objects.get().state == "delivered"
    assert former.messages[0].id == receiver.messages[0].id


def test_what_became_of_a_try_before_it_was_redelivered_does_not_end_the_new_ones(
    subscribe: Subscribe, anna: User, receiver: Receiver
) -> None:
    receiver.answers = [500]
    subscription = subscribe(anna, receiver.url)
    tell(anna)
    Delivery.objects.update(tries=len(WAITS))
    original = delivering.try_once

    def redelivered_meanwhile(subscription: Subscription, delivery: Delivery) -> Any:
        outcome = original(subscription, delivery)
        if len(receiver.messages) == 1:
            services.redeliver(Delivery.objects.get(), actor=anna)
        return outcome

    with mock.patch("webhooks.delivering.try_once", redelivered_meanwhile):
        delivery = send(subscription)
    assert (delivery.state, delivery.tries, len(receiver.messages)) == ("waiting", 1, 2)


def test_a_test_and_what_is_redelivered_go_before_all_that_waits(subscribe: Subscribe, anna: User, receiver: Receiver) -> None:
    receiver.answers = [500]
    subscription = subscribe(anna, receiver.url)
    tell(anna)
    given_up = send(subscription)
    Delivery.objects.update(state="given_up", finished_at=timezone.now())
    for _ in range(3):
        tell(anna)
    Delivery.objects.waiting().update(next_at=timezone.now() - timedelta(hours=2))
    Subscription.objects.update(resting_until=timezone.now() + timedelta(minutes=10))
    test = services.send_test(subscription, actor=anna)
    again = services.redeliver(given_up, actor=anna)
    send(subscription)
    assert [message.id for message in receiver.messages[1:3]] == [again.message_id, test.message_id]
    assert len(receiver.messages) == 6


# -- each by itself --------------------------------------------------------------------------------------------------------


def test_who_does_not_answer_is_left_alone_longer_each_time(subscribe: Subscribe, anna: User, loopback: None) -> None:
    subscription = subscribe(anna, f"http://127.0.0.1:{closed_port()}/")
    for _ in range(5):
        tell(anna)
    send(subscription)
    subscription.refresh_from_db()
    assert Attempt.objects.count() == 1, "the others wait with it"
    assert timedelta(seconds=4) < subscription.resting_until - timezone.now() < timedelta(seconds=6)
    send(subscription)
    assert Attempt.objects.count() == 1
    for _ in range(6):
        due_now()
        send(subscription)
    subscription.refresh_from_db()
    assert timedelta(minutes=8) < subscription.resting_until - timezone.now() < timedelta(minutes=12)


def test_what_nobody_could_try_in_time_is_given_up_with_it(subscribe: Subscribe, anna: User, loopback: None) -> None:
    subscription = subscribe(anna, f"http://127.0.0.1:{closed_port()}/")
    for _ in range(3):
        tell(anna)
    Delivery.objects.update(since=timezone.now() - timedelta(hours=30))
    tell(anna)
    send(subscription)
    assert [each.state for each in Delivery.objects.order_by("pk")] == ["given_up"] * 3 + ["waiting"]


def test_a_lane_is_held_by_one_worker_until_it_counts_as_killed(subscribe: Subscribe, anna: User, receiver: Receiver) -> None:
    subscription = subscribe(anna, receiver.url)
    tell(anna)
    lane = delivering._claim(subscription.pk)
    assert lane is not None
    assert delivering._claim(subscription.pk) is None
    assert send(subscription).state == "waiting"
    Subscription.objects.update(lane_until=timezone.now())
    assert send(subscription).state == "delivered"
    # Who was taken for killed says nothing any more.
    tell(anna)
    assert not delivering._send_next(subscription.pk, lane)
    assert len(receiver.messages) == 1


def test_what_a_slow_worker_has_to_say_after_it_lost_its_lane_is_not_heard(
    subscribe: Subscribe, anna: User, receiver: Receiver
) -> None:
    subscription = subscribe(anna, receiver.url)
    tell(anna)
    original = delivering.try_once

    def slow(*args: Any) -> Any:
        Subscription.objects.update(lane=99)
        return original(*args)

    with mock.patch("webhooks.delivering.try_once", slow):
        send(subscription)
    assert Delivery.objects.get().state == "waiting"
    assert not Attempt.objects.exists()


def test_what_is_written_while_a_worker_is_at_it_is_found_by_its_last_look(
    subscribe: Subscribe, anna: User, receiver: Receiver
) -> None:
    subscription = subscribe(anna, receiver.url)
    tell(anna)
    original = delivering._send_next

    def between(*args: Any) -> bool:
        more = original(*args)
        if not more:
            # Its own wake-up comes while the lane is held, and goes away again.
            tell(anna)
            Job.objects.all().delete()
        return more

    with mock.patch("webhooks.delivering._send_next", between):
        send(subscription)
    assert Delivery.objects.waiting().count() == 1
    assert Job.objects.filter(run_at__lte=timezone.now()).count() == 1


def test_what_was_forgotten_is_woken_up(subscribe: Subscribe, anna: User, receiver: Receiver) -> None:
    subscription = subscribe(anna, receiver.url)
    tell(anna)
    Job.objects.all().delete()
    assert wake_overdue() == 0
    Delivery.objects.update(next_at=timezone.now() - timedelta(minutes=11))
    assert wake_overdue() == 1
    assert Job.objects.get().arguments == {"subscription": subscription.pk}


def test_a_webhook_that_was_deleted_is_nobodys_job(subscribe: Subscribe, anna: User, receiver: Receiver) -> None:
    subscription = subscribe(anna, receiver.url)
    tell(anna)
    services.delete(subscription, actor=anna)
    send_due(subscription=subscription.pk)
    assert receiver.messages == []


@pytest.mark.django_db(transaction=True)
def test_a_slow_receiver_holds_up_no_other(make_person: Callable, subscribe: Subscribe, loopback: None) -> None:
    """Three that take long and fail, each with several messages; what is for the fourth arrives meanwhile."""
    with receiving() as slow, receiving() as quick:
        slow.delay, slow.answers = 1.0, [500]
        people = [make_person(f"slow-{number}") for number in range(3)]
        for person in people:
            subscribe(person, slow.url)
            for _ in range(3):
                tell(person)
        anna = make_person("anna")
        subscribe(anna, quick.url)
        for _ in range(5):
            tell(anna)
        began = time.monotonic()
        arrived: list[float] = []
        original = quick.messages.append
        quick.messages = _Noting(arrived, original)  # type: ignore[assignment]
        call_command("worker", "--until-idle", "--threads", "4", stdout=StringIO())
        assert len(arrived) == 5
        assert max(arrived) - began < 3.0, "nine messages of a second each go to the others"
        assert len(slow.messages) == 9


class _Noting(list):  # type: ignore[type-arg]
    def __init__(self, times: list[float], append: Any) -> None:
        super().__init__()
        self._times = times

    def append(self, item: Any) -> None:
        self._times.append(time.monotonic())
        super().append(item)


# -- in the end ------------------------------------------------------------------------------------------------------------


def test_a_month_later_nothing_is_left_of_it(subscribe: Subscribe, anna: User, receiver: Receiver) -> None:
    subscription = subscribe(anna, receiver.url)
    for _ in range(3):
        tell(anna)
    send(subscription)
    tell(anna)
    old = timezone.now() - timedelta(days=31)
    Delivery.objects.update(created_at=old)
    Event.objects.update(created_at=old)
    assert (housekeeping.sweep_deliveries(2), housekeeping.sweep_deliveries(2), housekeeping.sweep_deliveries(2)) == (2, 1, 0)
    assert housekeeping.sweep_events(10) == 3
    assert Delivery.objects.get().state == "waiting"
    assert not Attempt.objects.exists()
