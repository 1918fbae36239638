"""How a list of call links is narrowed down."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from accounts.models.people import called
from accounts.permissions import person_of
from telephony.models import CallLink
from telephony.models.call_links import CallLinkQuerySet
from telephony.services.searching import digits_of
from web.filters import LocalDayFilter

UNDER_WAY = "under_way"
STATES = (
    (UNDER_WAY, "Under way"), ("completed", "Completed"), ("failed", "Failed"), ("cancelled", "Cancelled"),
    ("expired", "Expired"),
)  # fmt: skip


class CallLinkFilter(django_filters.FilterSet):
    """The filters of a list of call links: numbers (for staff people as well), state, and days on the reader's clock."""

    q = django_filters.CharFilter(method="filter_anything", max_length=255)
    state = django_filters.ChoiceFilter(choices=STATES, method="filter_state", empty_label=None)
    after = LocalDayFilter(
        field_name="created_at",
        lookup_expr="gte",
        help_text="Placed since when: a time with its zone, or a date, which begins at midnight UTC.",
    )
    before = LocalDayFilter(
        field_name="created_at", lookup_expr="lt", help_text="Placed before when: a time with its zone, or a date."
    )

    class Meta:
        model = CallLink
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = (("", "Any state"), *STATES)
        self.form.fields["state"].widget = forms.Select(choices=choices, attrs={"class": "form-select"})
        for name in ("after", "before"):
            self.form.fields[name].widget = forms.DateInput(attrs={"class": "form-control", "type": "date"})

    def filter_anything(self, queryset: CallLinkQuerySet, name: str, value: str) -> CallLinkQuerySet:
        """Keep the links with these digits in either number; for staff also those of whoever is called so."""
        digits = digits_of(value)
        is_staff = person_of(self.request).is_staff
        if not digits and not is_staff:
            raise ValidationError({name: "Give at least three digits of a number."})
        found = Q(source_number__contains=digits) | Q(destination_number__contains=digits) if digits else Q(pk__in=())
        if is_staff:
            found |= called(value, "user__")
        return queryset.filter(found)

    def filter_state(self, queryset: CallLinkQuerySet, name: str, value: str) -> CallLinkQuerySet:
        """Keep the links in one state: under way, or at one of the ends."""
        return queryset.open() if value == UNDER_WAY else queryset.filter(status=value)
