"""When somebody had silence recorded in place of a talk, as while a card number was read out."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import Q


class Pause(NamedTuple):
    """From when to when silence was recorded; to None where that never ended."""

    starts_at: datetime
    ends_at: datetime | None


class PauseMark(models.Model):
    """A moment at which a leg's recording was paused, or went on; twice the same in a row changes nothing."""

    leg_uuid = models.CharField(max_length=64, help_text="The leg that recorded.")
    at = models.DateTimeField()
    is_paused = models.BooleanField(help_text="Whether silence is recorded from then on.")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", help_text="Nobody: by keys."
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("at", "id")
        constraints = (
            # A record that comes twice tells of the same moments.
            models.UniqueConstraint(fields=("leg_uuid", "at", "is_paused"), name="pause_mark_once"),
            models.CheckConstraint(condition=~Q(leg_uuid=""), name="pause_mark_of_a_leg"),
        )

    def __str__(self) -> str:
        return f"{self.leg_uuid} {'paused' if self.is_paused else 'went on'} at {self.at:%H:%M:%S}"


def pauses_in(marks: Iterable[PauseMark]) -> list[Pause]:
    """Return the pauses of one leg's marks, oldest first, whatever the order of the marks."""
    pauses: list[Pause] = []
    since: datetime | None = None
    for mark in sorted(marks, key=lambda mark: mark.at):
        if mark.is_paused and since is None:
            since = mark.at
        elif not mark.is_paused and since is not None:
            pauses.append(Pause(since, mark.at))
            since = None
    return [*pauses, Pause(since, None)] if since is not None else pauses
