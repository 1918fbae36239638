"""Every list takes as many queries for one row as for twenty, and none counts calls."""

import re
from itertools import count
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey, User
from portal.tests.everywhere.lists import API_LISTS, LISTS, List, a_person
from portal.tests.permission_table import AREAS
from telephony.tests.live_scene import listened_to

pytestmark = pytest.mark.django_db

ROWS = 20
# Addresses with nothing but a slash at their end that are no lists; one's own phones are asked of the switch.
NO_LISTS = {"route/", "phone/"}


@pytest.fixture(autouse=True)
def counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names and numbers of what is made begin anew, so that a search finds as many whatever was tried before."""
    monkeypatch.setattr("portal.tests.everywhere.lists._serial", count(1))


def look_at(client: Client, address: str, headers: dict[str, str] | None = None) -> tuple[list[str], int]:
    """Return the queries that an answer takes, and how long it is."""
    # What the first request of a process finds out, the second knows; a session is not renewed by either.
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        response = client.get(address, headers=headers)
        content = b"".join(response)
    assert response.status_code == 200
    return [each["sql"] for each in captured], len(content)


@pytest.mark.parametrize("each", LISTS, ids=str)
def test_as_many_queries_for_twenty_rows_as_for_one(client: Client, settings: Any, each: List) -> None:
    listened_to(settings, "fs1")
    viewer = a_person(each.role)
    client.force_login(viewer, backend="accounts.backends.RoleBackend")
    compare(client, each, viewer)


@pytest.mark.parametrize("each", API_LISTS, ids=str)
def test_as_many_queries_for_twenty_rows_as_for_one_over_the_api(client: Client, settings: Any, each: List) -> None:
    listened_to(settings, "fs1")
    viewer = a_person(each.role)
    compare(client, each, viewer, {"x-mediamagic-key": ApiKey.objects.issue(viewer, "report")[1]})


def compare(client: Client, each: List, viewer: User, headers: dict[str, str] | None = None) -> None:
    """Look at a list of one row and of twenty, and fail where they do not cost the same."""
    each.make(viewer)
    address = each.path(viewer)
    look_at(client, address, headers)
    for_one, short = look_at(client, address, headers)
    for _ in range(ROWS - 1):
        each.make(viewer)
    for_twenty, long = look_at(client, address, headers)
    assert long > short, "what was made is in no row"
    assert len(for_twenty) == len(for_one), "\n".join(sorted(set(for_twenty) - set(for_one)))
    for query in for_twenty:
        assert not re.search(r'COUNT\(.*(FROM|JOIN) "telephony_(call|leg)"', query), query


def test_every_list_is_here() -> None:
    lists = {row.route for row in AREAS["the console"] if "GET" in row.doors and re.fullmatch(r"([a-z-]+/)?", row.route)}
    assert lists - {each.address.partition("?")[0].removeprefix("/") for each in LISTS} == NO_LISTS
