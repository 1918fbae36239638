"""The limit of requests a minute: for whom, over all workers, and what the answers say of it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings as portal_settings
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from accounts.models import ApiKey, User
from web import throttling
from web.throttling import Rate

pytestmark = pytest.mark.django_db

PATH = "/api/v2/call-recording"
NOW = 1_800_000_015.25
HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still, 15.25 s into a minute, until it is set."""
    at = [NOW]
    monkeypatch.setattr("web.throttling.time", lambda: at[0])
    return at


@pytest.fixture
def limit(settings: Any) -> int:
    settings.API_RATE_PER_MINUTE = 3
    return 3


@pytest.fixture
def issue(db: None) -> Callable[[str], dict[str, str]]:
    def new_key(name: str) -> dict[str, str]:
        return {"x-mediamagic-key": ApiKey.objects.issue(User.objects.by_subject("i", name), "test")[1]}

    return new_key


def statuses(client: Client, number: int, **extra: Any) -> list[int]:
    return [client.get(PATH, **extra).status_code for _ in range(number)]


def told(response: HttpResponse) -> tuple[str | None, ...]:
    return tuple(response.headers.get(name) for name in HEADERS)


def test_every_answer_tells_what_is_left(client: Client, issue: Callable, limit: int) -> None:
    anna = issue("anna")
    assert [told(client.get(PATH, headers=anna)) for _ in range(2)] == [("3", "2", "45"), ("3", "1", "45")]
    # A request that is refused for another reason counts as well.
    assert told(client.get(f"{PATH}?x=1", headers=anna)) == ("3", "0", "45")
    refused = client.get(PATH, headers=anna)
    assert (refused.status_code, refused["Content-Type"]) == (429, "application/problem+json")
    assert (refused.json()["code"], refused["Retry-After"], told(refused)) == ("throttled", "45", ("3", "0", "45"))


def test_the_next_minute_begins_anew(client: Client, issue: Callable, limit: int, clock: list[float]) -> None:
    anna = issue("anna")
    assert statuses(client, 4, headers=anna) == [200, 200, 200, 429]
    clock[0] += 44.7
    assert told(client.get(PATH, headers=anna)) == ("3", "0", "1")
    clock[0] += 0.05
    assert told(client.get(PATH, headers=anna)) == ("3", "2", "60")


def test_each_key_has_a_limit_of_its_own(client: Client, issue: Callable, limit: int) -> None:
    anna, annas_other, ben = issue("anna"), issue("anna"), issue("ben")
    assert statuses(client, 4, headers=anna)[-1] == 429
    for other in (annas_other, ben):
        assert client.get(PATH, headers=other).status_code == 200


def test_failed_proofs_are_counted_by_address(client: Client, issue: Callable, limit: int) -> None:
    wrong = {"x-mediamagic-key": "3e6bc8f5-181d-4c52-9d6d-46965011989d"}
    first = client.get(PATH, headers=wrong)
    assert (first.status_code, told(first)) == (401, ("3", "2", "45"))
    assert first["WWW-Authenticate"]
    # However the proof fails: none, two, none that is well-formed.
    assert client.get(PATH).status_code == 401
    assert client.get(PATH, headers=wrong | {"authorization": "Bearer x"}).status_code == 400
    assert client.get(PATH, headers=wrong).status_code == 429
    assert client.get(PATH).status_code == 429
    # Neither another address nor a good proof from the same one has to suffer for it.
    assert client.get(PATH, headers=wrong, REMOTE_ADDR="198.51.100.7").status_code == 401
    assert client.get(PATH, headers=issue("anna")).status_code == 200


def test_a_revoked_key_is_a_failed_proof(client: Client, issue: Callable, limit: int) -> None:
    anna = issue("anna")
    ApiKey.objects.all().delete()
    assert statuses(client, 4, headers=anna) == [401, 401, 401, 429]


