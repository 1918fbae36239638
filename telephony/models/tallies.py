"""How many calls there were, counted ahead: so that a year of them is summed up from some thousand rows."""

from django.db import models
from django.db.models import F, Q

from telephony.models.calls import Call
from telephony.models.directory import Extension


class CallTally(models.Model):
    """The calls of one kind that began within a span of time; there is a row only where there were any."""

    class Span(models.IntegerChoices):
        """How long the span is, in minutes. Days are those of UTC; every clock of today is whole quarter hours away from it."""

        QUARTER = 15, "a quarter of an hour"
        DAY = 1440, "a day"

    span = models.PositiveSmallIntegerField(choices=Span)
    starts_at = models.DateTimeField(help_text="When the span begins.")
    direction = models.CharField(max_length=8, choices=Call.Direction)
    local = models.BooleanField()
    answered = models.BooleanField()
    hangup_cause = models.CharField(max_length=64, blank=True)
    calls = models.PositiveIntegerField()
    talk_seconds = models.PositiveBigIntegerField()

    # What a row counts is told apart by these.
    KIND = ("direction", "local", "answered", "hangup_cause")

    class Meta:
        ordering = ("span", "starts_at", "id")
        verbose_name_plural = "call tallies"
        constraints = (
            models.UniqueConstraint(
                fields=("span", "starts_at", "direction", "local", "answered", "hangup_cause"), name="call_tally_once"
            ),
            models.CheckConstraint(condition=Q(span__in=(15, 1440)), name="call_tally_span_known"),
            models.CheckConstraint(condition=Q(calls__gt=0), name="call_tally_of_some"),
            models.CheckConstraint(condition=Q(answered=True) | Q(talk_seconds=0), name="call_tally_answered_means_talked"),
        )

    def __str__(self) -> str:
        return f"{self.calls} from {self.starts_at:%Y-%m-%d %H:%M}"


class ExtensionTally(models.Model):
    """The calls of an extension, placed and received, that began on a day of UTC; one to itself counts once."""

    starts_at = models.DateTimeField(help_text="Midnight, UTC.")
    extension = models.ForeignKey(Extension, models.CASCADE, related_name="tallies")
    calls = models.PositiveIntegerField()
    answered = models.PositiveIntegerField()
    talk_seconds = models.PositiveBigIntegerField()

    class Meta:
        ordering = ("starts_at", "extension_id")
        verbose_name_plural = "extension tallies"
        constraints = (
            models.UniqueConstraint(fields=("starts_at", "extension"), name="extension_tally_once"),
            models.CheckConstraint(condition=Q(calls__gt=0) & Q(answered__lte=F("calls")), name="extension_tally_of_some"),
        )

    def __str__(self) -> str:
        return f"{self.calls} of {self.extension_id} on {self.starts_at:%Y-%m-%d}"


class StaleTally(models.Model):
    """A quarter of an hour in which a call changed, appeared or went: it is to be counted anew.

    Written in the transaction that changes the call, and never twice the same row: so nobody who takes in a record waits.
    """

    starts_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("-starts_at", "id")
        verbose_name_plural = "stale tallies"

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}"
