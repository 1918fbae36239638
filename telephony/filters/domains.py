"""How lists of domains are narrowed down."""

from typing import Any

import django_filters
from django import forms

from telephony.models import Domain
from web.filters import BooleanFilter


class DomainFilter(django_filters.FilterSet):
    """The filters of a list of domains."""

    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label="Name", max_length=253)
    is_active = BooleanFilter(field_name="is_active", label="State")

    class Meta:
        model = Domain
        fields = ()


class DomainPageFilter(DomainFilter):
    """The same for the page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.form.fields["is_active"].widget = forms.Select(choices=IN_USE, attrs={"class": "form-select"})


IN_USE = (("", "In and out of use"), ("true", "In use"), ("false", "Out of use"))