def test_maintenance_is_counted_by_address_right_or_wrong(client: Client, limit: int) -> None:
    def delete(token: str) -> int:
        return client.delete("/api/v2/maintenance/keys/1", headers={"authorization": f"Bearer {token}"}).status_code

    assert delete(portal_settings.MAINTENANCE_TOKEN) == 404
    # A guesser learns nothing more once the limit is reached, not even by the right token.
    assert [delete("wrong"), delete("wrong"), delete("wrong")] == [401, 401, 429]
    assert delete(portal_settings.MAINTENANCE_TOKEN) == 429


def test_routes_that_do_not_exist_are_counted(client: Client, limit: int, settings: Any) -> None:
    settings.MAINTENANCE_TOKEN = ""
    for path in ("/api/v2/nothing", "/api/v2/maintenance/keys", "/api/v2/"):
        response = client.get(path)
        assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert told(response) == ("3", "0", "45")
    assert client.get("/api/v2/nothing").status_code == 429


def test_an_ipv6_network_is_one_address(client: Client, limit: int) -> None:
    for last in ("1", "2", "ffff:1"):
        assert client.get(PATH, REMOTE_ADDR=f"2001:db8:0:1::{last}").status_code == 401
    assert client.get(PATH, REMOTE_ADDR="2001:db8:0:1:5::1").status_code == 429
    assert client.get(PATH, REMOTE_ADDR="2001:db8:0:2::1").status_code == 401
    assert client.get(PATH, REMOTE_ADDR="").status_code == 401


def test_a_fault_of_ours_tells_it_as_well(issue: Callable, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr("telephony.api.call_recordings.filters_of", broken)
    response = Client(raise_request_exception=False).get(PATH, headers=issue("anna"))
    assert (response.status_code, told(response)) == (500, ("3", "2", "45"))


@pytest.mark.parametrize(
    ("method", "accept", "status"), [("HEAD", "*/*", 405), ("PATCH", "*/*", 405), ("GET", "text/html", 406)]
)
def test_verbs_and_media_types_that_are_refused_are_counted(
    client: Client, issue: Callable, limit: int, method: str, accept: str, status: int
) -> None:
    anna = issue("anna")
    for left in ("2", "1", "0"):
        response = client.generic(method, "/api/v2/assign-number", headers=anna | {"accept": accept})
        assert (response.status_code, response["RateLimit-Remaining"]) == (status, left)
    assert client.generic(method, "/api/v2/assign-number", headers=anna | {"accept": accept}).status_code == 429


def test_pages_and_the_switch_are_not_limited(client: Client, limit: int) -> None:
    for _ in range(5):
        assert told(client.get("/login")) == (None, None, None)
        assert client.get("/healthz").status_code == 200
        assert client.post("/freeswitch/cdr").status_code == 401
    assert client.get(PATH).status_code == 401


def test_a_cache_that_forgets_at_once_limits_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocMemCache, "add", lambda *_, **__: False)
    assert [throttling.count("user:1").used, throttling.count("user:1").used] == [1, 1]


def test_the_limit_is_a_setting_of_six_hundred() -> None:
    assert portal_settings.API_RATE_PER_MINUTE == 600
    assert not Rate(600, 600, 1).is_exceeded
    assert Rate(600, 601, 1).is_exceeded
    assert Rate(600, 700, 1).headers()["RateLimit-Remaining"] == "0"


@pytest.fixture
def shared_cache(settings: Any) -> Iterator[None]:
    """The cache that a portal has unless told otherwise, in the database."""
    settings.CACHES = {"default": {"BACKEND": "web.cache.DatabaseCache", "LOCATION": "portal_cache"}}
    caches["default"].clear()
    yield
    caches["default"].clear()


@pytest.mark.django_db(transaction=True)
def test_of_six_hundred_and_one_over_two_connections_one_is_refused(shared_cache: None, issue: Callable) -> None:
    anna = issue("anna")

    def send(number: int) -> list[int]:
        client = Client()
        try:
            return statuses(client, number, headers=anna)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(send, (301, 300))
    answers = first + second
    assert (answers.count(200), answers.count(429), len(answers)) == (600, 1, 601)
