"""Fields and filters that every list shares: strict about what they are given."""

import re
from datetime import date, datetime, time
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive, make_aware

BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class StrictBooleanField(forms.Field):
    """`true` or `false`; nothing else is silently taken for one of them."""

    json_schema = {"type": "string", "enum": list(BOOLEANS)}

    def to_python(self, value: Any) -> bool | None:
        """Return the truth value, None where nothing was given."""
        if value in (None, ""):
            return None
        if value not in BOOLEANS:
            raise ValidationError("Give true or false.")
        return BOOLEANS[value]


class InstantField(forms.Field):
    """An RFC 3339 time with its zone, or a date, which begins at midnight UTC."""

    json_schema = {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}

    def to_python(self, value: Any) -> datetime | None:
        """Return an aware time, None where nothing was given."""
        if value in (None, ""):
            return None
        # A `+` that a client left unencoded in the address arrives as a space.
        text = re.sub(r" (?=[0-9]{2}:[0-9]{2}$)", "+", value)
        try:
            instant = parse_datetime(text if parse_date_only(text) is None else f"{text}T00:00:00Z")
        except ValueError:
            instant = None
        if instant is None or is_naive(instant) or not 1970 <= instant.year <= 9000:
            raise ValidationError("Give an RFC 3339 time such as 2026-11-24T09:30:00Z, or a date.")
        return instant


class LocalDayField(InstantField):
    """The same for a page: a date begins at midnight where its reader is."""

    def to_python(self, value: Any) -> datetime | None:
        """Return an aware time, None where nothing was given."""
        try:
            day = parse_date_only(value) if value else None
        except ValueError:
            day = None
        return make_aware(datetime.combine(day, time.min)) if day else super().to_python(value)


def parse_date_only(text: str) -> date | None:
    """Return the date that the text is, None for anything else. Raises ValueError for a day that no month has."""
    return parse_date(text) if len(text) == len("2026-11-24") else None


class BooleanFilter(django_filters.Filter):
    """A filter on `true` or `false`."""

    field_class = StrictBooleanField


class InstantFilter(django_filters.Filter):
    """A filter on a time."""

    field_class = InstantField


class LocalDayFilter(django_filters.Filter):
    """A filter on a time, as a page's reader gives it."""

    field_class = LocalDayField
