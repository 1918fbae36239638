"""Who wants to be told of what, what there is to tell, and what became of telling it."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Role, User
from web.encryption import cipher

MOST_OF_A_PERSON: Final = 10
ROTATION: Final = timedelta(hours=24)


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    """Sets of webhooks."""

    def of(self, user: User) -> Self:
        """Return this person's own."""
        return self.filter(user=user)

    def visible_to(self, user: User) -> Self:
        """Return those that this person may look at: staff everybody's, others their own.

        One of everybody's calls is none of theirs any more who work no longer as staff: its log shows those calls.
        """
        return self if user.is_staff else self.of(user).filter(scope=Subscription.Scope.OWN)

    def for_listing(self) -> Self:
        """Load with each whose it is."""
        return self.select_related("user")

    def in_force(self) -> Self:
        """Return those that are told anything: active, as is their person, who works as staff where it is of everybody's."""
        works = Q(user__role__in=(Role.STAFF, Role.ADMIN)) | Q(user__is_superuser=True)
        return self.filter(Q(scope=Subscription.Scope.OWN) | works, is_active=True, user__is_active=True)

    def wanting(self, event_type: str, users: Collection[int], since: datetime | None = None) -> "Sequence[Subscription]":
        """Return those in force that are to be told of such an event of these people, and were made by then. One query."""
        theirs = Q(scope=Subscription.Scope.ALL) | Q(user__in=users)
        made = Q(created_at__lte=since) if since else Q()
        found = self.in_force().filter(theirs, made).select_related("user")
        return [subscription for subscription in found if subscription.wants(event_type)]


