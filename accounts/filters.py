"""How the audit log and the keys are narrowed down; what API and console share is declared here once."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import ApiKey, AuditEntry
from accounts.models.api_keys import ApiKeyQuerySet
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
    credential = django_filters.CharFilter(field_name="credential", lookup_expr="exact", max_length=64)
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
    ("calls", "Exports of calls"),
    ("extension", "Extensions"), ("ban", "Bans"),
    ("recording", "Recordings"), ("call_link", "Call links"), ("maintenance", "Maintenance"),
)  # fmt: skip


class AuditPageFilter(AuditFilter):
    """The same for the page, which offers the kinds of action by name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.form.fields["action"].widget = forms.Select(choices=KINDS, attrs={"class": "form-select"})
        for name in ("after", "before"):
            self.form.fields[name].widget = forms.DateInput(attrs={"class": "form-control", "type": "date"})


class KeyFilter(django_filters.FilterSet):
    """Whose keys, of which name or beginning, and whether they still open something."""

    STATES = (("active", "Active"), ("expired", "Expired"), ("revoked", "Revoked"))

    q = django_filters.CharFilter(method="filter_text", max_length=255)
    state = django_filters.ChoiceFilter(choices=STATES, method="filter_state", empty_label="Any state")

    class Meta:
        model = ApiKey
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.form.fields["state"].widget.attrs["class"] = "form-select"

    def filter_text(self, queryset: ApiKeyQuerySet, name: str, value: str) -> ApiKeyQuerySet:
        """Keep the keys that have this in their name, begin with it, or are of a person who is called so."""
        person = Q(user__name__icontains=value) | Q(user__email__icontains=value) | Q(user__subject__icontains=value)
        return queryset.filter(
            Q(name__icontains=value) | Q(prefix__istartswith=value) | person | Q(user__username__icontains=value)
        )

    def filter_state(self, queryset: ApiKeyQuerySet, name: str, value: str) -> ApiKeyQuerySet:
        """Keep the keys in one state."""
        now = timezone.now()
        if value == "active":
            return queryset.usable(now)
        return (
            queryset.exclude(revoked_at=None) if value == "revoked" else queryset.filter(revoked_at=None, expires_at__lte=now)
        )
