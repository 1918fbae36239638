"""Call links: calls that the portal places for a person."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Prefetch, Q
from django.utils import timezone

from accounts.models import User
from telephony.models.directory import Extension
from telephony.models.numbers import Number
from telephony.models.switches import Switch
from telephony.switch.causes import outcome_of
from webhooks.outbox import announce

if TYPE_CHECKING:
    from telephony.models.calls import Call


class Step(NamedTuple):
    """A stage of a link as a page shows it."""

    label: str
    reached: bool
    current: bool


class CallLinkQuerySet(models.QuerySet["CallLink"]):
    """Sets of call links."""

    def of(self, user: User) -> Self:
        """Return the links that this person placed."""
        return self.filter(user=user)

    def visible_to(self, user: User) -> Self:
        """Return the links that this person may see on a page: staff all, others their own."""
        return self if user.is_staff else self.of(user)

    def open(self) -> Self:
        """Return the links that have not ended."""
        return self.filter(ended_at=None)

    def awaiting_a_call(self) -> Self:
        """Return the links whose owners have yet to dial in."""
        return self.open().filter(mode=CallLink.Mode.DIAL_IN, planned_at=None)

    def under_way(self, now: datetime) -> Self:
        """Return the links that ring or talk, by what is known of them: not those that wait for a call."""
        waiting = Q(mode=CallLink.Mode.DIAL_IN, planned_at=None)
        return self.open().filter(expires_at__gt=now).exclude(waiting)

    def dialled(self) -> Self:
        """Return the links but those of which the switch, which was away, was never told: they rang nobody."""
        return self.exclude(status=CallLink.Status.FAILED, sent_at=None)

    def live(self, ended_since: datetime) -> Self:
        """Return the links that are under way or ended since this moment, newest first, with all that a list shows."""
        under_way = Q(ended_at=None) | Q(ended_at__gte=ended_since)
        return self.filter(under_way).select_related("user", "extension").order_by("-created_at", "-id")

    def for_listing(self, viewer: User) -> Self:
        """Load all that a list shows of them, in a fixed number of queries: with the calls that the viewer may see."""
        # Of another module of this package, which imports this one.
        calls = apps.get_model("telephony", "Call").objects.visible_to(viewer).order_by("id")
        return self.select_related("user", "extension__domain", "number").prefetch_related(
            Prefetch("calls", queryset=calls, to_attr="seen_calls")
        )


class CallLink(models.Model):
    """A call that rings `source_number`, then `destination_number`, and bridges them.

    In mode `dial_in` nobody rings the source: from there its owner calls their own number, within the link's time.
    """

    class Mode(models.TextChoices):
        """Who rings whom."""

        CALLBACK = "callback"
        DIAL_IN = "dial_in", "dial in"

    class Status(models.TextChoices):
        """How far the call has come; the last four are its ends."""

        QUEUED = "queued"
        RINGING_SOURCE = "ringing_source", "ringing source"
        SOURCE_ANSWERED = "source_answered", "source answered"
        BRIDGED = "bridged"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    OPEN = (Status.QUEUED, Status.RINGING_SOURCE, Status.SOURCE_ANSWERED, Status.BRIDGED)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="call_links")
    extension = models.ForeignKey(Extension, models.PROTECT, null=True, blank=True, related_name="call_links")
    number = models.ForeignKey(Number, models.PROTECT, null=True, blank=True, related_name="call_links")
    switch = models.ForeignKey(Switch, models.PROTECT, null=True, blank=True, related_name="call_links")
    mode = models.CharField(max_length=8, choices=Mode, default=Mode.CALLBACK)
    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    hangup_cause = models.CharField(max_length=64, blank=True, default="")
    source_number = models.CharField(max_length=15, help_text="An E.164 number or an extension.")
    destination_number = models.CharField(max_length=15, help_text="An E.164 number or an extension.")
    call_uuid = models.UUIDField(
        unique=True, help_text="The uuid of the source's leg: chosen by us, or of whoever dials in the switch's."
    )
    destination_leg_uuid = models.UUIDField(unique=True)
    job_uuid = models.UUIDField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    expires_at = models.DateTimeField()
    source_answered_at = models.DateTimeField(null=True, blank=True)
    bridged_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(
        null=True, blank=True, help_text="When the switch was sent the command: it is never sent a second time."
    )
    planned_at = models.DateTimeField(
        null=True, blank=True, help_text="When the switch was given the link's plan: it is never given out a second time."
    )
    idempotency_key = models.CharField(max_length=255, blank=True, default="", editable=False)

    objects = CallLinkQuerySet.as_manager()

    # Filled by `for_listing`.
    seen_calls: "list[Call]"

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="call_link_expires_later"),
            models.CheckConstraint(
                condition=Q(status__in=("queued", "ringing_source", "source_answered", "bridged"), ended_at=None)
                | Q(status__in=("completed", "failed", "cancelled", "expired"), ended_at__isnull=False),
                name="call_link_ended_exactly_when_over",
            ),
            models.CheckConstraint(condition=Q(mode__in=("callback", "dial_in")), name="call_link_mode_known"),
            models.UniqueConstraint(
                fields=("user",),
                condition=Q(mode="dial_in", planned_at=None, ended_at=None),
                name="call_link_one_a_person_awaits_a_call",
            ),
        )
        indexes = (
            models.Index(fields=("user", "source_number", "destination_number", "-created_at"), name="call_link_repeat"),
            models.Index(fields=("user", "-created_at"), name="call_link_of_user"),
            models.Index(fields=("expires_at",), condition=Q(ended_at=None), name="call_link_open"),
        )

    def __str__(self) -> str:
        return f"{self.source_number} → {self.destination_number}"

    @property
    def is_open(self) -> bool:
        """Whether the link has not ended."""
        return self.ended_at is None

    @property
    def awaits_a_call(self) -> bool:
        """Whether its owner has yet to dial in."""
        return self.is_open and self.mode == self.Mode.DIAL_IN and self.planned_at is None

    @property
    def status_label(self) -> str:
        """How far the link has come, or why it ended, in words for people."""
        if self.awaits_a_call:
            return "Waiting to be dialled"
        if self.status == self.Status.FAILED and self.hangup_cause:
            return outcome_of(self.hangup_cause, talked=False).label
        return STATUS_LABELS[self.Status(self.status)]

    @property
    def call(self) -> "Call | None":
        """The call that came of it, where its viewer may see it; of one that `for_listing` has loaded."""
        return next(iter(self.seen_calls), None)

    @property
    def ended_because(self) -> str:
        """Why it ended, in a sentence for people; "" while it goes on."""
        if self.status == self.Status.FAILED:
            return self._failed_because
        if self.status == self.Status.EXPIRED:
            return EXPIRED_BECAUSE[self.Mode(self.mode)]
        return ENDED_BECAUSE.get(self.Status(self.status), "")

    @property
    def _failed_because(self) -> str:
        if self.sent_at is None:
            return "The switch could not be reached: nobody was called."
        side = "destination" if self.source_answered_at is not None else "source"
        return f"The {side} was not connected: {outcome_of(self.hangup_cause, talked=False).label}."

    @property
    def outcome(self) -> str:
        """What became of the link, as a call's outcome is named; "open" while it goes on."""
        if self.status == self.Status.FAILED:
            return outcome_of(self.hangup_cause, talked=False).slug
        return OUTCOMES.get(self.Status(self.status), "open")

    @property
    def steps(self) -> Sequence[Step]:
        """The way of a link, and how much of it this one went."""
        current = None
        if self.is_open:
            current = self.OPEN.index(self.Status(self.status))
            reached = current
        elif self.bridged_at is not None:
            reached = len(STEPS) - 1
        else:
            reached = 2 if self.source_answered_at is not None else 0
        return [Step(label, place <= reached, place == current) for place, label in enumerate(STEPS)]

    def advance(self, status: str, at: datetime) -> bool:
        """Move forward to a state, never back, and never out of an end; tell whether it moved.

        By one conditional update: requests, the listener and the intake of records all move links.
        """
        before = self.OPEN[: self.OPEN.index(self.Status(status))]
        stamps = {self.Status.SOURCE_ANSWERED: "source_answered_at", self.Status.BRIDGED: "bridged_at"}
        stamp: dict[str, Any] = {stamps[self.Status(status)]: at} if status in stamps else {}
        return self._change(CallLink.objects.open().filter(status__in=before), status=status, **stamp)

    def take_up(self) -> bool:
        """Note that the switch is given the link's plan; tell whether nobody was before, and somebody still wants it."""
        now = timezone.now()
        if not self._change(CallLink.objects.open().filter(planned_at=None, cancel_requested_at=None), planned_at=now):
            return False
        self.advance(self.Status.SOURCE_ANSWERED, now)
        return True

    def take_up_call(self, leg_uuid: UUID, switch: Switch | None, set_up_within: timedelta) -> bool:
        """Make this leg, of whoever dials in, the link's source; tell whether it was the first in time, and still wanted."""
        now = timezone.now()
        waiting = CallLink.objects.awaiting_a_call().filter(cancel_requested_at=None, expires_at__gt=now)
        return self._change(
            waiting,
            call_uuid=leg_uuid,
            switch=switch,
            status=self.Status.SOURCE_ANSWERED,
            source_answered_at=now,
            sent_at=now,
            planned_at=now,
            expires_at=now + set_up_within,
        )

    def end(self, status: str, cause: str, at: datetime | None = None) -> bool:
        """End an open link; tell whether it was still open."""
        ended_at = max(at or timezone.now(), self.created_at)
        return self._change(CallLink.objects.open(), status=status, hangup_cause=cause[:64], ended_at=ended_at)

    def settle(self, status: str, cause: str, ended_at: datetime, bridged_at: datetime | None) -> None:
        """End the link as the switch's record has it: events are advice, and an expiry a guess; the record is neither."""
        self._change(
            CallLink.objects.all(),
            status=status,
            hangup_cause=cause[:64],
            ended_at=max(ended_at, self.created_at),
            bridged_at=bridged_at,
        )

    def _change(self, links: CallLinkQuerySet, **values: Any) -> bool:
        with transaction.atomic():
            changed = links.filter(pk=self.pk).update(updated_at=timezone.now(), **values)
            self.refresh_from_db()
            if changed and "status" in values:
                self.announce()
        return bool(changed)

    def announce(self) -> None:
        """Have webhooks told which state it is in; of each once."""
        announce("call_link.changed", self, (self.user_id,), key=f"call_link.changed:{self.pk}:{self.status}")


ENDED_BECAUSE = {
    CallLink.Status.COMPLETED: "They talked, and somebody hung up.",
    CallLink.Status.CANCELLED: "It was cancelled before anybody talked.",
}
EXPIRED_BECAUSE = {
    CallLink.Mode.CALLBACK: "Nobody answered in time.",
    CallLink.Mode.DIAL_IN: "Nobody dialled in within its time.",
}
STEPS = ("Placed", "Source", "Destination", "Talk")
OUTCOMES = {
    CallLink.Status.COMPLETED: "answered",
    CallLink.Status.CANCELLED: "cancelled",
    CallLink.Status.EXPIRED: "no_answer",
}
STATUS_LABELS = {
    CallLink.Status.QUEUED: "Placing the call",
    CallLink.Status.RINGING_SOURCE: "Ringing the source",
    CallLink.Status.SOURCE_ANSWERED: "Ringing the destination",
    CallLink.Status.BRIDGED: "Talking",
    CallLink.Status.COMPLETED: "Completed",
    CallLink.Status.FAILED: "Failed",
    CallLink.Status.CANCELLED: "Cancelled",
    CallLink.Status.EXPIRED: "Expired",
}
