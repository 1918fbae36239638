"""The search that every page has: what a text finds, as a page and, while one types, as a list below the field."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.permissions import person_of
from telephony.fields import format_number
from telephony.models import Call, Extension, Number
from telephony.services.searching import LONGEST, SHORTEST, Group, Kind, cleaned, digits_of, search
from web.throttling import count

# One asks anew with every few letters that one types.
SEARCHES_PER_MINUTE: Final = 240


class Hit(NamedTuple):
    """Something that was found: where its page is, what it is called, and a few words about it."""

    address: str
    title: str
    about: str


class Section(NamedTuple):
    """What was found of a kind, and where the list of all of it is, "" where this is all."""

    kind: Kind
    heading: str
    icon: str
    hits: list[Hit]
    all_address: str


class Place(NamedTuple):
    """What a kind is called, its icon, and the names of the addresses of its page and of its list."""

    heading: str
    icon: str
    page: str
    list: str
    # What others than staff see of their own: the filter of their list of calls.
    own_filter: str = ""


PLACES: Final = {
    Kind.NUMBER: Place("Numbers", "numbers", "number-detail", "number-list", "didnumber"),
    Kind.PERSON: Place("People", "people", "person-detail", "person-list"),
    Kind.EXTENSION: Place("Extensions", "extensions", "extension-detail", "extension-list", "extension"),
    Kind.CALL: Place("Calls", "calls", "call-detail", "call-list"),
}


@login_required
@never_cache
@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """Show what the person may see of what a text finds; htmx gets the list alone."""
    viewer, text = person_of(request), cleaned(request.GET.get("q", ""))
    as_list = request.headers.get("HX-Request") == "true"
    rate = count(f"search:{viewer.pk}", SEARCHES_PER_MINUTE)
    context: dict[str, Any] = {"text": text, "is_short": len(text) < SHORTEST, "longest": LONGEST if len(text) > LONGEST else 0}
    if rate.is_exceeded:
        context["wait"] = rate.reset
    else:
        context |= {"sections": _sections(viewer, text), "calls_address": _calls_with(text)}
    response = render(request, "telephony/partials/search_results.html" if as_list else "telephony/search.html", context)
    if rate.is_exceeded:
        response.status_code = 429
        response.headers["Retry-After"] = str(rate.reset)
    return response


def _sections(viewer: User, text: str) -> list[Section]:
    return [_section(viewer, text, group) for group in search(viewer, text)]


def _section(viewer: User, text: str, group: Group) -> Section:
    place = PLACES[group.kind]
    hits = [Hit(_address(viewer, place, each), *_WORDS[group.kind](each)) for each in group.found]
    every = _with_query(place.list, q=digits_of(text) or text) if group.has_more and viewer.is_staff else ""
    return Section(group.kind, place.heading, place.icon, hits, every)


def _address(viewer: User, place: Place, each: Any) -> str:
    """Return where one looks at something: its page, or one's own calls by it where that is for staff."""
    if place.own_filter and not viewer.is_staff:
        return _with_query("call-list", **{place.own_filter: each.number})
    return reverse(place.page, args=(each.pk,))


def _calls_with(text: str) -> str:
    """Return where the calls are whose parties' numbers have these digits, "" where the text is no part of a number."""
    digits = digits_of(text)
    return _with_query("call-list", q=digits) if digits else ""


def _with_query(name: str, **query: str) -> str:
    return f"{reverse(name)}?{urlencode(query)}"


# -- in words --------------------------------------------------------------------------------------------------------------


def _number(number: Number) -> tuple[str, str]:
    return str(number), (str(number.held_by.user) if number.held_by else "") or number.get_state_display().capitalize()


def _person(person: User) -> tuple[str, str]:
    known = [each for each in (person.email, person.auth0_id) if each and each != str(person)]
    return str(person), " · ".join((*known, *(() if person.is_active else ("deactivated",)))) or person.get_role_display()


def _extension(extension: Extension) -> tuple[str, str]:
    held = extension.held_by
    names = dict.fromkeys(
        (str(held.user) if held else extension.state_label.capitalize(), extension.display_name, extension.domain.name)
    )
    return extension.number, " · ".join(filter(None, names))


def _call(call: Call) -> tuple[str, str]:
    parties = (format_number(number) or "unknown" for number in (call.caller_number, call.callee_number))
    return " → ".join(parties), f"Call {call.pk} · {call.outcome_label} · {call.started_at:%Y-%m-%d %H:%M} UTC"


_WORDS: Final[dict[Kind, Callable[[Any], tuple[str, str]]]] = {
    Kind.NUMBER: _number, Kind.PERSON: _person, Kind.EXTENSION: _extension, Kind.CALL: _call,
}  # fmt: skip
