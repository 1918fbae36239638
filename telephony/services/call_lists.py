"""Lists of calls and of call links: their order, and the newest of somebody's or of an extension's."""

from collections.abc import Sequence
from typing import Final, Literal

from django.db.models import Q

from accounts.models import User
from telephony.models import Call, Extension
from web.paging import KeysetPaginator

CALLS: Final = KeysetPaginator(ordering=("-started_at", "-id"))
LINKS: Final = KeysetPaginator(ordering=("-id",))


def sides_of(kind: Literal["user", "extension"], ids: Sequence[int]) -> tuple[Q, Q]:
    """Return the conditions of the calls that came from somebody, and of those that went to them."""
    return Q(**{f"caller_{kind}__in": ids}), Q(**{f"callee_{kind}__in": ids})


def last_calls_of(person: User, most: int) -> list[Call]:
    """Return the newest calls that a person took part in, at most so many."""
    return CALLS.first(Call.objects.for_listing(), most, [Call.objects.filter(side) for side in sides_of("user", [person.pk])])


def last_calls_at(extension: Extension, viewer: User, most: int) -> list[Call]:
    """Return the newest calls of an extension that somebody may see, at most so many."""
    calls = Call.objects.visible_to(viewer)
    return CALLS.first(calls.for_listing(), most, [calls.filter(side) for side in sides_of("extension", [extension.pk])])
