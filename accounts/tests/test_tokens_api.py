"""`tokens`: one's own API keys; staff see and revoke everybody's."""

import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.models import ApiKey, AuditEntry, Role, User, api_key_digest
from accounts.tests.auth0 import bearer
from demo.auth0 import Auth0StandIn

pytestmark = pytest.mark.django_db

PATH = "/api/v2/tokens"
FIELDS = ["id", "key", "name", "prefix", "scopes", "expires_at", "created_at"]
SHOWN = ["id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"]
Headers = dict[str, str]


def person(name: str, role: str = Role.USER) -> User:
    return User.objects.create_user(name, subject=f"auth0|{name}", issuer=settings.AUTH0_ISSUER, role=role)


def key_of(user: User, **fields: Any) -> Headers:
    return {"x-mediamagic-key": ApiKey.objects.issue(user, "first", **fields)[1]}


@pytest.fixture
def anna() -> User:
    return person("anna")


@pytest.fixture
def headers(anna: User) -> Headers:
    return key_of(anna)


def post(client: Client, headers: Headers, body: Any = None, **extra: Any) -> HttpResponse:
    return client.post(
        PATH, {"name": "app"} if body is None else body, content_type="application/json", headers=headers, **extra
    )


def test_a_repeat_with_its_key_makes_no_other_and_shows_none(client: Client, headers: Headers) -> None:
    once = headers | {"idempotency-key": "k"}
    first, again = post(client, once), post(client, once)
    assert (again.status_code, again["Idempotent-Replayed"], again["Cache-Control"]) == (201, "true", "no-store")
    assert again.json() == first.json() | {"key": None}
    assert post(client, once, {"name": "other"}).status_code == 422
    assert ApiKey.objects.count() == 2


def test_a_key_is_shown_once_and_opens(client: Client, headers: Headers, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        response = post(client, headers)
    answer = response.json()
    assert (response.status_code, list(answer), response["Cache-Control"]) == (201, FIELDS, "no-store")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer["key"])
    assert (answer["name"], answer["prefix"], answer["scopes"], answer["expires_at"]) == ("app", answer["key"][:8], [], None)
    assert answer["created_at"].endswith("Z")
    row = ApiKey.objects.get(pk=answer["id"])
    assert row.digest == api_key_digest(answer["key"])
    listed = client.get(PATH, headers={"x-mediamagic-key": answer["key"]})
    assert listed.status_code == 200
    everything = f"{listed.content}{ApiKey.objects.values()}{AuditEntry.objects.values()}{caplog.text}"
    assert answer["key"] not in everything
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.after["prefix"]) == ("api_key.issued", row.user, answer["prefix"])


def test_a_person_with_a_token_makes_keys_too(client: Client, auth0: Auth0StandIn) -> None:
    assert post(client, bearer(auth0.mint())).status_code == 201
    assert ApiKey.objects.get().user.subject == auth0.settings.people[0].subject


def test_scopes_and_an_end(client: Client, headers: Headers) -> None:
    body = {"name": "app", "scopes": ["calls:write", "calls:read", "calls:read"], "expires_at": "2099-01-01T01:00:00.5+01:00"}
    answer = post(client, headers, body).json()
    assert (answer["scopes"], answer["expires_at"]) == (["calls:read", "calls:write"], "2099-01-01T00:00:00.500000Z")
    narrow = {"x-mediamagic-key": answer["key"]}
    assert client.get("/api/v2/call-recording", headers=narrow).status_code == 200
    assert client.get("/api/v2/assign-number", headers=narrow).status_code == 403
    assert (client.get(PATH, headers=narrow).status_code, post(client, narrow).status_code) == (403, 403)
    assert AuditEntry.objects.get().after["scopes"] == ["calls:read", "calls:write"]
    ApiKey.objects.filter(pk=answer["id"]).update(expires_at=timezone.now())
    assert client.get("/api/v2/call-recording", headers=narrow).status_code == 401


