"""How much an extension may call outside, where it is to be something else than for everybody."""

from typing import Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

# The most that each may be. Never 0: for the switch a limit of none is no limit.
MOST: Final = {"calls_at_once": 1000, "calls_an_hour": 10_000, "call_minutes_a_day": 100_000, "call_minutes_longest": 1440}


def _limit(name: str, label: str) -> "models.PositiveIntegerField[int | None, int | None]":
    within = [MinValueValidator(1), MaxValueValidator(MOST[name])]
    return models.PositiveIntegerField(label, null=True, blank=True, validators=within)


class CallLimited(models.Model):
    """Something whose calls outside are limited; NULL leaves a limit to the settings."""

    calls_at_once = _limit("calls_at_once", "calls at once")
    calls_an_hour = _limit("calls_an_hour", "calls an hour")
    call_minutes_a_day = _limit("call_minutes_a_day", "minutes a day")
    call_minutes_longest = _limit("call_minutes_longest", "longest call, in minutes")

    class Meta:
        abstract = True


def limits_constraint(prefix: str) -> models.CheckConstraint:
    """Return the database's own check of the limits."""
    within = Q()
    for name, most in MOST.items():
        within &= Q(**{name: None}) | Q(**{f"{name}__range": (1, most)})
    return models.CheckConstraint(condition=within, name=f"{prefix}_limits_within_reason")
