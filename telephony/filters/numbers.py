"""How lists of numbers are narrowed down, over the API and on the console."""

import re
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from telephony.filters.calls import PartOfNumberFilter
from telephony.models import Number, Provider
from telephony.models.holding import HoldingState
from telephony.models.numbers import NumberQuerySet

# What is asked for where a number's country is not known.
UNKNOWN = "none"
STATES = (
    ("", "Any state"), ("free", "Free"), ("assigned", "Assigned"), ("cooling", "Cooling down"), ("disabled", "Disabled"),
)  # fmt: skip
SHOWN = ("q", "state", "country", "provider")
_DIGITS = re.compile(r"[0-9 ()+./-]{1,40}")


class NumberOrPersonField(forms.CharField):
    """Any part of a number, at least three digits of it in any notation; or any part of a person's name."""

    def to_python(self, value: Any) -> str:
        """Return the digits alone, or the name."""
        text = super().to_python(value) or ""
        if not _DIGITS.fullmatch(text):
            return text
        digits = re.sub(r"[^0-9]", "", text)
        if not 3 <= len(digits) <= 15:
            raise ValidationError("Give at least three digits of the number, and at most 15.")
        return digits


class NumberOrPersonFilter(django_filters.Filter):
    """A filter on a number or its holder."""

    field_class = NumberOrPersonField


class CountryField(forms.CharField):
    """A country's two letters, or `none`."""

    def to_python(self, value: Any) -> str:
        """Return the letters in capitals, `none` as it is."""
        text = super().to_python(value) or ""
        if text and not re.fullmatch(r"[A-Za-z]{2}|none", text):
            raise ValidationError("Give a country's two letters, such as US, or none.")
        return text if text == UNKNOWN else text.upper()


class CountryFilter(django_filters.Filter):
    """A filter on a country."""

    field_class = CountryField


class SharedNumberFilter(django_filters.FilterSet):
    """The filters of numbers that page and API have in common."""

    state = django_filters.ChoiceFilter(choices=HoldingState.choices)
    country = CountryFilter(method="filter_country")
    provider = django_filters.CharFilter(field_name="provider__name", lookup_expr="iexact", max_length=100)

    class Meta:
        model = Number
        fields = ()

    def filter_country(self, queryset: NumberQuerySet, name: str, value: str) -> NumberQuerySet:
        """Keep the numbers of a country."""
        return queryset.filter(country="" if value == UNKNOWN else value) if value else queryset

    def filter_holder(self, queryset: NumberQuerySet, name: str, value: str) -> NumberQuerySet:
        """Keep what somebody holds who has this Auth0 id, or this in the name or e-mail address."""
        person = Q(user__name__icontains=value) | Q(user__email__icontains=value)
        return queryset.held_by_somebody(person | Q(user__subject=value) | Q(user__username__iexact=value))


class NumberFilter(SharedNumberFilter):
    """The filters of a list of numbers over the API."""

    number = PartOfNumberFilter(field_name="number", lookup_expr="contains")
    holder = django_filters.CharFilter(method="filter_holder", max_length=255)


class NumberPageFilter(SharedNumberFilter):
    """The filters of the console's page, with a search over number and holder, and how many numbers there are of each state."""

    q = NumberOrPersonFilter(method="filter_anything", label="Part of a number, or a person", max_length=255)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Asked for once, and shown from here: which countries there are.
        counts = self.queryset.model.objects.counts()
        self.counts = {state: sum(n for (s, _), n in counts.items() if s == state) for state in HoldingState.values}
        countries = sorted({country for _, country in counts})
        self.form.order_fields(SHOWN)
        fields = self.form.fields
        fields["state"].widget = forms.Select(choices=STATES, attrs={"class": "form-select"})
        choices = [("", "Any country"), *((each or UNKNOWN, each or "Unknown") for each in countries)]
        fields["country"].widget = forms.Select(choices=choices, attrs={"class": "form-select"})
        names = Provider.objects.values_list("name", flat=True)
        choices = [("", "Any provider"), *((name, name) for name in names)]
        fields["provider"].widget = forms.Select(choices=choices, attrs={"class": "form-select"})

    @property
    def total(self) -> int:
        """How many numbers there are altogether."""
        return sum(self.counts.values())

    def filter_anything(self, queryset: NumberQuerySet, name: str, value: str) -> NumberQuerySet:
        """Keep the numbers that have these digits somewhere, or whose holder is called so."""
        if not value:
            return queryset
        is_number = _DIGITS.fullmatch(value)
        return queryset.filter(number__contains=value) if is_number else self.filter_holder(queryset, name, value)
