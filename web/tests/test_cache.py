"""The cache in the database: its counters lose nothing, whoever adds."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection, transaction

from web.cache import DatabaseCache

pytestmark = pytest.mark.django_db


@pytest.fixture
def cache(db: None, settings: Any) -> Iterator[DatabaseCache]:
    settings.CACHES = {"default": {"BACKEND": "web.cache.DatabaseCache", "LOCATION": "portal_cache"}}
    cache = caches["default"]
    cache.clear()
    yield cache
    cache.clear()


def keys() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM portal_cache")
        return {row[0] for row in cursor.fetchall()}


def test_counting(cache: DatabaseCache) -> None:
    assert cache.add("n", 1)
    assert not cache.add("n", 100)
    assert [cache.incr("n"), cache.incr("n", 5), cache.decr("n", 2), cache.get("n")] == [2, 7, 5, 5]


def test_nothing_to_count(cache: DatabaseCache) -> None:
    with pytest.raises(ValueError, match="n"):
        cache.incr("n")
    cache.set("n", 1, timeout=-1)
    with pytest.raises(ValueError, match="n"):
        cache.incr("n")
    assert cache.get("n") is None


def test_counting_does_not_prolong(cache: DatabaseCache) -> None:
    def expires() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT expires FROM portal_cache")
            return cursor.fetchone()[0]

    cache.add("n", 1, timeout=1000)
    before = expires()
    cache.incr("n")
    assert expires() == before


def test_inside_of_a_transaction_it_goes_back_with_it(cache: DatabaseCache) -> None:
    cache.add("n", 1)
    with transaction.atomic():
        cache.incr("n")
        transaction.set_rollback(True)
    assert cache.get("n") == 1


def test_what_has_expired_is_deleted_and_nothing_else(cache: DatabaseCache) -> None:
    for number in range(3):
        cache.set(f"old-{number}", 1, timeout=-10)
    cache.set("new", 1)
    cache.set("for-ever", 1, timeout=None)
    assert (cache.delete_expired(), cache.delete_expired()) == (3, 0)
    assert keys() == {":1:new", ":1:for-ever"}


@pytest.mark.django_db(transaction=True)
def test_twenty_who_count_at_once(cache: DatabaseCache) -> None:
    def add(number: int) -> int:
        try:
            # As the limit does: the first one makes the counter.
            for _ in range(10_000):
                try:
                    return cache.incr("n")
                except ValueError:
                    if cache.add("n", 1):
                        return 1
            raise AssertionError("neither counted nor begun")
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        assert sorted(threads.map(add, range(200))) == list(range(1, 201))
    assert cache.get("n") == 200


@pytest.mark.django_db(transaction=True)
def test_only_the_counter_is_committed_without_the_disk(cache: DatabaseCache) -> None:
    query = "PRAGMA synchronous" if connection.vendor == "sqlite" else "SHOW synchronous_commit"

    def durability() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]

    if connection.vendor == "sqlite":
        # As the portal's own connections are, which the tests' are not.
        connection.cursor().execute("PRAGMA synchronous = FULL")
    before = durability()
    assert before in (2, "on")
    cache.add("n", 1)
    cache.incr("n")
    with pytest.raises(ValueError, match="m"):
        cache.incr("m")
    assert durability() == before
