"""How lists of people are narrowed down, over the API and on the console."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Role, User
from accounts.models.people import called
from telephony.models import Assignment
from web.filters import BooleanFilter

ROLES = (("", "Any role"), *((role.value, str(role.label)) for role in Role))
STATES = (("", "In and out"), ("true", "Active"), ("false", "Deactivated"))
HOLDING = (("", "Number or none"), ("true", "With a number"), ("false", "Without a number"))


class PersonFilter(django_filters.FilterSet):
    """The filters of a list of people."""

    q = django_filters.CharFilter(method="filter_text", label="Name, e-mail or Auth0 id", max_length=255)
    auth0_id = django_filters.CharFilter(field_name="subject", lookup_expr="exact", max_length=255)
    role = django_filters.ChoiceFilter(choices=Role.choices, method="filter_role", empty_label=None, label="Role")
    is_active = BooleanFilter(field_name="is_active", label="State")
    has_number = BooleanFilter(method="filter_has_number", label="Number")

    class Meta:
        model = User
        fields = ()

    def filter_text(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        """Keep who has this in the name, the e-mail address or the Auth0 id, or signs in by it."""
        return queryset.filter(called(value))

    def filter_role(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        """Keep who is this; a superuser is an admin, whatever stands there."""
        if value == Role.ADMIN:
            return queryset.filter(Q(role=value) | Q(is_superuser=True))
        return queryset.filter(role=value, is_superuser=False)

    def filter_has_number(self, queryset: QuerySet[User], name: str, value: bool | None) -> QuerySet[User]:
        """Keep who has, or has not, a number."""
        if value is None:
            return queryset
        held = Exists(Assignment.objects.open().filter(user=OuterRef("pk"), number__isnull=False))
        return queryset.filter(held if value else ~held)


class PersonPageFilter(PersonFilter):
    """The same for the page, which offers what can be chosen by name."""

    auth0_id = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("role", ROLES), ("is_active", STATES), ("has_number", HOLDING)):
            self.form.fields[name].widget = forms.Select(choices=choices, attrs={"class": "form-select"})
