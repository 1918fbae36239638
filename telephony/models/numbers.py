"""Our phone numbers, where they come from, and who held them when."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q
from django.utils import timezone

from telephony.fields import E164Field, format_number
from telephony.models.directory import Extension
from telephony.models.holding import Holdable, HoldableQuerySet, HoldingState, holding_constraints
from telephony.models.recording_policies import OWN_VALUES, RecordingRuled, policy_constraint


class Provider(models.Model):
    """A company from which we have numbers or to which we send calls."""

    name = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = (models.CheckConstraint(condition=~Q(name=""), name="provider_name_never_blank"),)

    def __str__(self) -> str:
        return self.name


class NumberQuerySet(HoldableQuerySet["Number"]):
    """Sets of numbers."""

    def for_listing(self) -> Self:
        """Load all that a list shows of them: their providers, and by which open assignment somebody holds them."""
        held = Assignment.objects.open().select_related("user", "extension__domain")
        return self.select_related("provider").prefetch_related(
            Prefetch("assignments", queryset=held, to_attr="open_assignments")
        )

    def held_by_somebody(self, who: Q) -> Self:
        """Return those whose holder is as asked for, by conditions on the open assignment."""
        return self.filter(Exists(Assignment.objects.open().filter(who, number=OuterRef("pk"))))

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Return how many there are of each state and country; one query."""
        rows = self.order_by().values_list("state", "country").annotate(numbers=Count("*"))
        return {(state, country): numbers for state, country, numbers in rows}


class Number(Holdable, RecordingRuled):
    """A phone number of ours (a DID)."""

    number = E164Field(unique=True)
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="numbers")
    country = models.CharField(max_length=2, blank=True, default="", help_text="Two letters; empty where unknown.")

    objects = NumberQuerySet.as_manager()

    # Filled by `for_listing`.
    open_assignments: "list[Assignment]"

    class Meta:
        ordering = ("number",)
        constraints = (
            models.CheckConstraint(condition=Q(number__regex=r"^[1-9][0-9]{6,14}$"), name="number_is_e164"),
            *holding_constraints("number"),
            policy_constraint("number", OWN_VALUES),
        )
        indexes = (
            models.Index(fields=("state", "number"), name="number_by_state"),
            models.Index(fields=("state", "cooling_until", "number"), name="number_by_rest"),
            models.Index(fields=("provider", "number"), name="number_by_provider"),
            models.Index(fields=("country", "number"), name="number_by_country"),
            # How many there are of each, read from the index alone; not by state first, where it would be taken for others.
            models.Index(fields=("country", "state"), name="number_counts"),
        )

    def __str__(self) -> str:
        return format_number(self.number)

    @property
    def held_by(self) -> "Assignment | None":
        """The open assignment by which somebody holds it; of one that `for_listing` has loaded."""
        return next(iter(self.open_assignments), None)

    @property
    def has_rested(self) -> bool:
        """Whether its rest is over, so that it can be given away like a free one."""
        return self.cooling_until is not None and self.cooling_until <= timezone.now()

    def why_not_free(self) -> str:
        """Say why it cannot be given to anybody now, "" where it can; of one that `for_listing` has loaded."""
        if self.held_by is not None:
            return f"{self} is held by {self.held_by.user}."
        if self.state == HoldingState.COOLING and self.cooling_until and not self.has_rested:
            return f"{self} rests until {self.cooling_until:%Y-%m-%d %H:%M} UTC after its last holder."
        return f"{self} is disabled." if self.state == HoldingState.DISABLED else ""


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Sets of assignments."""

    def open(self) -> Self:
        """Return the assignments that hold now."""
        return self.filter(ends_at=None)

    def in_use(self) -> Self:
        """Return the assignments that hold now and let an active person use an extension that is not closed."""
        return self.open().filter(
            extension__domain__is_active=True, extension__state=HoldingState.ASSIGNED, user__is_active=True
        )

    def at(self, when: datetime) -> Self:
        """Return the assignments that held at this moment."""
        return self.filter(starts_at__lte=when).filter(Q(ends_at=None) | Q(ends_at__gt=when))


class Assignment(models.Model):
    """Who held which extension, and which number with it, from when to when; never deleted, it decides who sees a call."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="assignments")
    extension = models.ForeignKey(Extension, models.PROTECT, related_name="assignments")
    number = models.ForeignKey(Number, models.PROTECT, null=True, blank=True, related_name="assignments")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ("-starts_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=("extension",), condition=Q(ends_at=None), name="assignment_extension_held_once"),
            models.UniqueConstraint(fields=("number",), condition=Q(ends_at=None), name="assignment_number_held_once"),
            models.UniqueConstraint(
                fields=("user",), condition=Q(ends_at=None, number__isnull=False), name="assignment_one_number_a_person"
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")), name="assignment_ends_after_start"
            ),
        )
        indexes = (
            models.Index(fields=("extension", "starts_at"), name="assignment_of_extension"),
            models.Index(fields=("number", "starts_at"), name="assignment_of_number"),
            models.Index(fields=("user", "starts_at"), name="assignment_of_user"),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.extension}"
