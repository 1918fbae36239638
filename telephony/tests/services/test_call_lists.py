"""Lists of calls: in their order, whoever asks and by whatever they are narrowed down, and with as many queries for few as for many."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client, RequestFactory

from accounts.models import Role, User
from telephony.filters.calls import CallFilter, CallPageFilter
from telephony.models import Assignment, Call, Extension, Switch
from telephony.services.call_lists import CALLS, last_calls_at, last_calls_of
from web.paging import Page

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def world(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> SimpleNamespace:
    """Three people who called each other and strangers, in no order, at moments of which several calls share one."""
    people = {name: make_person(name) for name in ("anna", "ben", "carl")}
    extensions: dict[str, Extension] = {
        name: hold(person, number).extension
        for (name, person), number in zip(people.items(), ("1005", "1006", "1007"), strict=True)
    }
    pairs = [("anna", "ben"), ("ben", "anna"), ("anna", None), (None, "anna"), ("ben", "carl"), (None, None), ("anna", "anna")]
    for place in range(28):
        caller, callee = pairs[place % len(pairs)]
        Call.objects.create(
            call_uuid=f"call-{place}",
            direction="inbound" if caller is None else "outbound",
            caller_user=people.get(caller or ""),
            caller_extension=extensions.get(caller or ""),
            callee_user=people.get(callee or ""),
            callee_extension=extensions.get(callee or ""),
            started_at=NOON + timedelta(minutes=place * 5 % 9),
            hangup_cause="USER_BUSY" if place % 2 else "NO_ANSWER",
        )
    people["sam"] = make_person("sam", Role.STAFF)
    return SimpleNamespace(people=people, extensions=extensions)


def filters(person: User, query: str, kind: type[CallFilter] = CallPageFilter) -> CallFilter:
    request = RequestFactory().get(f"/?{query}")
    request.user = person
    return kind(request.GET, queryset=Call.objects.for_listing(), request=request)


def walk(asked: CallFilter, limit: int) -> Iterator[Page[Call]]:
    cursor = None
    while True:
        page = CALLS.page(asked.qs, cursor, limit, asked.parts)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return


QUERIES = (
    "",
    "extension=1006",
    "hangup_cause=USER_BUSY",
    "extension=1006&hangup_cause=USER_BUSY",
    "extension=9999",
    "person={anna}",
    "person={ben}&extension=1005",
)


@pytest.mark.parametrize("who", ["anna", "ben", "carl", "sam"])
@pytest.mark.parametrize("query", QUERIES)
def test_pages_in_parts_are_the_list(world: SimpleNamespace, who: str, query: str) -> None:
    asked = filters(world.people[who], query.format(**{name: person.pk for name, person in world.people.items()}))
    whole = [call.pk for call in asked.qs.order_by("-started_at", "-id")]
    for limit in (1, 2, 5, 50):
        pages = list(walk(asked, limit))
        assert [call.pk for page in pages for call in page.items] == whole
        # And back again.
        cursor, before = pages[-1].prev_cursor, [[call.pk for call in page.items] for page in pages[:-1]]
        for expected in reversed(before):
            page = CALLS.page(asked.qs, cursor, limit, asked.parts)
            assert [call.pk for call in page.items] == expected
            cursor = page.prev_cursor
        assert cursor is None


@pytest.mark.parametrize("query", QUERIES)
def test_what_is_found_is_found_by_hand_too(world: SimpleNamespace, query: str) -> None:
    anna, ben = world.people["anna"], world.people["ben"]
    extension = {"1005": anna, "1006": ben}
    for viewer in world.people.values():
        asked = filters(viewer, query.format(anna=anna.pk, ben=ben.pk))
        values = QueryDict(query.format(anna=anna.pk, ben=ben.pk))
        found = set()
        for call in Call.objects.all():
            sides = {call.caller_user, call.callee_user}
            wanted = viewer.is_staff or viewer in sides
            if "extension" in values:
                wanted &= extension.get(values["extension"]) in sides - {None}
            if "hangup_cause" in values:
                wanted &= call.hangup_cause == values["hangup_cause"]
            if "person" in values:
                wanted &= values["person"] in {str(side.pk) for side in sides if side} and (
                    viewer.is_staff or values["person"] == str(viewer.pk)
                )
            if wanted:
                found.add(call.pk)
        assert {call.pk for page in walk(asked, 4) for call in page.items} == found
        assert set(asked.qs.values_list("pk", flat=True)) == found


def test_the_filters_themselves_show_nobody_what_is_not_theirs(world: SimpleNamespace) -> None:
    carl = world.people["carl"]
    asked = filters(carl, "", CallFilter)
    assert {call.callee_user for call in asked.qs} == {carl}
    assert all(call.callee_user == carl for part in asked.parts for call in part)


def test_a_wrong_filter_finds_nothing_in_any_part(world: SimpleNamespace) -> None:
    assert filters(world.people["anna"], "extension=x").parts == []
    assert CALLS.first_keys(filters(world.people["sam"], "extension=x").parts, 5) == []


def test_an_extension_of_one_domain_and_of_all(world: SimpleNamespace) -> None:
    sam, domain = world.people["sam"], world.extensions["anna"].domain
    of_all, of_it, of_none = (
        filters(sam, f"extension={text}") for text in ("1005", f"1005@{domain.name.upper()}", "1005@x.example")
    )
    assert list(of_all.qs) == list(of_it.qs) != []
    assert [len(part) for part in of_all.parts] == [len(part) for part in of_it.parts] == [12, 12]
    assert list(of_none.qs) == []
    assert [len(part) for part in of_none.parts] == [0, 0]


def test_the_newest_of_a_person_and_of_an_extension(world: SimpleNamespace) -> None:
    for name in ("anna", "ben", "carl"):
        person, extension = world.people[name], world.extensions[name]
        whole = list(Call.objects.visible_to(person).order_by("-started_at", "-id"))
        assert last_calls_of(person, 5) == last_calls_at(extension, world.people["sam"], 5) == whole[:5]
        assert last_calls_at(extension, person, 100) == whole
    assert last_calls_at(world.extensions["carl"], world.people["anna"], 5) == []


@pytest.mark.parametrize(("who", "queries"), [("sam", 3), ("anna", 4)])
def test_as_many_queries_for_one_as_for_all(
    world: SimpleNamespace, who: str, queries: int, django_assert_num_queries: Any
) -> None:
    for limit in (1, 20):
        asked = filters(world.people[who], "")
        assert asked.is_valid()
        with django_assert_num_queries(queries):
            for call in CALLS.page(asked.qs, None, limit, asked.parts).items:
                assert call.recording is None
                assert {
                    str(call.caller_user),
                    str(call.callee_user),
                    *(side.number for side in (call.caller_extension, call.callee_extension) if side),
                }


def test_an_unknown_switch_and_an_idle_one(world: SimpleNamespace) -> None:
    Call.objects.filter(call_uuid="call-3").update(switch=Switch.objects.create(name="fs1"))
    Switch.objects.create(name="fs2")
    sam = world.people["sam"]
    assert [call.call_uuid for call in filters(sam, "switch=fs1").qs] == ["call-3"]
    assert list(filters(sam, "switch=fs2").qs) == list(filters(sam, "switch=fs3").qs) == []


def test_the_page_asks_only_whether_there_is_a_newer_call_of_its_filter(client: Client, world: SimpleNamespace) -> None:
    client.force_login(world.people["carl"])
    newest = Call.objects.filter(callee_user=world.people["carl"]).latest("started_at", "id")
    assert "HX-Trigger" not in client.get(f"/calls/newer?first={newest.pk}").headers
    assert client.get("/calls/newer?first=0").headers["HX-Trigger"] == "calls-changed"
    assert "HX-Trigger" not in client.get("/calls/newer?first=&extension=1005").headers


def test_a_part_that_holds_too_much_shows_nobody_more(world: SimpleNamespace) -> None:
    carl = world.people["carl"]
    mine = Call.objects.visible_to(carl)
    page = CALLS.page(mine, None, 50, [Call.objects.all()])
    assert {call.pk for call in page.items} == set(mine.values_list("pk", flat=True))
    assert len(page.items) == 4
