"""How lists of calls are narrowed down; API and console declare it here once."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.permissions import person_of
from telephony.fields import normalise_number
from telephony.models import Call, Extension, Switch
from telephony.models.calls import CallQuerySet
from telephony.services.call_lists import sides_of
from web.filters import BooleanFilter, InstantFilter, LocalDayFilter

MOST_SECONDS = 2**31 - 1
MOST_ID = 2**63 - 1
_NUMBER_ID = re.compile(r"[0-9]{1,6}")


class PartOfNumberField(forms.CharField):
    """Any part of a number: at least three digits, in any notation."""

    json_schema = {"type": "string", "pattern": "^[0-9 ()+./-]{3,40}$"}

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


class ExtensionField(forms.CharField):
    """The number of an extension, with its domain where several have that number: 1006, 1006@pbx.example.com."""

    json_schema = {"type": "string", "pattern": "^[0-9]{2,7}(@[A-Za-z0-9.-]{1,253})?$"}

    def to_python(self, value: Any) -> str:
        """Return it as it was given."""
        text = super().to_python(value) or ""
        if text and not re.fullmatch(r"[0-9]{2,7}(@[A-Za-z0-9.-]{1,253})?", text):
            raise ValidationError("Give the extension's number, such as 1006.")
        return text


class ExtensionFilter(django_filters.Filter):
    """A filter on an extension's number."""

    field_class = ExtensionField


class DidNumberField(forms.CharField):
    """A number of ours: its id (up to 6 digits), or the phone number in any notation."""

    json_schema = {"type": "string", "maxLength": 100}

    def to_python(self, value: Any) -> str:
        """Return the id, or the E.164 digits."""
        text = super().to_python(value) or ""
        return text if not text or _NUMBER_ID.fullmatch(text) else normalise_number(text)


class DidNumberFilter(django_filters.Filter):
    """A filter on a number of ours."""

    field_class = DidNumberField


class CauseFilter(django_filters.Filter):
    """A filter on a hangup cause, as the switch writes it."""

    field_class = forms.RegexField


class WholeNumberFilter(django_filters.Filter):
    """A filter on a whole number: a length in seconds, an id."""

    field_class = forms.IntegerField


def _extensions(text: str) -> list[int]:
    """Return the ids of the extensions that a filter names: of all domains where it names none."""
    number, _, domain = text.partition("@")
    found = Extension.objects.filter(number=number)
    return list((found.filter(domain__name=domain.lower()) if domain else found).values_list("pk", flat=True))


