"""Lists that are narrowed down by their filters."""

from typing import Any, TypeVar

import django_filters
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

Q = TypeVar("Q", bound=QuerySet[Any])


def filtered(kind: type[django_filters.FilterSet], request: Request, queryset: Q) -> Q:
    """Return what a request's parameters keep of a set. Raises ValidationError naming the wrong parameter."""
    filters = kind(request.query_params, queryset=queryset, request=request)
    if not filters.is_valid():
        raise ValidationError({name: [str(e) for e in errors] for name, errors in filters.errors.items()})
    try:
        kept: Q = filters.qs
        return kept
    except DjangoValidationError as error:
        raise ValidationError(error.message_dict) from error
