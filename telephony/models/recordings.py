"""Recordings: the audio of a call, kept in files that the server names."""

from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from telephony.models.calls import Call
from telephony.models.recording_pauses import Pause, PauseMark, pauses_in


class Recording(models.Model):
    """The audio that one leg recorded; it may arrive before its call's record."""

    class State(models.TextChoices):
        """Whether there is something to listen to."""

        READY = "ready"
        DELETED = "deleted"

    call = models.ForeignKey(Call, models.PROTECT, null=True, blank=True, related_name="recordings")
    leg_uuid = models.CharField(
        max_length=64, unique=True, help_text="The leg that recorded, as the upload's address names it."
    )
    state = models.CharField(max_length=8, choices=State, default=State.READY)
    file_name = models.CharField(max_length=100, unique=True, editable=False, help_text="Chosen by the server.")
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    channels = models.PositiveSmallIntegerField()
    sample_rate = models.PositiveIntegerField(help_text="Hz")
    duration_ms = models.PositiveBigIntegerField()
    peaks = models.BinaryField(
        null=True, blank=True, editable=False, help_text="How loud it is along its way; see `waveforms.unpack`."
    )  # fmt: skip
    measured_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When it was last read as a whole.")
    legal_hold = models.BooleanField(default=False, help_text="While set, the audio cannot be deleted.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(state="ready", deleted_at=None) | Q(state="deleted", deleted_at__isnull=False),
                name="recording_deleted_at_a_time",
            ),
            models.CheckConstraint(condition=~Q(state="deleted", legal_hold=True), name="recording_hold_forbids_deletion"),
            models.CheckConstraint(
                condition=Q(deleted_at=None) | Q(deleted_at__gte=F("created_at")), name="recording_deleted_later"
            ),
            models.CheckConstraint(condition=Q(size_bytes__gt=44) & Q(channels__in=(1, 2)), name="recording_has_audio"),
            models.CheckConstraint(condition=~Q(state="deleted", peaks__isnull=False), name="recording_deleted_has_no_peaks"),
        )
        indexes = (
            models.Index(fields=("call", "state"), name="recording_of_call"),
            models.Index(fields=("id",), condition=Q(state="ready", measured_at=None), name="recording_unmeasured"),
        )

    def __str__(self) -> str:
        return f"recording of {self.leg_uuid}"

    def pauses(self) -> list[Pause]:
        """Return when silence was recorded in place of the talk, oldest first. One query."""
        return pauses_in(PauseMark.objects.filter(leg_uuid=self.leg_uuid))

    @property
    def path(self) -> Path:
        """Where the audio lies."""
        root: Path = settings.RECORDINGS_ROOT
        return root / self.file_name

    @property
    def duration_seconds(self) -> int:
        """The length in whole seconds."""
        return round(self.duration_ms / 1000)
