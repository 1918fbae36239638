"""Find numbers, people, extensions and calls by a text: a handful of look-ups, however much there is."""

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from accounts.models import User
from telephony.fields import LONGEST_NOTATION, format_number, normalise_number
from telephony.models import Assignment, Call, Extension, Number
from web.throttling import Rate, count

SHORTEST: Final = 2
LONGEST: Final = 200
MOST: Final = 5
# One asks anew with every few letters that one types.
SEARCHES_PER_MINUTE: Final = 240
# What is no text: control and format characters, halves of characters, and what no character has been given.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Co"})
_DIGITS: Final = re.compile(r"[0-9 ()+./-]{3,40}")
_EXTENSION: Final = re.compile(r"([0-9]{1,7})(?:@(.{0,253}))?")


class Kind(StrEnum):
    """What can be found."""

    NUMBER = "number"
    PERSON = "person"
    EXTENSION = "extension"
    CALL = "call"


# What others than staff see of a number or an extension of theirs: their calls by it, by this filter of a list of calls.
OWN_FILTERS: Final = {Kind.NUMBER: "didnumber", Kind.EXTENSION: "extension"}


class Group(NamedTuple):
    """What was found of one kind: the first MOST of them, and whether there are more."""

    kind: Kind
    found: Sequence[Model]
    has_more: bool


def cleaned(text: str) -> str:
    """Return a text as it is looked for: one line, without what cannot be seen."""
    return " ".join("".join(" " if unicodedata.category(each) in _UNSEEN else each for each in text).split())


def digits_of(text: str) -> str:
    """Return the digits of a text that is a part of a number in any notation, at least three of them; else ""."""
    digits = re.sub(r"[^0-9]", "", text) if _DIGITS.fullmatch(text) else ""
    return digits if 3 <= len(digits) <= 15 else ""


def count_search(person: User) -> Rate:
    """Count one more search of this person's in this minute, wherever it is asked for."""
    return count(f"search:{person.pk}", SEARCHES_PER_MINUTE)


def search(person: User, text: str, kinds: Collection[Kind] = tuple(Kind)) -> list[Group]:
    """Return what this person may see and the text, a cleaned one, means; kinds of which there is nothing are left out."""
    if not SHORTEST <= len(text) <= LONGEST:
        return []
    wanted = (
        (Kind.NUMBER, _numbers(person, text)),
        (Kind.PERSON, _people(person, text)),
        (Kind.EXTENSION, _extensions(person, text)),
        (Kind.CALL, Call.objects.named(text).visible_to(person).for_listing()),
    )
    groups = [_group(kind, found) for kind, found in wanted if kind in kinds and found is not None]
    return [group for group in groups if group.found]


def _group(kind: Kind, found: QuerySet[Any]) -> Group:
    rows = list(found[: MOST + 1])
    return Group(kind, rows[:MOST], len(rows) > MOST)


def _numbers(person: User, text: str) -> QuerySet[Number] | None:
    digits = digits_of(text)
    if not digits:
        return None
    numbers = Number.objects.for_listing().filter(Q(number__contains=digits) | Q(number=_as_number(text)))
    mine = numbers if person.is_staff else numbers.filter(assignments__in=Assignment.objects.open().filter(user=person))
    return mine.order_by("number")


def _as_number(text: str) -> str:
    """Return the E.164 digits of what may be a whole number as people dial it; "" where it is none."""
    try:
        return normalise_number(text) if len(text) <= LONGEST_NOTATION else ""
    except ValidationError:
        return ""


def _people(person: User, text: str) -> QuerySet[User] | None:
    if not person.is_staff:
        return None
    return User.objects.called(text).order_by("username")


def _extensions(person: User, text: str) -> QuerySet[Extension]:
    number = _EXTENSION.fullmatch(text)
    named = Q(display_name__icontains=text)
    if number:
        named |= Q(number__startswith=number[1], domain__name__istartswith=number[2] or "")
    extensions = Extension.objects.for_listing().filter(named)
    if not person.is_staff:
        extensions = extensions.filter(assignments__in=Assignment.objects.open().filter(user=person))
    return extensions.order_by("number", "id")


# -- in words --------------------------------------------------------------------------------------------------------------


class Words(NamedTuple):
    """What something that was found is called, and a few words about it."""

    title: str
    about: str


def words_of(kind: Kind, each: Any) -> Words:
    """Return the words for something that was found; its row is as `search` loaded it."""
    return _WORDS[kind](each)


def _number(number: Number) -> Words:
    return Words(str(number), (str(number.held_by.user) if number.held_by else "") or number.get_state_display().capitalize())


def _person(person: User) -> Words:
    known = [each for each in (person.email, person.auth0_id) if each and each != str(person)]
    about = " · ".join((*known, *(() if person.is_active else ("deactivated",)))) or person.get_role_display()
    return Words(str(person), about)


def _extension(extension: Extension) -> Words:
    held = extension.held_by
    names = dict.fromkeys(
        (str(held.user) if held else extension.state_label.capitalize(), extension.display_name, extension.domain.name)
    )
    return Words(extension.number, " · ".join(filter(None, names)))


def _call(call: Call) -> Words:
    parties = (format_number(number) or "unknown" for number in (call.caller_number, call.callee_number))
    return Words(" → ".join(parties), f"Call {call.pk} · {call.outcome_label} · {call.started_at:%Y-%m-%d %H:%M} UTC")


_WORDS: Final[dict[Kind, Callable[[Any], Words]]] = {
    Kind.NUMBER: _number, Kind.PERSON: _person, Kind.EXTENSION: _extension, Kind.CALL: _call,
}  # fmt: skip
