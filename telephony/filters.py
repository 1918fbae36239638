"""How lists of calls are narrowed down; API and console declare it here once."""

import re
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from accounts.models import User
from accounts.permissions import person_of
from telephony.fields import normalise_number
from telephony.models import Call
from telephony.models.calls import CallQuerySet
from web.filters import BooleanFilter, InstantFilter

MOST_SECONDS = 2**31 - 1


class PartOfNumberField(forms.CharField):
    """Any part of a number: at least three digits, in any notation."""

    def to_python(self, value: Any) -> str:
        """Return the digits alone."""
        text = super().to_python(value) or ""
        if text and not re.fullmatch(r"[0-9 ()+./-]{3,40}", text):
            raise ValidationError("Give at least three digits of the number.")
        digits = re.sub(r"[^0-9]", "", text)
        if text and not 3 <= len(digits) <= 15:
            raise ValidationError("Give at least three digits of the number, and at most 15.")
        return digits


class PartOfNumberFilter(django_filters.Filter):
    """A filter on any part of a number."""

    field_class = PartOfNumberField


class CauseFilter(django_filters.Filter):
    """A filter on a hangup cause, as the switch writes it."""

    field_class = forms.RegexField


class SecondsFilter(django_filters.Filter):
    """A filter on a length in whole seconds."""

    field_class = forms.IntegerField


class CallFilter(django_filters.FilterSet):
    """The filters of a list of calls, as the person in `request.user` sees them."""

    call_direction = django_filters.ChoiceFilter(choices=Call.Direction.choices, method="filter_direction")
    call_from = PartOfNumberFilter(field_name="caller_number", lookup_expr="contains")
    call_to = PartOfNumberFilter(field_name="callee_number", lookup_expr="contains")
    extension = django_filters.CharFilter(method="filter_extension")
    didnumber = django_filters.CharFilter(method="filter_didnumber")
    hangup_cause = CauseFilter(field_name="hangup_cause", lookup_expr="exact", regex=r"\A[A-Z0-9_]{1,64}\Z")
    answered = BooleanFilter(field_name="answered")
    local = BooleanFilter(field_name="local")
    has_recording = BooleanFilter(method="filter_has_recording")
    min_duration = SecondsFilter(field_name="bill_seconds", lookup_expr="gte", min_value=0, max_value=MOST_SECONDS)
    started_after = InstantFilter(field_name="started_at", lookup_expr="gte")
    started_before = InstantFilter(field_name="started_at", lookup_expr="lt")

    class Meta:
        model = Call
        fields = ()

    @property
    def viewer(self) -> User:
        """Whose list it is."""
        return person_of(self.request)

    def filter_direction(self, queryset: CallQuerySet, name: str, value: str) -> CallQuerySet:
        """Take a call between extensions for inbound where the viewer is its callee."""
        if self.viewer.is_staff:
            return queryset.filter(direction=value)
        came_in = Q(local=True, callee_user=self.viewer) & ~Q(caller_user=self.viewer)
        inbound = Q(direction=Call.Direction.INBOUND) | came_in
        return queryset.filter(inbound if value == Call.Direction.INBOUND else Q(direction=value) & ~came_in)

    def filter_extension(self, queryset: CallQuerySet, name: str, value: str) -> CallQuerySet:
        """Keep the calls of an extension, given by its number, on either side."""
        if not re.fullmatch(r"[0-9]{2,7}", value):
            raise ValidationError({name: "Give the extension's number, such as 1006."})
        return queryset.filter(Q(caller_extension__number=value) | Q(callee_extension__number=value))

    def filter_didnumber(self, queryset: CallQuerySet, name: str, value: str) -> CallQuerySet:
        """Keep the calls of a number of ours, given by its id or as a phone number."""
        if re.fullmatch(r"[0-9]{1,6}", value):
            return queryset.filter(number_id=int(value)) if int(value) else queryset.filter(number=None)
        return queryset.filter(number__number=normalise_number(value))

    def filter_has_recording(self, queryset: CallQuerySet, name: str, value: bool | None) -> CallQuerySet:
        """Keep the calls that can, or cannot, be listened to."""
        return queryset if value is None else queryset.with_recording(value)


class CallPageFilter(CallFilter):
    """The filters of the console's page: the API's, and a search over both parties."""

    q = PartOfNumberFilter(method="filter_parties", label="Any part of a number")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in PAGE_CHOICES.items():
            self.form.fields[name].widget = forms.Select(choices=choices, attrs={"class": "form-select"})

    @property
    def selects(self) -> list[forms.BoundField]:
        """The fields that are shown as selections."""
        return [self.form[name] for name in PAGE_CHOICES]

    def filter_parties(self, queryset: CallQuerySet, name: str, value: str) -> CallQuerySet:
        """Keep the calls in which either party's number has these digits."""
        return queryset.filter(Q(caller_number__contains=value) | Q(callee_number__contains=value)) if value else queryset


PAGE_CHOICES = {
    "call_direction": (("", "Any direction"), ("inbound", "Inbound"), ("outbound", "Outbound")),
    "answered": (("", "Any outcome"), ("true", "Answered"), ("false", "Not answered")),
    "has_recording": (("", "Recorded or not"), ("true", "Recorded"), ("false", "Not recorded")),
}
