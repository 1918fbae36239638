"""Keyset pages: each costs the same, and a page does not move when new rows arrive."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

M = TypeVar("M", bound=Model)

DEFAULT_LIMIT = 50
MOST = 200
SALT = "web.paging"


class InvalidCursor(ValueError):  # noqa: N818 - reads as what it is
    """The cursor is not one that this list gave out."""


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Rows in the list's order, and the cursors of its neighbours; None where there is none."""

    items: Sequence[M]
    next_cursor: str | None
    prev_cursor: str | None


class KeysetPaginator:
    """Pages of a list ordered by columns of which the last is unique; `-` before a name is descending, as in Django."""

    def __init__(self, ordering: Sequence[str]) -> None:
        self.ordering = tuple(ordering)
        self._names = [name.removeprefix("-") for name in ordering]

    def page(self, queryset: QuerySet[M], cursor: str | None, limit: int, parts: Sequence[QuerySet[M]] = ()) -> Page[M]:
        """Return the page that the cursor leads to, the first without one. Raises InvalidCursor.

        `parts`: querysets whose union is `queryset`. The page's rows are looked up in each of them, and then loaded as
        `queryset` loads them: for lists that no index has in their order as a whole, or whose rows an index finds by itself.
        What `queryset` does not hold is not shown, whatever a part has.
        """
        backwards, values = self._decode(cursor) if cursor else (False, None)
        looked_up = parts or [queryset]
        if values is not None:
            looked_up = [part.filter(self._after(values, backwards)) for part in looked_up]
        ordering = self._reversed() if backwards else self.ordering
        if parts:
            queryset = self._at(queryset, self._keys(looked_up, ordering, limit + 1))
        else:
            [queryset] = looked_up
        found = list(queryset.order_by(*ordering)[: limit + 1])
        more, items = len(found) > limit, found[:limit]
        if backwards:
            items.reverse()
        has_next = more if not backwards else True
        has_prev = more if backwards else values is not None
        return Page(
            items,
            self._encode(items[-1], backwards=False) if items and has_next else None,
            self._encode(items[0], backwards=True) if items and has_prev else None,
        )

    def first(self, queryset: QuerySet[M], most: int, parts: Sequence[QuerySet[M]]) -> list[M]:
        """Return the first rows of a list in parts, at most so many."""
        return list(self._at(queryset, self.first_keys(parts, most)).order_by(*self.ordering))

    def first_keys(self, parts: Sequence[QuerySet[M]], most: int) -> list[tuple[Any, ...]]:
        """Return the values by which the first rows of a list in parts are ordered, at most of so many."""
        return self._keys(parts, self.ordering, most)

    def _keys(self, parts: Sequence[QuerySet[M]], ordering: Sequence[str], most: int) -> list[tuple[Any, ...]]:
        keys = list({key for part in parts for key in part.order_by(*ordering).values_list(*self._names)[:most]})
        # By the last column first: a sort leaves in their order the rows that its column does not tell apart.
        for place, name in reversed(list(enumerate(ordering))):
            keys.sort(key=itemgetter(place), reverse=name.startswith("-"))
        return keys[:most]

    def _at(self, queryset: QuerySet[M], keys: Sequence[tuple[Any, ...]]) -> QuerySet[M]:
        return queryset.filter(**{f"{self._names[-1]}__in": [key[-1] for key in keys]})

    def _reversed(self) -> list[str]:
        return [name.removeprefix("-") if name.startswith("-") else f"-{name}" for name in self.ordering]

    def _after(self, values: Sequence[Any], backwards: bool) -> Q:
        """Return the condition of the rows beyond the cursor's.

        The first column's own bound comes first: it is what an index can start from.
        """
        descending = [name.startswith("-") != backwards for name in self.ordering]
        beyond, equal = Q(), Q()
        for name, value, down in zip(self._names, values, descending, strict=True):
            beyond |= equal & Q(**{f"{name}__{'lt' if down else 'gt'}": value})
            equal &= Q(**{name: value})
        return Q(**{f"{self._names[0]}__{'lte' if descending[0] else 'gte'}": values[0]}) & beyond

    def _encode(self, row: M, *, backwards: bool) -> str:
        values = [getattr(row, name) for name in self._names]
        return signing.dumps([backwards, [_packed(value) for value in values]], salt=SALT)

    def _decode(self, cursor: str) -> tuple[bool, Sequence[Any]]:
        try:
            backwards, values = signing.loads(cursor, salt=SALT)
        except (signing.BadSignature, ValueError) as error:
            raise InvalidCursor("This cursor was not given out by this list.") from error
        if len(values) != len(self._names):
            raise InvalidCursor("This cursor belongs to another list.")
        return backwards, [_unpacked(value) for value in values]


def _packed(value: Any) -> Any:
    """Return a value as JSON can have it: a time as text, and so a text as something else."""
    if isinstance(value, datetime):
        return value.isoformat()
    return [value] if isinstance(value, str) else value


def _unpacked(value: Any) -> Any:
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return value[0] if isinstance(value, list) else value


def paged_response(
    request: Request,
    queryset: QuerySet[M],
    serialize: Callable[[Sequence[M]], Any],
    paginator: KeysetPaginator,
    parts: Sequence[QuerySet[M]] = (),
) -> Response:
    """Answer with a page as a bare array; `Link` leads to its neighbours, `X-Page-Size` tells the limit."""
    limit = _limit_of(request)
    try:
        page = paginator.page(queryset, request.query_params.get("cursor"), limit, parts)
    except InvalidCursor as error:
        raise ValidationError({"cursor": [str(error)]}) from error
    links = [
        f'<{_with_cursor(request, cursor)}>; rel="{rel}"'
        for rel, cursor in (("next", page.next_cursor), ("prev", page.prev_cursor))
        if cursor
    ]
    headers = {"X-Page-Size": str(limit)} | ({"Link": ", ".join(links)} if links else {})
    return Response(serialize(page.items), headers=headers)


def _limit_of(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST):
        raise ValidationError({"limit": [f"Give a whole number from 1 to {MOST}."]})
    return int(text)


def _with_cursor(request: Request, cursor: str) -> str:
    query = request.query_params.copy()
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
