"""Send what waits, webhook by webhook: each has a lane of its own, in which one worker at a time sends one message at a time.

Truth is in the rows: jobs are wake-ups. A worker that is killed loses nothing; what it had sent and could not write down is
sent again under the same id.
"""

import logging
import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min, Q
from django.utils import timezone

from accounts.models import AuditEntry
from web.jobs import task
from webhooks.models import Attempt, Delivery, Subscription
from webhooks.sending import UnreachableError, post
from webhooks.signing import signed_headers
from webhooks.targets import TargetError, parse_target

logger = logging.getLogger("portal.webhooks")

# How long after a try that failed the next one is: a day in all.
WAITS: Final = (
    timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30),
    timedelta(hours=1), timedelta(hours=2), timedelta(hours=4), timedelta(hours=8), timedelta(hours=9),
)  # fmt: skip
GIVEN_UP_AFTER: Final = sum(WAITS, timedelta())
DISABLED_AFTER: Final = timedelta(days=5)
# How long a webhook that does not answer is left alone, by how often it has not; every message that waits shares that.
RESTS: Final = WAITS[:4]
GONE: Final = 410
# One worker is at it for so long; then the others' turn has come.
SLICE_SECONDS: Final = 20.0
LANE_LEASE: Final = timedelta(seconds=60)
JOB_LEASE: Final = timedelta(minutes=2)
OVERDUE: Final = timedelta(minutes=10)
NOT_DELIVERED: Final = "The webhook was disabled before it was delivered."


@task("webhook.send", lease=JOB_LEASE)
def send_due(subscription: int) -> None:
    """Send what this webhook is to be told now, unless another worker is at it."""
    lane = _claim(subscription)
    if lane is None:
        # Whoever has it looks again when it is done, and finds what was written before.
        return
    began = time.monotonic()
    try:
        while time.monotonic() - began < SLICE_SECONDS and _send_next(subscription, lane):
            pass
    finally:
        Subscription.objects.filter(pk=subscription, lane=lane).update(lane_until=None)
    wake(subscription)


def wake(subscription: int) -> None:
    """Have what waits for a webhook sent when its time has come."""
    waiting = Delivery.objects.waiting().filter(subscription=subscription)
    found = waiting.aggregate(next=Min("next_at"), rest=Min("subscription__resting_until"))
    if found["next"] is None:
        return
    now = timezone.now()
    at = max(at for at in (found["next"], found["rest"], now) if at is not None)
    # One wake-up for each moment. The job at hand is one of this moment: it must not stand in for the next.
    key = f"webhook:{subscription}:{at.isoformat()}" if at > now else ""
    send_due.enqueue(key=key, run_at=at, subscription=subscription)


def wake_overdue() -> int:
    """Wake up whatever waits long past its time, as when its jobs were set aside; return how many webhooks that were."""
    late = timezone.now() - OVERDUE
    awake = Q(subscription__resting_until=None) | Q(subscription__resting_until__lt=late)
    found = Delivery.objects.waiting().filter(awake, next_at__lt=late).order_by().values_list("subscription", flat=True)
    overdue = sorted(set(found))
    for subscription in overdue:
        wake(subscription)
    return len(overdue)


# -- the lane --------------------------------------------------------------------------------------------------------------


def _claim(subscription: int) -> int | None:
    """Take the lane, unless somebody alive has it; return the number under which it is ours."""
    now = timezone.now()
    free = Subscription.objects.filter(Q(lane_until=None) | Q(lane_until__lte=now), pk=subscription)
    with transaction.atomic():
        if not free.update(lane=F("lane") + 1, lane_until=now + LANE_LEASE):
            return None
        return Subscription.objects.values_list("lane", flat=True).get(pk=subscription)


def _send_next(subscription_id: int, lane: int) -> bool:
    """Send the message that is due longest; tell whether to go on with another."""
    now = timezone.now()
    held = Subscription.objects.filter(pk=subscription_id, lane=lane)
    if not held.update(lane_until=now + LANE_LEASE):
        return False
    subscription = held.select_related("user").get()
    if subscription.resting_until is not None and subscription.resting_until > now:
        return False
    waiting = Delivery.objects.waiting().filter(subscription=subscription)
    if not Subscription.objects.in_force().filter(pk=subscription_id).exists():
        give_up(subscription, NOT_DELIVERED)
        return False
    delivery = waiting.filter(next_at__lte=now).order_by("next_at", "id").first()
    if delivery is None:
        return False
    outcome = try_once(subscription, delivery)
    with transaction.atomic():
        # As it is by now: its owner may have changed it while the receiver took its time.
        known = held.select_for_update().first()
        if known is None:
            # Taken for killed, it says nothing any more: another worker sends the message again.
            return False
        _note(known, delivery, outcome, to=subscription.url)
    return outcome.status is not None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one try; no status: nobody answered."""

    at: datetime
    duration_ms: int
    status: int | None = None
    text: str = ""
    problem: str = ""

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver took the message."""
        return self.status is not None and 200 <= self.status < 300


