"""List pages, declared: a queryset, its filters, its table, and pages of it by keyset."""

from collections.abc import Callable, Sequence
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django_tables2 import Table

from web.paging import InvalidCursor, KeysetPaginator, M, Page

ROWS = 50


def listing(
    request: HttpRequest,
    queryset: QuerySet[M],
    *,
    paginator: KeysetPaginator,
    table: Callable[[Sequence[M]], Table],
    filters: type[django_filters.FilterSet] | None = None,
    rows: int = ROWS,
) -> dict[str, Any]:
    """Return what a list's template shows: `table`, `page`, `query` (without its cursor), `filters`, `is_filtered`.

    A wrong filter shows nothing but its complaint, an old cursor the first page.
    """
    asked = filters(request.GET, queryset=queryset, request=request) if filters else None
    page = page_of(asked, queryset, paginator, request.GET.get("cursor"), rows)
    query = request.GET.copy()
    query.pop("cursor", None)
    return {
        "filters": asked,
        "table": table(page.items),
        "page": page,
        "query": query.urlencode(),
        "is_filtered": filters is not None and any(request.GET.get(name) for name in filters.base_filters),
    }


def page_of(
    filters: django_filters.FilterSet | None, queryset: QuerySet[M], paginator: KeysetPaginator, cursor: str | None, rows: int
) -> Page[M]:
    """Return the page asked for; a wrong filter shows nothing but its complaint, an old cursor the first page."""
    found = _filtered(filters, queryset)
    # A filter set may know the parts in which its list is found soonest.
    parts = getattr(filters, "parts", ())
    try:
        return paginator.page(found, cursor, rows, parts)
    except InvalidCursor:
        return paginator.page(found, None, rows, parts)


def _filtered(filters: django_filters.FilterSet | None, queryset: QuerySet[M]) -> QuerySet[M]:
    if filters is None:
        return queryset
    try:
        return filters.qs if filters.is_valid() else queryset.none()
    except ValidationError as error:
        # A filter that finds out only when it is applied.
        for name, messages in error.message_dict.items() if hasattr(error, "error_dict") else [("", error.messages)]:
            filters.form.add_error(name or None, messages)
        return queryset.none()
