"""How lists of extensions are narrowed down, over the API and on the console."""

import re
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models.people import called
from telephony.models import Assignment, Domain, Extension
from telephony.models.directory import ExtensionQuerySet
from telephony.models.holding import HoldingState
from web.filters import BooleanFilter


class ExtensionFilter(django_filters.FilterSet):
    """The filters of a list of extensions."""

    number = django_filters.CharFilter(method="filter_number")
    domain = django_filters.CharFilter(field_name="domain__name", lookup_expr="iexact", max_length=253)
    state = django_filters.ChoiceFilter(choices=HoldingState.choices)
    holder = django_filters.CharFilter(method="filter_holder", max_length=255)
    registered = BooleanFilter(method="filter_registered")

    class Meta:
        model = Extension
        fields = ()

    def filter_registered(self, queryset: ExtensionQuerySet, name: str, value: bool | None) -> ExtensionQuerySet:
        """Keep the extensions at which a phone is registered, or none is, as far as the listener knows."""
        return queryset if value is None else queryset.registered(timezone.now(), is_so=value)

    def filter_number(self, queryset: ExtensionQuerySet, name: str, value: str) -> ExtensionQuerySet:
        """Keep the extensions whose number begins with these digits."""
        if not re.fullmatch(r"[0-9]{1,7}", value):
            raise ValidationError({name: "Give the first digits of the extension's number, such as 10."})
        return queryset.filter(number__startswith=value)

    def filter_holder(self, queryset: ExtensionQuerySet, name: str, value: str) -> ExtensionQuerySet:
        """Keep what somebody holds, named by Auth0 id."""
        return queryset.filter(Exists(Assignment.objects.open().filter(extension=OuterRef("pk"), user__subject=value)))


class ExtensionPageFilter(django_filters.FilterSet):
    """The filters of the console's page of extensions: a search over number and holder, and what they are in."""

    q = django_filters.CharFilter(method="filter_anything", label="Extension, phone number or person", max_length=255)
    holder = django_filters.CharFilter(method="filter_holder", label="Holder", max_length=255)
    domain = django_filters.ModelChoiceFilter(queryset=Domain.objects.all(), label="Domain", empty_label="Any domain")
    state = django_filters.ChoiceFilter(choices=HoldingState.choices, empty_label=None, label="State")
    registered = BooleanFilter(method="filter_registered", label="Phones")

    class Meta:
        model = Extension
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields = self.form.fields
        fields["state"].widget = forms.Select(choices=STATES, attrs={"class": "form-select"})
        fields["registered"].widget = forms.Select(choices=REGISTERED, attrs={"class": "form-select"})
        fields["domain"].widget.attrs["class"] = "form-select"
        fields["holder"].widget.attrs |= {"class": "form-control", "placeholder": "Holder", "autocomplete": "off"}

    filter_registered = ExtensionFilter.filter_registered

    def filter_holder(self, queryset: ExtensionQuerySet, name: str, value: str) -> ExtensionQuerySet:
        """Keep what somebody holds who has this in name, e-mail address or Auth0 id."""
        held = Assignment.objects.open().filter(extension=OuterRef("pk"))
        return queryset.filter(Exists(held.filter(called(value, "user__"))))

    def filter_anything(self, queryset: ExtensionQuerySet, name: str, value: str) -> ExtensionQuerySet:
        """Keep the extensions of this number, or whose holder has this in the name or the phone number."""
        held = Assignment.objects.open().filter(extension=OuterRef("pk"))
        digits = re.sub(r"[ ()+./-]", "", value)
        by_person = called(value, "user__")
        if re.fullmatch(r"[0-9]{3,15}", digits):
            by_person |= Q(number__number__contains=digits)
        by_number = Q(number__startswith=digits) if re.fullmatch(r"[0-9]{1,7}", digits) else Q()
        found = Q(Exists(held.filter(by_person))) | Q(display_name__icontains=value)
        return queryset.filter(found | by_number if by_number else found)


STATES = (
    ("", "Any state"), ("assigned", "Assigned"), ("free", "Free"), ("cooling", "Cooling down"), ("disabled", "Closed"),
)  # fmt: skip
REGISTERED = (("", "Phone or none"), ("true", "Phone registered"), ("false", "No phone registered"))
