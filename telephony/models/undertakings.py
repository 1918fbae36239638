"""What staff have set about with many numbers: shown before it is done, done when they say so, and followed while it is."""

from datetime import datetime, timedelta
from typing import Any, Final, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

# So many of the lines that are wrong, and of those that are passed over, are kept to be read.
MOST_WRONG: Final = 1_000
MOST_PASSED_OVER: Final = 50
# A worker writes down how far it is more often than this.
STALLED_AFTER: Final = timedelta(seconds=30)


class UndertakingQuerySet(models.QuerySet[Any]):
    """Sets of undertakings."""

    def of(self, owner: Any) -> Self:
        """Return those of a person: they are nobody else's business."""
        return self.filter(owner=owner)

    def over(self, now: datetime) -> Self:
        """Return those that nobody is to read any more."""
        return self.filter(expires_at__lte=now)


class Undertaking(models.Model):
    """Something with many parts, of which `position` of `total` are through; it is its owner's alone, and forgotten in time."""

    class State(models.TextChoices):
        """How far it has come."""

        CHECKING = "checking", "being checked"
        ASKED = "asked", "waits for a yes"
        WORKING = "working", "under way"
        DONE = "done"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=State)
    total = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(help_text="When it is forgotten.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = UndertakingQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def is_under_way(self) -> bool:
        """Whether somebody is at it, so that it is to be asked after."""
        return self.state in (self.State.CHECKING, self.State.WORKING)

    @property
    def is_stalled(self) -> bool:
        """Whether nobody has been at it for a while: no worker runs, or it has much else to do."""
        return self.is_under_way and self.updated_at < timezone.now() - STALLED_AFTER


def undertaking_constraints(prefix: str) -> tuple[models.BaseConstraint, ...]:
    """Return the database's own checks of an undertaking."""
    return (
        models.CheckConstraint(condition=Q(state__in=Undertaking.State.values), name=f"{prefix}_state_known"),
        models.CheckConstraint(condition=Q(position__lte=models.F("total")), name=f"{prefix}_within_its_total"),
    )


class NumberImport(Undertaking):
    """A file of numbers, from its upload over its rehearsal to its import; `total` and `position` are lines."""

    file_name = models.CharField(max_length=255)
    content = models.BinaryField(help_text="The file as it came; emptied once it is in.")
    provider = models.CharField(max_length=100, blank=True, default="")
    column = models.CharField(max_length=100, default="number")
    attempt = models.PositiveIntegerField(
        default=0, help_text="Goes up whenever somebody begins to check it: only he writes down what he finds."
    )
    added = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0, help_text="In the pool already, or given more than once.")
    kept_elsewhere = models.PositiveIntegerField(default=0, help_text="Of those in the pool, how many are another provider's.")
    wrong = models.PositiveIntegerField(default=0)
    new_providers = models.JSONField(default=list)
    samples = models.JSONField(default=list, help_text="How some of the lines are read.")
    wrong_lines = models.JSONField(default=list)
    passed_over = models.JSONField(default=list)

    class Meta:
        ordering = ("-id",)
        constraints = undertaking_constraints("number_import")
        indexes = (models.Index(fields=("expires_at",), name="number_import_over"),)

    def __str__(self) -> str:
        return self.file_name


class NumberChange(Undertaking):
    """One thing that is to be done to many numbers; `total` and `position` are numbers."""

    class Action(models.TextChoices):
        """What is to be done to each."""

        RELEASE = "release", "Take back"
        DISABLE = "disable", "Disable"
        ENABLE = "enable", "Enable"
        PROVIDER = "provider", "Set provider"
        COUNTRY = "country", "Set country"

    action = models.CharField(max_length=8, choices=Action)
    value = models.CharField(max_length=100, blank=True, default="", help_text="The provider, or the country.")
    number_ids = models.JSONField(default=list)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0, help_text="How many were so already.")
    refused = models.PositiveIntegerField(default=0)
    refusals = models.JSONField(default=list, help_text="Which were refused, and why; the first of them.")

    class Meta:
        ordering = ("-id",)
        constraints = (
            *undertaking_constraints("number_change"),
            models.CheckConstraint(
                condition=Q(action__in=("release", "disable", "enable", "provider", "country")),
                name="number_change_action_known",
            ),
        )
        indexes = (models.Index(fields=("expires_at",), name="number_change_over"),)

    def __str__(self) -> str:
        return str(self.Action(self.action).label)
