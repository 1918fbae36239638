"""`maintenance/keys`: the operator issues and revokes API keys, and nobody else does."""

import logging
import re
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, override_settings

from accounts.models import ApiKey, AuditEntry, User, api_key_digest

pytestmark = pytest.mark.django_db

PATH = "/api/v2/maintenance/keys"
WANTED = {"auth0_id": "auth0|6316dd611151a2dd290c2cca", "name": "integration"}


def post(client: Client, body: Any = WANTED, **extra: Any) -> HttpResponse:
    headers = extra.pop("headers", {"authorization": f"Bearer {settings.MAINTENANCE_TOKEN}"})
    content_type = extra.pop("content_type", "application/json")
    return client.post(PATH, body, content_type=content_type, headers=headers, **extra)


def nothing_written() -> bool:
    return not any(model.objects.exists() for model in (User, ApiKey, AuditEntry))


def test_a_key_for_somebody_new(client: Client) -> None:
    response = post(client)
    assert response.status_code == 201
    answer = response.json()
    assert set(answer) == {"id", "key", "auth0_id", "name", "role"}
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer["key"])
    assert (answer["auth0_id"], answer["name"], answer["role"]) == (*WANTED.values(), "user")
    assert response["Cache-Control"] == "no-store"
    user = User.objects.get()
    assert (user.issuer, user.subject) == (settings.AUTH0_ISSUER, WANTED["auth0_id"])
    assert not user.has_usable_password()
    assert client.get("/api/v2/call-recording", headers={"x-mediamagic-key": answer["key"]}).json() == []


def test_the_key_itself_is_not_kept(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        key = post(client).json()["key"]
    row = ApiKey.objects.values().get()
    assert (row["prefix"], row["digest"]) == (key[:8], api_key_digest(key))
    everything = f"{row}{list(AuditEntry.objects.values())}{list(User.objects.values())}{caplog.text}"
    assert key not in everything
    assert settings.MAINTENANCE_TOKEN not in everything


def test_a_second_key_for_the_same_person_leaves_the_role(client: Client) -> None:
    post(client, WANTED | {"role": "staff"})
    assert post(client).json()["role"] == "staff"
    assert (User.objects.count(), ApiKey.objects.count()) == (1, 2)
    assert post(client, WANTED | {"role": "user"}).json()["role"] == "user"


def test_a_revoked_key_opens_nothing(client: Client) -> None:
    token = {"authorization": f"Bearer {settings.MAINTENANCE_TOKEN}"}
    answer = post(client).json()
    headers = {"x-mediamagic-key": answer["key"]}
    assert client.get("/api/v2/call-recording", headers=headers).status_code == 200
    assert client.delete(f"{PATH}/{answer['id']}", headers=token).status_code == 204
    assert client.get("/api/v2/call-recording", headers=headers).status_code == 401
    assert client.delete(f"{PATH}/{answer['id']}", headers=token).status_code == 204
    assert client.delete(f"{PATH}/{answer['id'] + 1}", headers=token).status_code == 404
    actions = list(AuditEntry.objects.order_by("id").values_list("action", "actor_label"))
    assert actions == [("api_key.issued", "maintenance"), ("api_key.revoked", "maintenance")]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Basic dGVzdDp0ZXN0",
        "Bearer " + "é" * 40,
        "Token test-maintenance-token-canary-00000000000000",
    ],
)
def test_without_the_token(client: Client, header: str) -> None:
    for response in (
        post(client, headers={"authorization": header}),
        client.delete(f"{PATH}/1", headers={"authorization": header}),
    ):
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["code"] in ("not_authenticated", "invalid_credentials")
    assert nothing_written()


def test_an_api_key_is_no_maintenance_token(client: Client) -> None:
    key = post(client, WANTED | {"role": "admin"}).json()["key"]
    assert post(client, headers={"x-mediamagic-key": key}).status_code == 401
    both = {"x-mediamagic-key": key, "authorization": f"Bearer {settings.MAINTENANCE_TOKEN}"}
    assert post(client, headers=both).json()["code"] == "ambiguous_credentials"
    # Nor is the token a proof of anybody's.
    assert client.get("/api/v2/call-recording", headers={"authorization": both["authorization"]}).status_code == 401


@override_settings(MAINTENANCE_TOKEN="")
def test_without_a_token_set_the_routes_do_not_exist(client: Client) -> None:
    for header in ({}, {"authorization": "Bearer "}, {"authorization": "Bearer x"}):
        assert post(client, headers=header).status_code == 404
    assert nothing_written()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "auth0_id"),
        ({"auth0_id": "", "name": "x"}, "auth0_id"),
        ({"auth0_id": "a b", "name": "x"}, "auth0_id"),
        ({"auth0_id": "a\nb", "name": "x"}, "auth0_id"),
        ({"auth0_id": "a" * 256, "name": "x"}, "auth0_id"),
        ({"auth0_id": 5, "name": "x"}, "auth0_id"),
        ({"auth0_id": None, "name": "x"}, "auth0_id"),
        ({"auth0_id": ["a"], "name": "x"}, "auth0_id"),
        ({"auth0_id": "a", "name": "  "}, "name"),
        ({"auth0_id": "a", "name": "x" * 101}, "name"),
        ({"auth0_id": "a", "name": "x\u202ey"}, "name"),
        ({"auth0_id": "a", "name": True}, "name"),
        (WANTED | {"role": "root"}, "role"),
        (WANTED | {"role": ["admin"]}, "role"),
        (WANTED | {"is_superuser": True}, "is_superuser"),
        ([], "non_field_errors"),
        ("text", "non_field_errors"),
    ],
)
def test_bad_input_names_the_field(client: Client, body: Any, field: str) -> None:
    response = post(client, body) if not isinstance(body, (list, str)) else post(client, "[]" if body == [] else '"text"')
    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")
    assert field in response.json()["errors"]
    assert nothing_written()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 20_000, b'{"auth0_id": NaN}', b'{"auth0_id": "\\ud800", "name": "x"}',
        b'{"auth0_id": "a\\u0000b", "name": "x"}', b'{"auth0_id": ' + b"9" * 5000 + b"}", b"auth0_id=a&name=b",
    ],
)  # fmt: skip
def test_what_is_no_json(client: Client, body: bytes) -> None:
    response = client.generic(
        "POST", PATH, body, content_type="application/json", headers={"authorization": f"Bearer {settings.MAINTENANCE_TOKEN}"}
    )
    assert response.status_code == 400
    assert response.json()["code"] in ("parse_error", "invalid_input")
    assert nothing_written()


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
)
def test_other_media_types(client: Client, content_type: str) -> None:
    token = {"authorization": f"Bearer {settings.MAINTENANCE_TOKEN}"}
    response = client.generic("POST", PATH, b"{}", content_type=content_type, headers=token)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")
    assert nothing_written()


def test_a_body_too_large(client: Client) -> None:
    response = post(client, {"auth0_id": "a" * 2_000_000, "name": "x"})
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    assert nothing_written()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_other_verbs(client: Client, method: str) -> None:
    response = client.generic(method, PATH, headers={"authorization": f"Bearer {settings.MAINTENANCE_TOKEN}"})
    assert response.status_code == 405
    assert nothing_written()
