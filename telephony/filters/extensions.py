"""How lists of extensions are narrowed down, over the API and on the console."""

import re
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q

from telephony.models import Assignment, Extension
from telephony.models.directory import ExtensionQuerySet
from telephony.models.holding import HoldingState


class ExtensionFilter(django_filters.FilterSet):
    """The filters of a list of extensions."""

    number = django_filters.CharFilter(method="filter_number")
    domain = django_filters.CharFilter(field_name="domain__name", lookup_expr="iexact", max_length=253)
    state = django_filters.ChoiceFilter(choices=HoldingState.choices)
    holder = django_filters.CharFilter(method="filter_holder", max_length=255)

    class Meta:
        model = Extension
        fields = ()

    def filter_number(self, queryset: ExtensionQuerySet, name: str, value: str) -> ExtensionQuerySet:
        """Keep the extensions whose number begins with these digits."""
        if not re.fullmatch(r"[0-9]{1,7}", value):
            raise ValidationError({name: "Give the first digits of the extension's number, such as 10."})
        return queryset.filter(number__startswith=value)

    def filter_holder(self, queryset: ExtensionQuerySet, name: str, value: str) -> ExtensionQuerySet:
        """Keep what somebody holds, named by Auth0 id."""
        return queryset.filter(Exists(Assignment.objects.open().filter(extension=OuterRef("pk"), user__subject=value)))


class ExtensionPageFilter(django_filters.FilterSet):
    """The filters of the console's page of extensions: a search over number and holder, and the state."""

    q = django_filters.CharFilter(method="filter_anything", label="Extension, phone number or person", max_length=255)
    state = django_filters.ChoiceFilter(choices=HoldingState.choices, empty_label=None)

    class Meta:
        model = Extension
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.form.fields["state"].widget = forms.Select(choices=STATES, attrs={"class": "form-select"})

    def filter_anything(self, queryset: ExtensionQuerySet, name: str, value: str) -> ExtensionQuerySet:
        """Keep the extensions of this number, or whose holder has this in the name or the phone number."""
        held = Assignment.objects.open().filter(extension=OuterRef("pk"))
        digits = re.sub(r"[ ()+./-]", "", value)
        by_person = Q(user__name__icontains=value) | Q(user__username__iexact=value) | Q(user__subject=value)
        if re.fullmatch(r"[0-9]{3,15}", digits):
            by_person |= Q(number__number__contains=digits)
        by_number = Q(number__startswith=digits) if re.fullmatch(r"[0-9]{1,7}", digits) else Q()
        found = Q(Exists(held.filter(by_person))) | Q(display_name__icontains=value)
        return queryset.filter(found | by_number if by_number else found)


STATES = (
    ("", "Any state"), ("assigned", "Assigned"), ("free", "Free"), ("cooling", "Cooling down"), ("disabled", "Closed"),
)  # fmt: skip
