"""Lists of calls and of call links: their order, and the newest of somebody's or of an extension's."""

from typing import Final

from accounts.models import User
from telephony.models import Call, Extension
from web.paging import KeysetPaginator

CALLS: Final = KeysetPaginator(ordering=("-started_at", "-id"))
LINKS: Final = KeysetPaginator(ordering=("-id",))


def last_calls_of(person: User, most: int) -> list[Call]:
    """Return the newest calls that a person took part in, at most so many."""
    parts = [Call.objects.filter(caller_user=person), Call.objects.filter(callee_user=person)]
    return CALLS.first(Call.objects.for_listing(), most, parts)


def last_calls_at(extension: Extension, viewer: User, most: int) -> list[Call]:
    """Return the newest calls of an extension that somebody may see, at most so many."""
    calls = Call.objects.visible_to(viewer)
    parts = [calls.filter(caller_extension=extension), calls.filter(callee_extension=extension)]
    return CALLS.first(calls.for_listing(), most, parts)
