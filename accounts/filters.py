"""How the audit log is narrowed down; API and console declare it here once."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from accounts.models import AuditEntry
from web.filters import InstantFilter


class AddressFilter(django_filters.Filter):
    """A filter on an IP address."""

    field_class = forms.GenericIPAddressField


class AuditFilter(django_filters.FilterSet):
    """Who did what, to what, from where, when."""

    actor = django_filters.CharFilter(method="filter_actor", label="Who", max_length=255)
    action = django_filters.CharFilter(method="filter_action", label="What", max_length=64)
    target_type = django_filters.CharFilter(field_name="target_type", lookup_expr="exact", max_length=64)
    target_id = django_filters.CharFilter(field_name="target_id", lookup_expr="exact", max_length=64)
    address = AddressFilter(field_name="address", lookup_expr="exact")
    request_id = django_filters.CharFilter(field_name="request_id", lookup_expr="exact", max_length=64)
    after = InstantFilter(field_name="at", lookup_expr="gte")
    before = InstantFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = AuditEntry
        fields = ()

    def filter_actor(self, queryset: QuerySet[AuditEntry], name: str, value: str) -> QuerySet[AuditEntry]:
        """Keep what a person did, named by Auth0 id, or whoever has this in the name."""
        return queryset.filter(Q(actor__subject=value) | Q(actor_label__icontains=value))

    def filter_action(self, queryset: QuerySet[AuditEntry], name: str, value: str) -> QuerySet[AuditEntry]:
        """Keep one action, or all of a kind: `api_key` is every `api_key.…`."""
        return queryset.filter(action=value) if "." in value else queryset.filter(action__startswith=f"{value}.")


# The kinds of action that the page offers, and what they are called there.
KINDS = (
    ("", "Everything"), ("session", "Sign-ins"), ("user", "People and roles"), ("api_key", "API keys"),
    ("second_factor", "Second factors"), ("invitation", "Invitations"), ("assignment", "Assignments"), ("number", "Numbers"),
    ("numbers", "Imports of numbers"),
    ("extension", "Extensions"), ("recording", "Recordings"), ("call_link", "Call links"), ("maintenance", "Maintenance"),
)  # fmt: skip


class AuditPageFilter(AuditFilter):
    """The same for the page, which offers the kinds of action by name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.form.fields["action"].widget = forms.Select(choices=KINDS, attrs={"class": "form-select"})
        for name in ("after", "before"):
            self.form.fields[name].widget = forms.DateInput(attrs={"class": "form-control", "type": "date"})
