"""Lists that are narrowed down by their filters, and sets that a body names by the same."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import django_filters
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from drf_spectacular.drainage import set_override
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts.api.serializers import StrictCharField, StrictSerializer
from web.parameters import LONGEST_VALUE
from web.schema.queries import field_schema

Q = TypeVar("Q", bound=QuerySet[Any])


def filtered(kind: type[django_filters.FilterSet], request: Request, queryset: Q) -> Q:
    """Return what a request's parameters keep of a set. Raises ValidationError naming the wrong parameter."""
    return _kept(kind, request.query_params, request, queryset)


def filtered_by_body(kind: type[django_filters.FilterSet], values: Mapping[str, str], request: Request, queryset: Q) -> Q:
    """Return what the member `filter` of a body keeps of a set. Raises ValidationError naming it."""
    try:
        return _kept(kind, values, request, queryset)
    except ValidationError as error:
        raise ValidationError({"filter": error.detail}) from None


def _kept(kind: type[django_filters.FilterSet], values: Mapping[str, Any], request: Request, queryset: Q) -> Q:
    filters = kind(values, queryset=queryset, request=request)
    if not filters.is_valid():
        raise ValidationError({name: [str(e) for e in errors] for name, errors in filters.errors.items()})
    try:
        kept: Q = filters.qs
        return kept
    except DjangoValidationError as error:
        raise ValidationError(error.message_dict) from error


class FilterSerializer(StrictSerializer):
    """The filters of a list, as a member of a body.

    A blank one is refused: in an address it is a form's field that nobody filled in, here it would mean everything.
    """

    kind: ClassVar[type[django_filters.FilterSet]]

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return a field for each filter."""
        fields: dict[str, serializers.Field[Any, Any, Any, Any]] = {}
        for name, known in self.kind.base_filters.items():
            fields[name] = StrictCharField(required=False, max_length=LONGEST_VALUE)
            set_override(fields[name], "field", field_schema(known.field))
        return fields
