"""Write down what is to be told, in the transaction in which it happens: rolled back with it, and committed with it."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from rest_framework.utils.encoders import JSONEncoder

from webhooks.delivering import send_due
from webhooks.models import Delivery, Event, Subscription
from webhooks.shapes import shown


def is_wanted(event_type: str, users: Iterable[int | None], since: datetime | None = None) -> bool:
    """Tell whether anybody is to be told of such an event of these people, given by their ids. One query."""
    return bool(Subscription.objects.wanting(event_type, _known(users), since))


def announce(
    event_type: str,
    subject: Any,
    users: Iterable[int | None],
    *,
    key: str = "",
    former_keys: Iterable[str] = (),
    at: datetime | None = None,
    since: datetime | None = None,
) -> int:
    """Have an event told to the webhooks of these people, by their ids, and of staff who want everybody's.

    Return to how many it is new. With a `key` nobody is told a second time, however often it is announced, nor who was told
    of one of the `former_keys`. Webhooks made after `since` are not told: what was before them is none of their business.
    """
    subscriptions = Subscription.objects.wanting(event_type, _known(users), since)
    if not subscriptions:
        return 0
    with transaction.atomic():
        event = _event(event_type, key, at or timezone.now())
        told = set(_told({key, *former_keys})) if key else set()
        new = [each for each in subscriptions if each.pk not in told]
        for subscription in new:
            tell(event, subscription, shown(event_type, subject, subscription.user))
    return len(new)


def tell(event: Event, subscription: Subscription, data: dict[str, Any], *, next_at: datetime | None = None) -> Delivery:
    """Write down that a webhook is to be sent this, now or then; whoever writes the same at this moment is as good."""
    message = {"type": event.type, "timestamp": event.at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "data": data}
    body = json.dumps(message, cls=JSONEncoder, ensure_ascii=False, separators=(",", ":"))
    written = {"body": body, "next_at": next_at or timezone.now()}
    delivery, _ = Delivery.objects.get_or_create(event=event, subscription=subscription, defaults=written)
    send_due.enqueue(subscription=subscription.pk)
    return delivery


def _event(event_type: str, key: str, at: datetime) -> Event:
    if not key:
        return Event.objects.create(type=event_type, at=at)
    return Event.objects.get_or_create(key=key, defaults={"type": event_type, "at": at})[0]


def _told(keys: Iterable[str]) -> Iterable[int]:
    return Delivery.objects.filter(event__key__in=keys).values_list("subscription_id", flat=True)


def _known(users: Iterable[int | None]) -> set[int]:
    return {user for user in users if user is not None}
