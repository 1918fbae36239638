"""What people do with webhooks: make, change, rotate, try, redeliver, delete."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from accounts.models import AuditEntry, User
from webhooks.delivering import NOT_DELIVERED, give_up, wake
from webhooks.event_types import TEST
from webhooks.models import MOST_OF_A_PERSON, Delivery, Event, Subscription
from webhooks.outbox import tell
from webhooks.signing import new_secret
from webhooks.targets import parse_target

# What changes with being turned off and on, beside what its owner changes.
TURNED: Final = (
    "is_active", "disabled_reason", "disabled_at", "failing_since", "unreachable_tries", "resting_until", "updated_at",
)  # fmt: skip


class TooManyWebhooksError(Exception):
    """The person has as many webhooks as anybody may have."""

    def __init__(self) -> None:
        super().__init__(f"You have {MOST_OF_A_PERSON} webhooks: delete one that is not needed.")


class WebhookDisabledError(Exception):
    """Nothing is sent to a webhook that is disabled."""

    def __init__(self) -> None:
        super().__init__("This webhook is disabled: enable it first.")


def url_of(text: str) -> str:
    """Return a URL as it is kept and sent to. Raises TargetError where nothing may be sent there."""
    return str(parse_target(text, settings.WEBHOOK_ALLOWED_CIDRS))


@transaction.atomic
def create(
    user: User, *, url: str, events: Sequence[str] = (), description: str = "", scope: str = Subscription.Scope.OWN,
    is_active: bool = True,
) -> tuple[Subscription, str]:  # fmt: skip
    """Make a webhook of a person's; return it and its secret, shown this once. Raises TargetError, TooManyWebhooksError."""
    # Held to the end: of two who ask for the last one at once, the second sees the first's.
    User.objects.select_for_update().get(pk=user.pk)
    if Subscription.objects.of(user).count() >= MOST_OF_A_PERSON:
        raise TooManyWebhooksError
    secret = new_secret()
    subscription = Subscription(
        user=user, url=url_of(url), events=_sorted(events), description=description, scope=scope, is_active=is_active,
        disabled_at=None if is_active else timezone.now(),
    )  # fmt: skip
    subscription.set_secret(secret)
    subscription.save()
    AuditEntry.objects.record("webhook.created", subscription, actor=user, after=_described(subscription))
    return subscription, secret


@transaction.atomic
def change(subscription: Subscription, *, actor: User, **wanted: Any) -> Subscription:
    """Change `url`, `events`, `description`, `scope` or `is_active`; what is not named stays. Raises TargetError."""
    subscription = Subscription.objects.select_for_update().select_related("user").get(pk=subscription.pk)
    before, former_url = _described(subscription), subscription.url
    if "url" in wanted:
        wanted["url"] = url_of(wanted["url"])
    if "events" in wanted:
        wanted["events"] = _sorted(wanted["events"])
    turned = wanted.pop("is_active", subscription.is_active) != subscription.is_active
    for name, value in wanted.items():
        setattr(subscription, name, value)
    if turned:
        _turn(subscription)
    if turned or subscription.url != former_url:
        # What is known of another URL, or of before, is no reason to wait.
        subscription.failing_since, subscription.unreachable_tries, subscription.resting_until = None, 0, None
    # Not its lane: a worker may be at it.
    subscription.save(update_fields=[*wanted, *TURNED])
    after = _described(subscription) | ({"url": "changed"} if subscription.url != former_url else {})
    if after != before:
        AuditEntry.objects.record("webhook.changed", subscription, actor=actor, before=before, after=after)
    wake(subscription.pk)
    return subscription


def _turn(subscription: Subscription) -> None:
    """Disable it by hand, and what waits is given up; or enable it again, and it begins with a clean sheet."""
    subscription.is_active = not subscription.is_active
    subscription.disabled_reason = ""
    subscription.disabled_at = None if subscription.is_active else timezone.now()
    if not subscription.is_active:
        give_up(subscription, NOT_DELIVERED)


@transaction.atomic
def rotate_secret(subscription: Subscription, *, actor: User) -> str:
    """Give it a new secret and return it, shown this once; for a day messages are signed with the old one as well."""
    subscription = Subscription.objects.select_for_update().select_related("user").get(pk=subscription.pk)
    secret = new_secret()
    subscription.set_secret(secret)
    subscription.save(update_fields=["encrypted_secret", "encrypted_former_secret", "former_secret_until", "updated_at"])
    until = subscription.former_secret_until.isoformat() if subscription.former_secret_until else ""
    AuditEntry.objects.record("webhook.secret_rotated", subscription, actor=actor, after={"former_secret_until": until})
    return secret


@transaction.atomic
def send_test(subscription: Subscription, *, actor: User) -> Delivery:
    """Send a message that means nothing, whatever it is told of otherwise. Raises WebhookDisabledError."""
    if not subscription.is_active:
        raise WebhookDisabledError
    event = Event.objects.create(type=TEST, at=timezone.now())
    data = {"webhook": subscription.pk, "message": "This is a test: nothing has happened."}
    delivery = tell(event, subscription, data, next_at=_first_in(subscription))
    AuditEntry.objects.record("webhook.tested", subscription, actor=actor)
    return delivery


@transaction.atomic
def redeliver(delivery: Delivery, *, actor: User) -> Delivery:
    """Send a message once more, at once, under the same id; its tries begin anew. Raises WebhookDisabledError."""
    subscription = Subscription.objects.get(pk=delivery.subscription_id)
    if not subscription.is_active:
        raise WebhookDisabledError
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.WAITING, tries=0, since=timezone.now(), next_at=_first_in(subscription), problem="",
        finished_at=None,
    )  # fmt: skip
    AuditEntry.objects.record("webhook.redelivered", subscription, actor=actor, after={"message": delivery.message_id})
    wake(subscription.pk)
    delivery.refresh_from_db()
    return delivery


@transaction.atomic
def delete(subscription: Subscription, *, actor: User) -> None:
    """Delete a webhook, with the log of what it was sent."""
    AuditEntry.objects.record("webhook.deleted", subscription, actor=actor, before=_described(subscription))
    subscription.delete()


def _first_in(subscription: Subscription) -> datetime:
    """Have a webhook rest no longer; return when a message is due that comes before all that wait for it.

    Somebody looks at the page: he wants to know now, not when the rest is over and the others are sent.
    """
    Subscription.objects.filter(pk=subscription.pk).update(resting_until=None)
    now = timezone.now()
    first = subscription.deliveries.waiting().aggregate(first=Min("next_at"))["first"]
    return now if first is None or first > now else first - timedelta(microseconds=1)


def _sorted(events: Sequence[str]) -> list[str]:
    return sorted(set(events))


def _described(subscription: Subscription) -> dict[str, Any]:
    """Say what it is without its URL, which may be as good as a password."""
    return {
        "host": subscription.host,
        "events": ", ".join(subscription.events) or "all",
        "scope": subscription.scope,
        "active": subscription.is_active,
        "description": subscription.description,
    }