@pytest.mark.parametrize("nothing", [{}, {"scopes": []}, {"scopes": None}, {"expires_at": None}])
def test_no_scopes_are_all_of_them(client: Client, headers: Headers, nothing: dict[str, Any]) -> None:
    answer = post(client, headers, {"name": "app"} | nothing).json()
    assert (answer["scopes"], answer["expires_at"]) == ([], None)
    assert client.get(PATH, headers={"x-mediamagic-key": answer["key"]}).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"), ({"name": ""}, "name"), ({"name": "  "}, "name"), ({"name": "a" * 101}, "name"), ({"name": 5}, "name"),
        ({"name": None}, "name"), ({"name": "a\nb"}, "name"), ({"name": "a\u202eb"}, "name"), ({"name": ["a"]}, "name"),
        ({"name": "a", "scopes": "admin"}, "scopes"), ({"name": "a", "scopes": ["root"]}, "scopes"),
        ({"name": "a", "scopes": [["admin"]]}, "scopes"), ({"name": "a", "scopes": {"admin": True}}, "scopes"),
        ({"name": "a", "scopes": ["Admin"]}, "scopes"), ({"name": "a", "scopes": ["admin"] * 5}, "scopes"),
        ({"name": "a", "expires_at": "tomorrow"}, "expires_at"), ({"name": "a", "expires_at": "2099-01-01"}, "expires_at"),
        ({"name": "a", "expires_at": "2099-01-01T00:00:00"}, "expires_at"), ({"name": "a", "expires_at": 4070908800}, "expires_at"),
        ({"name": "a", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"), ({"name": "a", "expires_at": ""}, "expires_at"),
        ({"name": "a", "expires_at": "9999-12-31T23:59:59-23:00"}, "expires_at"),
        ({"name": "a", "expires_at": "2099-02-30T00:00:00Z"}, "expires_at"),
        ({"name": "a", "user": "auth0|ben"}, "user"), ({"name": "a", "key": "mine"}, "key"), ({"name": "a", "digest": "0"}, "digest"),
    ],
)  # fmt: skip
def test_bad_input_makes_nothing(client: Client, headers: Headers, body: dict[str, Any], field: str) -> None:
    response = post(client, headers, body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")
    assert field in response.json()["errors"]
    assert (ApiKey.objects.count(), AuditEntry.objects.count()) == (1, 0)


@pytest.mark.parametrize("body", ["[]", "null", '"a"', "{"])
def test_what_is_no_body(client: Client, headers: Headers, body: str) -> None:
    assert post(client, headers, body).status_code == 400
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize(
    ("held", "wanted", "status"),
    [
        (["admin"], ["admin"], 201),
        (["admin", "calls:read"], ["calls:read"], 201),
        (["admin"], ["calls:read"], 403),
        (["admin"], ["admin", "calls:read"], 403),
        (["admin"], [], 403),
        (["admin"], None, 403),
        (["calls:read"], ["calls:read"], 403),
        ([], ["calls:read"], 201),
        ([], None, 201),
    ],
)
def test_a_narrow_key_makes_none_that_is_wider(
    client: Client, anna: User, held: list[str], wanted: list[str] | None, status: int
) -> None:
    response = post(client, key_of(anna, scopes=held), {"name": "app", "scopes": wanted})
    assert response.status_code == status
    assert ApiKey.objects.count() == (2 if status == 201 else 1)


def test_a_person_has_so_many_keys_and_no_more(
    client: Client, anna: User, headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_KEYS", 3)
    now = timezone.now()
    # Only what opens something counts.
    ApiKey.objects.issue(anna, "expired", expires_at=now - timedelta(days=1))
    ApiKey.objects.issue(anna, "revoked")[0].revoke()
    ApiKey.objects.issue(person("ben"), "another's")
    made = [post(client, headers) for _ in range(3)]
    assert [response.status_code for response in made] == [201, 201, 409]
    assert made[2].json()["code"] == "too_many_keys"
    assert client.delete(f"{PATH}/{made[0].json()['id']}", headers=headers).status_code == 204
    assert post(client, headers).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_ten_who_ask_for_the_last_key_at_once_one_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_KEYS", 2)
    headers = key_of(person("anna"))

    def ask(_: int) -> int:
        try:
            return post(Client(), headers).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as threads:
        assert sorted(threads.map(ask, range(10))) == [201, *[409] * 9]
    assert ApiKey.objects.count() == 2


# -- the list --------------------------------------------------------------------------------------------------------------


def test_a_list_of_ones_own(client: Client, anna: User, headers: Headers) -> None:
    key_of(person("ben"))
    made = post(client, headers, {"name": "app", "scopes": ["calls:read"]}).json()
    client.get("/api/v2/call-recording", headers={"x-mediamagic-key": made["key"]})
    response = client.get(PATH, headers=headers)
    newest, first = response.json()
    assert (list(newest), response["X-Page-Size"]) == (SHOWN, "50")
    assert [newest["name"], first["name"]] == ["app", "first"]
    assert (newest["prefix"], newest["scopes"], newest["revoked_at"]) == (made["prefix"], ["calls:read"], None)
    assert newest["last_used_at"].endswith("Z")
    client.delete(f"{PATH}/{made['id']}", headers=headers)
    assert client.get(PATH, headers=headers).json()[0]["revoked_at"].endswith("Z")


def test_staff_see_whose_and_may_ask_for_one_persons(client: Client, anna: User, headers: Headers) -> None:
    staff = key_of(person("sam", Role.STAFF))
    everybodys = client.get(PATH, headers=staff).json()
    assert [(list(row), row["auth0_id"]) for row in everybodys] == [
        ([*SHOWN, "auth0_id"], "auth0|sam"),
        ([*SHOWN, "auth0_id"], "auth0|anna"),
    ]
    assert [row["auth0_id"] for row in client.get(f"{PATH}?user=auth0|anna", headers=staff).json()] == ["auth0|anna"]
    assert client.get(f"{PATH}?user=auth0|nobody", headers=staff).json() == []
    # Others find nobody's but their own, whomever they name.
    assert client.get(f"{PATH}?user=auth0|sam", headers=headers).json() == []
    assert len(client.get(f"{PATH}?user=auth0|anna", headers=headers).json()) == 1


def test_pages(client: Client, anna: User, headers: Headers) -> None:
    for n in range(5):
        ApiKey.objects.issue(anna, f"key-{n}")
    seen, path = [], f"{PATH}?limit=2"
    while path:
        response = client.get(path, headers=headers)
        seen += [row["name"] for row in response.json()]
        following = re.search(r'<http://testserver([^>]+)>; rel="next"', response.headers.get("Link", ""))
        path = following[1] if following else ""
    assert seen == ["key-4", "key-3", "key-2", "key-1", "key-0", "first"]


@pytest.mark.parametrize("rows", [1, 20])
def test_a_list_costs_the_same_however_long(
    client: Client, anna: User, rows: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    staff = key_of(person("sam", Role.STAFF))
    for n in range(rows):
        ApiKey.objects.issue(person(f"person-{n}"), "key")
    client.get(PATH, headers=staff)
    with django_assert_num_queries(2):
        assert len(client.get(PATH, headers=staff).json()) == rows + 1


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=x", "user=a&user=b", "scopes=admin", "user=%00"])
def test_a_list_with_bad_parameters(client: Client, headers: Headers, query: str) -> None:
    assert client.get(f"{PATH}?{query}", headers=headers).status_code == 400


def test_making_and_revoking_take_no_parameters(client: Client, anna: User, headers: Headers) -> None:
    response = client.post(f"{PATH}?limit=1", {"name": "a"}, content_type="application/json", headers=headers)
    assert response.json()["code"] == "unknown_parameter"
    assert client.delete(f"{PATH}/{ApiKey.objects.get().pk}?user=x", headers=headers).status_code == 400
    assert ApiKey.objects.usable().count() == 1


# -- revoking --------------------------------------------------------------------------------------------------------------


def test_a_revoked_key_opens_nothing_from_the_next_request_on(client: Client, headers: Headers) -> None:
    made = post(client, headers).json()
    key = {"x-mediamagic-key": made["key"]}
    assert client.get(PATH, headers=key).status_code == 200
    for _ in range(2):
        response = client.delete(f"{PATH}/{made['id']}", headers=headers)
        assert (response.status_code, response.content) == (204, b"")
    assert client.get(PATH, headers=key).status_code == 401
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["api_key.revoked", "api_key.issued"]


def test_a_key_may_revoke_itself(client: Client, anna: User, headers: Headers) -> None:
    assert client.delete(f"{PATH}/{ApiKey.objects.get().pk}", headers=headers).status_code == 204
    assert client.delete(f"{PATH}/{ApiKey.objects.get().pk}", headers=headers).status_code == 401


def test_anothers_key_is_not_there_but_for_staff(client: Client, headers: Headers) -> None:
    key_of(person("ben"))
    bens = ApiKey.objects.get(user__username="ben")
    for key_id in (bens.pk, 10**9, 10**30):
        assert client.delete(f"{PATH}/{key_id}", headers=headers).status_code == 404
    assert ApiKey.objects.usable().filter(pk=bens.pk).exists()
    assert client.delete(f"{PATH}/{bens.pk}", headers=key_of(person("sam", Role.STAFF))).status_code == 204
    assert not ApiKey.objects.usable().filter(pk=bens.pk).exists()
    entry = AuditEntry.objects.get()
    assert (entry.actor_label, entry.target_id) == ("auth0|sam", str(bens.pk))


def test_narrow_keys_and_nobody(client: Client, anna: User) -> None:
    narrow, key_id = key_of(anna, scopes=["calls:read", "calls:write", "numbers:write"]), ApiKey.objects.get().pk
    operator = bearer(settings.MAINTENANCE_TOKEN)
    for proof, status in ((narrow, 403), ({}, 401), (operator, 401)):
        assert client.get(PATH, headers=proof).status_code == status
        assert post(client, proof).status_code == status
        assert client.delete(f"{PATH}/{key_id}", headers=proof).status_code == status
    assert ApiKey.objects.usable().count() == 1


def test_a_session_is_no_proof(client: Client, anna: User) -> None:
    client.force_login(anna, backend="accounts.backends.RoleBackend")
    assert (client.get(PATH).status_code, post(client, {}).status_code) == (401, 401)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("path", "methods"), [(PATH, ("PUT", "PATCH", "DELETE")), (f"{PATH}/1", ("GET", "HEAD", "POST", "PUT", "PATCH"))]
)
def test_other_verbs(client: Client, headers: Headers, path: str, methods: tuple[str, ...]) -> None:
    for method in methods:
        assert client.generic(method, path, headers=headers).status_code == 405
    assert ApiKey.objects.usable().count() == 1


def test_a_key_that_expires_makes_none_that_lasts(client: Client, anna: User) -> None:
    end = timezone.now() + timedelta(days=1)
    expiring = key_of(anna, expires_at=end)
    for body in ({"name": "app"}, {"name": "app", "expires_at": (end + timedelta(seconds=1)).isoformat()}):
        response = post(client, expiring, body)
        assert (response.status_code, response.json()["code"]) == (403, "lifetime_too_long")
    assert ApiKey.objects.count() == 1
    assert post(client, expiring, {"name": "app", "expires_at": (end - timedelta(minutes=1)).isoformat()}).status_code == 201


def test_the_log_names_the_key_that_acted(client: Client, anna: User) -> None:
    row, key = ApiKey.objects.issue(anna, "first")
    post(client, {"x-mediamagic-key": key})
    assert AuditEntry.objects.get(action="api_key.issued").credential == f"api_key:{row.pk}"
