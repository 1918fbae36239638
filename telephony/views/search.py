"""The search that every page has: what a text finds, as a page and, while one types, as a list below the field."""

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
from telephony.services.searching import (
    LONGEST,
    OWN_FILTERS,
    SHORTEST,
    Group,
    Kind,
    cleaned,
    count_search,
    digits_of,
    search,
    words_of,
)


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


PLACES: Final = {
    Kind.NUMBER: Place("Numbers", "numbers", "number-detail", "number-list"),
    Kind.PERSON: Place("People", "people", "person-detail", "person-list"),
    Kind.EXTENSION: Place("Extensions", "extensions", "extension-detail", "extension-list"),
    Kind.CALL: Place("Calls", "calls", "call-detail", "call-list"),
}


@login_required
@never_cache
@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """Show what the person may see of what a text finds; htmx gets the list alone."""
    viewer, text = person_of(request), cleaned(request.GET.get("q", ""))
    as_list = request.headers.get("HX-Request") == "true"
    rate = count_search(viewer)
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
    hits = [Hit(_address(viewer, group.kind, each), *words_of(group.kind, each)) for each in group.found]
    every = _with_query(place.list, q=digits_of(text) or text) if group.has_more and viewer.is_staff else ""
    return Section(group.kind, place.heading, place.icon, hits, every)


def _address(viewer: User, kind: Kind, each: Any) -> str:
    """Return where one looks at something: its page, or one's own calls by it where that is for staff."""
    if kind in OWN_FILTERS and not viewer.is_staff:
        return _with_query("call-list", **{OWN_FILTERS[kind]: each.number})
    return reverse(PLACES[kind].page, args=(each.pk,))


def _calls_with(text: str) -> str:
    """Return where the calls are whose parties' numbers have these digits, "" where the text is no part of a number."""
    digits = digits_of(text)
    return _with_query("call-list", q=digits) if digits else ""


def _with_query(name: str, **query: str) -> str:
    return f"{reverse(name)}?{urlencode(query)}"