class CallFilter(django_filters.FilterSet):
    """The filters of a list of calls, as the person in `request.user` sees them: of the queryset only those they may see."""

    call_direction = django_filters.ChoiceFilter(
        choices=Call.Direction.choices, method="filter_direction", help_text="Which way, from the caller's side."
    )
    call_from = PartOfNumberFilter(field_name="caller_number", lookup_expr="contains")
    call_to = PartOfNumberFilter(field_name="callee_number", lookup_expr="contains")
    extension = ExtensionFilter(method="filter_extension")
    didnumber = DidNumberFilter(method="filter_didnumber")
    hangup_cause = CauseFilter(method="filter_cause", regex=r"\A[A-Z0-9_]{1,64}\Z")
    answered = BooleanFilter(field_name="answered", help_text="Whether anybody talked.")
    local = BooleanFilter(field_name="local", help_text="Whether both parties are extensions.")
    has_recording = BooleanFilter(method="filter_has_recording", help_text="Whether it can be listened to.")
    min_duration = WholeNumberFilter(field_name="bill_seconds", lookup_expr="gte", min_value=0, max_value=MOST_SECONDS,
        help_text="Seconds of talk, at least.",
    )  # fmt: skip
    started_after = InstantFilter(
        field_name="started_at",
        lookup_expr="gte",
        help_text="Since when: a time with its zone, or a date, which begins at midnight UTC.",
    )
    started_before = InstantFilter(
        field_name="started_at", lookup_expr="lt", help_text="Until before when: a time with its zone, or a date."
    )

    class Meta:
        model = Call
        fields = ()

    def __init__(self, data: Mapping[str, Any], *, queryset: CallQuerySet, request: Any) -> None:
        super().__init__(data, queryset=queryset.visible_to(person_of(request)), request=request)
        self._calls = queryset

    @property
    def viewer(self) -> User:
        """Whose list it is."""
        return person_of(self.request)

    @property
    def parts(self) -> list[CallQuerySet]:
        """The calls found, in the parts in which a page of them is looked up; none where a filter is wrong.

        An index has the calls of one party in the list's order, none those of one party or the other; and of whom there are
        few PostgreSQL's planner does not know: it would read all calls to find a page of theirs.
        """
        if not self.is_valid():
            return []
        name, sides = self._sides()
        return [self._narrowed(self._calls.filter(side), name) for side in sides]

    def _sides(self) -> tuple[str, tuple[Q, ...]]:
        """Return the filter that the parts stand for, "" where it is none, and the conditions of each."""
        extension = self.form.cleaned_data["extension"]
        if not self.viewer.is_staff:
            return "", sides_of("user", [self.viewer.pk])
        return ("extension", sides_of("extension", _extensions(extension))) if extension else ("", (Q(),))

    def _narrowed(self, queryset: CallQuerySet, besides: str) -> CallQuerySet:
        """Apply every filter but the one that is applied already."""
        for name, value in self.form.cleaned_data.items():
            if name != besides:
                queryset = self.filters[name].filter(queryset, value)
        return queryset

    def filter_direction(self, queryset: CallQuerySet, name: str, value: str) -> CallQuerySet:
        """Take a call between extensions for inbound where the viewer is its callee."""
        if self.viewer.is_staff:
            return queryset.filter(direction=value)
        came_in = Q(local=True, callee_user=self.viewer) & ~Q(caller_user=self.viewer)
        inbound = Q(direction=Call.Direction.INBOUND) | came_in
        return queryset.filter(inbound if value == Call.Direction.INBOUND else Q(direction=value) & ~came_in)

    def filter_extension(self, queryset: CallQuerySet, name: str, value: str) -> CallQuerySet:
        """Keep the calls of an extension, given by its number, on either side."""
        if not value:
            return queryset
        caller, callee = sides_of("extension", _extensions(value))
        return queryset.filter(caller | callee)

    def filter_cause(self, queryset: CallQuerySet, name: str, value: str) -> CallQuerySet:
        """Keep the calls that ended by this cause; NONE, which the switch has as well, is none given."""
        return queryset.filter(hangup_cause__in=("", value)) if value == "NONE" else queryset.filter(hangup_cause=value)

    def filter_didnumber(self, queryset: CallQuerySet, name: str, value: str) -> CallQuerySet:
        """Keep the calls of a number of ours, given by its id or as a phone number."""
        if _NUMBER_ID.fullmatch(value):
            return queryset.filter(number_id=int(value)) if int(value) else queryset.filter(number=None)
        return queryset.filter(number__number=value)

    def filter_has_recording(self, queryset: CallQuerySet, name: str, value: bool | None) -> CallQuerySet:
        """Keep the calls that can, or cannot, be listened to."""
        return queryset if value is None else queryset.with_recording(value)


WHEN = (
    ("today", "Today"), ("yesterday", "Yesterday"), ("7d", "Last 7 days"), ("30d", "Last 30 days"),
    ("month", "This month"), ("last_month", "Last month"),
)  # fmt: skip
OUTCOMES = (
    ("answered", "Answered"), ("no_answer", "No answer"), ("busy", "Busy"), ("rejected", "Declined"),
    ("cancelled", "Caller hung up"), ("unreachable", "Not reachable"), ("not_found", "No such number"), ("failed", "Failed"),
    ("unknown", "Unknown"),
)  # fmt: skip


def days_of(when: str, today: date) -> tuple[date, date]:
    """Return the first and the last day that one of WHEN means."""
    first_of_month = today.replace(day=1)
    before = first_of_month - timedelta(days=1)
    return {
        "today": (today, today),
        "yesterday": (today - timedelta(days=1), today - timedelta(days=1)),
        "7d": (today - timedelta(days=6), today),
        "30d": (today - timedelta(days=29), today),
        "month": (first_of_month, today),
        "last_month": (before.replace(day=1), before),
    }[when]


