"""What numbers and extensions have in common: one holder at a time, and a rest between two."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self, TypeVar

from django.db import models
from django.db.models import Q


class HoldingState(models.TextChoices):
    """Whether a number or an extension can be given to somebody."""

    FREE = "free"
    ASSIGNED = "assigned"
    COOLING = "cooling", "cooling down"
    DISABLED = "disabled"


H = TypeVar("H", bound="Holdable")


class HoldableQuerySet(models.QuerySet[H]):
    """Sets of things that one person holds at a time."""

    def free(self) -> Self:
        """Return those that nobody holds and that need no rest."""
        return self.filter(state=HoldingState.FREE)

    def rested(self, at: datetime) -> Self:
        """Return those whose rest is over at this moment."""
        return self.filter(state=HoldingState.COOLING, cooling_until__lte=at)

    def claimable(self, at: datetime) -> Self:
        """Return those that may be given away at this moment: free ones, and rested ones."""
        return self.filter(Q(state=HoldingState.FREE) | Q(state=HoldingState.COOLING, cooling_until__lte=at))


class Holdable(models.Model):
    """A number or an extension: `state` says whether it can be given away, `cooling_until` when it can be again."""

    state = models.CharField(max_length=8, choices=HoldingState, default=HoldingState.FREE)
    cooling_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


def holding_constraints(prefix: str) -> Sequence[models.BaseConstraint]:
    """Return the database's own checks of a holdable's state."""
    return (
        models.CheckConstraint(condition=Q(state__in=HoldingState.values), name=f"{prefix}_state_known"),
        models.CheckConstraint(
            condition=Q(state=HoldingState.COOLING, cooling_until__isnull=False)
            | (~Q(state=HoldingState.COOLING) & Q(cooling_until=None)),
            name=f"{prefix}_cools_until_a_time",
        ),
    )