def try_once(subscription: Subscription, delivery: Delivery) -> Outcome:
    """Send a message once. Nothing is written."""
    at, began = timezone.now(), time.monotonic()
    status, text = None, ""
    body = delivery.body.encode()
    try:
        target = parse_target(subscription.url, settings.WEBHOOK_ALLOWED_CIDRS)
        answer = post(target, _headers(subscription, delivery, at, body), body, settings.WEBHOOK_ALLOWED_CIDRS)
    except (UnreachableError, TargetError) as error:
        problem = str(error)
    else:
        status, text, problem = answer.status, answer.text, _complaint(answer.status)
    return Outcome(at, int((time.monotonic() - began) * 1000), status, text, problem)


def _headers(subscription: Subscription, delivery: Delivery, at: datetime, body: bytes) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": f"portal-webhooks/{settings.VERSION}",
        **signed_headers(delivery.message_id, at, body, subscription.secrets()),
    }


def _complaint(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"It answered {status}: redirects are not followed. Give the webhook its new URL."
    return f"It answered {status}."


# -- what comes of it ------------------------------------------------------------------------------------------------------


def _note(subscription: Subscription, delivery: Delivery, outcome: Outcome, *, to: str) -> None:
    """Write down what came of a try at a URL, for the message and for the webhook."""
    Attempt.objects.create(
        delivery=delivery, at=outcome.at, duration_ms=outcome.duration_ms, status=outcome.status,
        answer=outcome.text, problem=outcome.problem[:255],
    )  # fmt: skip
    logger.info(
        "webhook sent",
        extra={
            "webhook": subscription.pk,
            "message_id": delivery.message_id,
            "status": outcome.status,
            "ms": outcome.duration_ms,
        },
    )
    if outcome.is_delivered:
        _finish(delivery, outcome, Delivery.State.DELIVERED)
        _update(subscription, failing_since=None, unreachable_tries=0, resting_until=None)
        return
    # What is amiss at a URL that it has no more says nothing of the one that it has: the message goes there now.
    if subscription.url == to:
        _failed(subscription, delivery, outcome)


def _failed(subscription: Subscription, delivery: Delivery, outcome: Outcome) -> None:
    now = timezone.now()
    tries = delivery.tries + 1
    if outcome.status == GONE or tries > len(WAITS) or delivery.since <= now - GIVEN_UP_AFTER * 1.1:
        _finish(delivery, outcome, Delivery.State.GIVEN_UP)
    else:
        next_at = now + with_jitter(WAITS[tries - 1])
        _change(delivery, tries=tries, next_at=next_at, status=outcome.status, problem=outcome.problem[:255])
    failing_since = subscription.failing_since or now
    if outcome.status is None:
        missed = subscription.unreachable_tries + 1
        rest = with_jitter(RESTS[min(missed, len(RESTS)) - 1])
        _update(subscription, failing_since=failing_since, unreachable_tries=missed, resting_until=now + rest)
        give_up(subscription, outcome.problem, before=now - GIVEN_UP_AFTER * 1.1)
    else:
        _update(subscription, failing_since=failing_since, unreachable_tries=0, resting_until=None)
    if outcome.status == GONE:
        disable(subscription, Subscription.Reason.GONE)
    elif failing_since <= now - DISABLED_AFTER:
        disable(subscription, Subscription.Reason.FAILING)


def with_jitter(wait: timedelta) -> timedelta:
    """Return about so long: those that failed together do not come again together."""
    return wait * random.uniform(0.9, 1.1)  # noqa: S311 - no secret


def _finish(delivery: Delivery, outcome: Outcome, state: Delivery.State) -> None:
    _change(
        delivery, state=state, tries=delivery.tries + 1, status=outcome.status, problem=outcome.problem[:255],
        finished_at=timezone.now(),
    )  # fmt: skip


def _change(delivery: Delivery, **values: Any) -> None:
    """Change a message that still waits, as it was read: somebody may have had it redelivered, or given up, meanwhile."""
    Delivery.objects.waiting().filter(pk=delivery.pk, since=delivery.since).update(**values)


def _update(subscription: Subscription, **values: Any) -> None:
    Subscription.objects.filter(pk=subscription.pk).update(**values)


def give_up(subscription: Subscription, problem: str, *, before: datetime | None = None) -> int:
    """Give up what waits for a webhook, all of it or what was written before; return how much. It can be redelivered."""
    waiting = Delivery.objects.waiting().filter(subscription=subscription)
    if before is not None:
        waiting = waiting.filter(since__lte=before)
    return waiting.update(state=Delivery.State.GIVEN_UP, problem=problem[:255], finished_at=timezone.now())


def disable(subscription: Subscription, reason: Subscription.Reason) -> None:
    """Disable a webhook of which nothing is to be hoped any more; its owner sees that, and why."""
    now = timezone.now()
    active = Subscription.objects.filter(pk=subscription.pk, is_active=True)
    if not active.update(is_active=False, disabled_reason=reason, disabled_at=now, updated_at=now):
        return
    give_up(subscription, NOT_DELIVERED)
    AuditEntry.objects.record(
        "webhook.disabled",
        subscription,
        actor_label="portal",
        before={"active": True},
        after={"active": False, "reason": reason.label},
    )