class CallPageFilter(CallFilter):
    """The filters of the console's page: the API's, with days on the viewer's clock, and a search over both parties."""

    q = PartOfNumberFilter(method="filter_parties", label="Any part of a number")
    when = django_filters.ChoiceFilter(choices=WHEN, method="filter_when", label="When")
    outcome = django_filters.ChoiceFilter(choices=OUTCOMES, field_name="outcome", label="Outcome")
    switch = django_filters.CharFilter(method="filter_switch", max_length=255, label="Switch")
    person = WholeNumberFilter(method="filter_person", label="Person", min_value=1, max_value=MOST_ID)
    started_after = LocalDayFilter(field_name="started_at", lookup_expr="gte", label="From")
    started_before = LocalDayFilter(field_name="started_at", lookup_expr="lt", label="until before")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in PAGE_CHOICES.items():
            self.form.fields[name].widget = forms.Select(choices=choices, attrs={"class": "form-select"})
        for name, (label, attributes) in PAGE_INPUTS.items():
            self.form.fields[name].label = label
            self.form.fields[name].widget = forms.TextInput(attrs={"class": "form-control"} | attributes)
            # A moment, as the dashboard's links have it, is no date: an input of that type would show, and send, nothing.
            if attributes.get("type") == "date" and len(str(self.data.get(name, ""))) > len("2026-11-24"):
                self.form.fields[name].widget.input_type = "text"

    def _sides(self) -> tuple[str, tuple[Q, ...]]:
        person = self.form.cleaned_data["person"]
        return ("person", sides_of("user", [person])) if person and self.viewer.is_staff else super()._sides()

    @property
    def selects(self) -> list[forms.BoundField]:
        """The fields that are shown as selections."""
        return [self.form[name] for name in PAGE_CHOICES]

    @property
    def inputs(self) -> list[forms.BoundField]:
        """The fields that are shown on demand."""
        return [self.form[name] for name in PAGE_INPUTS]

    @property
    def shows_more(self) -> bool:
        """Whether one of the fields that are shown on demand is in use."""
        return any(self.data.get(name) for name in PAGE_INPUTS)

    @property
    def chosen(self) -> list[tuple[str, str, str]]:
        """What the list is narrowed down by: the parameter, what it is called, and its value in words."""
        found = []
        for name, field in self.form.fields.items():
            value = str(self.data.get(name, ""))
            if value:
                choices = PAGE_CHOICES.get(name, YES_OR_NO if isinstance(self.filters[name], BooleanFilter) else ())
                words = dict(choices) | self._name_of(name, value)
                found.append((name, LABELS.get(name) or str(field.label or name), words.get(value, value)))
        return found

    def _name_of(self, name: str, value: str) -> dict[str, str]:
        """Return, for staff, what the person is called whose calls are asked for."""
        if name != "person" or not self.viewer.is_staff or not self.is_valid():
            return {}
        found = User.objects.filter(pk=self.form.cleaned_data["person"]).first()
        return {value: str(found)} if found else {}

    def filter_when(self, queryset: CallQuerySet, name: str, value: str) -> CallQuerySet:
        """Keep the calls of some days, as the viewer's clock has them."""
        first, last = days_of(value, timezone.localdate())
        began = timezone.make_aware(datetime.combine(first, time.min))
        ended = timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min))
        return queryset.filter(started_at__gte=began, started_at__lt=ended)

    def filter_switch(self, queryset: CallQuerySet, name: str, value: str) -> CallQuerySet:
        """Keep the calls of the switch of this name."""
        return (
            queryset.filter(switch__in=list(Switch.objects.filter(name=value).values_list("pk", flat=True)))
            if value
            else queryset
        )

    def filter_person(self, queryset: CallQuerySet, name: str, value: int | None) -> CallQuerySet:
        """Keep, for staff, the calls that somebody took part in; others have their own and nobody else's."""
        if value is None or (value == self.viewer.pk and not self.viewer.is_staff):
            return queryset
        if not self.viewer.is_staff:
            return queryset.none()
        caller, callee = sides_of("user", [value])
        return queryset.filter(caller | callee)

    def filter_parties(self, queryset: CallQuerySet, name: str, value: str) -> CallQuerySet:
        """Keep the calls in which either party's number has these digits."""
        return queryset.filter(Q(caller_number__contains=value) | Q(callee_number__contains=value)) if value else queryset


PAGE_CHOICES = {
    "when": (("", "Any day"), *WHEN),
    "call_direction": (("", "Any direction"), ("inbound", "Inbound"), ("outbound", "Outbound")),
    "outcome": (("", "Any outcome"), *OUTCOMES),
    "has_recording": (("", "Recorded or not"), ("true", "Recorded"), ("false", "Not recorded")),
}
# Shown on demand: what each is called, and what its input is like.
PAGE_INPUTS: dict[str, tuple[str, dict[str, Any]]] = {
    "started_after": ("From", {"type": "date"}),
    "started_before": ("Until before", {"type": "date"}),
    "call_from": ("Caller's number", {"inputmode": "tel", "placeholder": "at least 3 digits"}),
    "call_to": ("Called number", {"inputmode": "tel", "placeholder": "at least 3 digits"}),
    "extension": ("Extension", {"inputmode": "numeric", "placeholder": "1006"}),
    "didnumber": ("Our number", {"inputmode": "tel", "placeholder": "+1 703 687 9447"}),
    "min_duration": ("At least … seconds of talk", {"inputmode": "numeric"}),
    "hangup_cause": ("Hangup cause", {"placeholder": "USER_BUSY"}),
    "switch": ("Switch", {}),
}
YES_OR_NO = (("true", "yes"), ("false", "no"))
LABELS = {
    "q": "Number", "when": "When", "call_direction": "Direction", "outcome": "Outcome", "has_recording": "Recorded",
    "answered": "Answered", "local": "Internal", "min_duration": "Talk, seconds, at least",
}  # fmt: skip
