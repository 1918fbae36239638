"""Call links: calls that the portal places for a person."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from telephony.models.directory import Extension
from telephony.models.numbers import Number
from telephony.models.switches import Switch


class CallLink(models.Model):
    """A call that rings `source_number`, then `destination_number`, and bridges them."""

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
    call_uuid = models.UUIDField(unique=True, help_text="The uuid of the source's leg, chosen by us.")
    destination_leg_uuid = models.UUIDField(unique=True)
    job_uuid = models.UUIDField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    expires_at = models.DateTimeField()
    source_answered_at = models.DateTimeField(null=True, blank=True)
    bridged_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)

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
        )
        indexes = (
            models.Index(fields=("user", "source_number", "destination_number", "-created_at"), name="call_link_repeat"),
            models.Index(fields=("user", "-created_at"), name="call_link_of_user"),
            models.Index(fields=("expires_at",), condition=Q(ended_at=None), name="call_link_open"),
        )

    def __str__(self) -> str:
        return f"{self.source_number} → {self.destination_number}"