class Subscription(models.Model):
    """A webhook: a URL that is told of what happens to its owner's calls, recordings, numbers and links."""

    class Scope(models.TextChoices):
        """Of whose."""

        OWN = "own", "its owner's"
        ALL = "all", "everybody's"

    class Reason(models.TextChoices):
        """Why the portal itself disabled it."""

        NONE = "", ""
        GONE = "gone", "it answered 410 Gone"
        FAILING = "failing", "it failed for five days"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=1000, help_text="As it is sent to: the host in ASCII.")
    description = models.CharField(max_length=200, blank=True, default="")
    scope = models.CharField(max_length=3, choices=Scope, default=Scope.OWN)
    events = models.JSONField(default=list, blank=True, help_text="The types it is told of; empty: all.")
    is_active = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=8, choices=Reason, blank=True, default="")
    disabled_at = models.DateTimeField(null=True, blank=True)
    encrypted_secret = models.BinaryField(editable=False)
    encrypted_former_secret = models.BinaryField(null=True, editable=False)
    former_secret_until = models.DateTimeField(null=True, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False, help_text="Since its last success every try has failed.")
    unreachable_tries = models.PositiveIntegerField(default=0, editable=False)
    resting_until = models.DateTimeField(
        null=True, editable=False, help_text="Nobody answered: until then nothing is tried, so that others are not held up."
    )
    lane = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="Goes up whenever a worker begins to send to it: one does at a time."
    )
    lane_until = models.DateTimeField(null=True, editable=False, help_text="When the worker that sends counts as killed.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name = "webhook"
        constraints = (
            models.CheckConstraint(condition=~Q(url=""), name="webhook_url_never_blank"),
            models.CheckConstraint(condition=Q(scope__in=("own", "all")), name="webhook_scope_known"),
            models.CheckConstraint(
                condition=Q(is_active=True, disabled_reason="", disabled_at=None)
                | Q(is_active=False, disabled_at__isnull=False),
                name="webhook_disabled_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(encrypted_former_secret=None, former_secret_until=None)
                | Q(encrypted_former_secret__isnull=False, former_secret_until__isnull=False),
                name="webhook_former_secret_until_a_time",
            ),
        )
        indexes = (
            models.Index(fields=("user", "-created_at", "-id"), name="webhook_of_user"),
            models.Index(fields=("-created_at", "-id"), name="webhook_newest"),
            models.Index(fields=("scope", "user"), condition=Q(is_active=True), name="webhook_in_force"),
        )

    def __str__(self) -> str:
        return f"{self.description} ({self.host})" if self.description else self.host

    @property
    def host(self) -> str:
        """Where it leads to; the rest of its URL may be as good as a password."""
        return urlsplit(self.url).netloc

    @property
    def state(self) -> str:
        """How it is, in a word."""
        if not self.is_active:
            return "disabled"
        return "failing" if self.failing_since else "active"

    @property
    def was_disabled_for_it(self) -> bool:
        """Whether the portal disabled it by itself."""
        return bool(self.disabled_reason)

    def wants(self, event_type: str) -> bool:
        """Tell whether it is told of such events."""
        return not self.events or event_type in self.events

    # -- secrets -----------------------------------------------------------------------------------------------------------

    def set_secret(self, secret: str) -> None:
        """Take a new secret; the one that it had, if any, is good for another day."""
        if self.encrypted_secret:
            self.encrypted_former_secret, self.former_secret_until = self.encrypted_secret, timezone.now() + ROTATION
        self.encrypted_secret = cipher().encrypt(secret.encode())

    @property
    def signs_twice_until(self) -> datetime | None:
        """Until when messages are signed with the former secret as well, None where they are not."""
        until = self.former_secret_until
        return until if until is not None and until > timezone.now() else None

    def secrets(self) -> list[str]:
        """Return what messages are signed with now, the newest first."""
        kept = [self.encrypted_secret]
        if self.encrypted_former_secret is not None and self.signs_twice_until:
            kept.append(self.encrypted_former_secret)
        return [cipher().decrypt(bytes(each)).decode() for each in kept]


class Event(models.Model):
    """Something that happened, written in the transaction in which it did; `key` is what it is known by, so that it is once."""

    type = models.CharField(max_length=32)
    key = models.CharField(max_length=150, blank=True, default="")
    at = models.DateTimeField(help_text="When it happened.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(condition=~Q(type=""), name="webhook_event_type_never_blank"),
            models.UniqueConstraint(fields=("key",), condition=~Q(key=""), name="webhook_event_once"),
        )
        indexes = (models.Index(fields=("created_at",), name="webhook_event_oldest"),)

    def __str__(self) -> str:
        return self.type


def new_message_id() -> str:
    """Return an id by which a receiver knows a message when it comes again."""
    return f"msg_{secrets.token_hex(16)}"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Sets of deliveries."""

    def waiting(self) -> Self:
        """Return those that are still to be made."""
        return self.filter(state=Delivery.State.WAITING)

    def for_listing(self) -> Self:
        """Load all that a row shows."""
        return self.select_related("event")


class Delivery(models.Model):
    """An event on its way to one webhook: the message, the same at every try, and what became of it."""

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting"
        DELIVERED = "delivered"
        GIVEN_UP = "given_up", "given up"

    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries")
    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="deliveries")
    message_id = models.CharField(max_length=40, unique=True, default=new_message_id)
    body = models.TextField(help_text="JSON, byte for byte as it is signed and sent.")
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    tries = models.PositiveIntegerField(default=0, help_text="Since it was written, or redelivered.")
    since = models.DateTimeField(
        default=timezone.now, help_text="When it was written, or redelivered: a day later it is given up."
    )
    next_at = models.DateTimeField(default=timezone.now, help_text="Not tried before.")
    status = models.PositiveSmallIntegerField(null=True, help_text="What was last answered.")
    problem = models.CharField(max_length=255, blank=True, default="", help_text="Why it is not delivered.")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, help_text="When it was delivered, or given up.")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "deliveries"
        constraints = (
            models.UniqueConstraint(fields=("event", "subscription"), name="webhook_delivery_once"),
            models.CheckConstraint(
                condition=Q(state="waiting", finished_at=None)
                | Q(state__in=("delivered", "given_up"), finished_at__isnull=False),
                name="webhook_delivery_finished_at_a_time",
            ),
        )
        indexes = (
            models.Index(fields=("subscription", "-created_at", "-id"), name="webhook_delivery_newest"),
            models.Index(fields=("subscription", "next_at", "id"), condition=Q(state="waiting"), name="webhook_delivery_due"),
            models.Index(fields=("created_at",), name="webhook_delivery_oldest"),
        )

    def __str__(self) -> str:
        return f"{self.event} to {self.subscription}"

    @property
    def is_waiting(self) -> bool:
        """Whether it is still to be made."""
        return self.state == self.State.WAITING


class Attempt(models.Model):
    """One try to deliver, and what was answered."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempts")
    at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True, help_text="None where there was no answer.")
    answer = models.TextField(blank=True, default="", help_text="The first 2 KB of its body.")
    problem = models.CharField(max_length=255, blank=True, default="")

    class Meta:
        ordering = ("at", "id")
        indexes = (models.Index(fields=("delivery", "at", "id"), name="webhook_attempt_of"),)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}: {self.status or self.problem}"
