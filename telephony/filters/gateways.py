"""How lists of gateways are narrowed down."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from telephony.filters.domains import IN_USE
from telephony.models import Gateway
from web.filters import BooleanFilter


class GatewayFilter(django_filters.FilterSet):
    """The filters of a list of gateways."""

    q = django_filters.CharFilter(method="filter_text", label="Name, carrier's host or domain", max_length=255)
    domain = django_filters.CharFilter(field_name="domain__name", lookup_expr="iexact", max_length=253)
    provider = django_filters.CharFilter(field_name="provider__name", lookup_expr="exact", max_length=100)
    is_active = BooleanFilter(field_name="is_active", label="State")

    class Meta:
        model = Gateway
        fields = ()

    def filter_text(self, queryset: QuerySet[Gateway], name: str, value: str) -> QuerySet[Gateway]:
        """Keep what has this in the name, the carrier's host, or its domain's or provider's name."""
        own = Q(name__icontains=value) | Q(proxy__icontains=value)
        return queryset.filter(own | Q(domain__name__icontains=value) | Q(provider__name__icontains=value))


class GatewayPageFilter(GatewayFilter):
    """The same for the page: one search for all the names."""

    domain = None
    provider = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.form.fields["is_active"].widget = forms.Select(choices=IN_USE, attrs={"class": "form-select"})
