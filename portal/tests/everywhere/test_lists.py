"""Every list takes as many queries for one row as for twenty, and none counts calls."""

import re

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.tests.everywhere.lists import LISTS, List, a_person
from portal.tests.permission_table import AREAS

pytestmark = pytest.mark.django_db

ROWS = 20
# Addresses with nothing but a slash at their end that are no lists.
NO_LISTS = {"route/"}


def queries_of(client: Client, address: str) -> list[str]:
    # What the first request of a process finds out, the second knows; a session is not renewed by either.
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        response = client.get(address)
    assert response.status_code == 200
    return [each["sql"] for each in captured]


@pytest.mark.parametrize("each", LISTS, ids=str)
def test_as_many_queries_for_twenty_rows_as_for_one(client: Client, each: List) -> None:
    client.force_login(a_person(each.role), backend="accounts.backends.RoleBackend")
    each.make()
    client.get(each.address)
    for_one = queries_of(client, each.address)
    for _ in range(ROWS - 1):
        each.make()
    for_twenty = queries_of(client, each.address)
    assert len(for_twenty) == len(for_one), "\n".join(sorted(set(for_twenty) - set(for_one)))
    for query in for_twenty:
        assert not re.search(r'COUNT\(.*FROM "telephony_(call|leg)"', query), query


def test_every_list_is_here() -> None:
    lists = {row.route for row in AREAS["the console"] if "GET" in row.doors and re.fullmatch(r"([a-z-]+/)?", row.route)}
    assert lists - {each.address.partition("?")[0].removeprefix("/") for each in LISTS} == NO_LISTS
