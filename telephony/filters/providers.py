"""How lists of providers are narrowed down."""

import django_filters

from telephony.models import Provider


class ProviderFilter(django_filters.FilterSet):
    """The filters of a list of providers."""

    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label="Name", max_length=100)

    class Meta:
        model = Provider
        fields = ()
