"""`x-mediamagic-key`: what opens, what does not."""

import logging
import uuid
from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import ApiKey, User

pytestmark = pytest.mark.django_db

PATH = "/api/v2/call-recording"


@pytest.fixture
def owner() -> User:
    return User.objects.by_subject("https://auth0.invalid/", "auth0|anna")


@pytest.fixture
def key(owner: User) -> str:
    return ApiKey.objects.issue(owner, "test")[1]


def status(client: Client, key: str) -> int:
    return client.get(PATH, headers={"x-mediamagic-key": key}).status_code


def test_a_key_opens_and_its_use_is_noted_once_a_minute(client: Client, key: str) -> None:
    assert status(client, key) == 200
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    assert status(client, key) == 200
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(minutes=2))
    status(client, key)
    assert ApiKey.objects.get().last_used_at > first - timedelta(minutes=1)


SPELLINGS = {
    "upper case": str.upper,
    "braces": lambda key: "{" + key + "}",
    "urn": lambda key: f"urn:uuid:{key}",
    "no dashes": lambda key: key.replace("-", ""),
    "blank before": lambda key: f"\t{key}x",
    "tail": lambda key: key + "0",
    "cut": lambda key: key[:-1],
    "two": lambda key: f"{key},{key}",
    "prefix": lambda key: key[:8],
    "empty": lambda key: "",
    "nul": lambda key: key[:-1] + "\0",
    "non-ascii digit": lambda key: key[:-1] + "٣",
    "quotes": lambda key: f'"{key}"',
    "sql": lambda key: "' OR 1=1 --",
    "long": lambda key: "a" * 100_000,
    "another": lambda key: str(uuid.uuid4()),
    "nil": lambda key: str(uuid.UUID(int=0)),
    "json": lambda key: '{"$gt": ""}',
    "path": lambda key: "../../etc/passwd",
    "bearer": lambda key: f"Bearer {key}",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_other_spellings_open_nothing(client: Client, key: str, spelling: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        response = client.get(PATH, headers={"x-mediamagic-key": SPELLINGS[spelling](key)})
    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    assert "WWW-Authenticate" in response
    assert key not in caplog.text + response.content.decode()
    assert ApiKey.objects.get().last_used_at is None


def test_a_revoked_key(client: Client, key: str) -> None:
    ApiKey.objects.get().revoke()
    assert status(client, key) == 401


def test_an_expired_key(client: Client, key: str) -> None:
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert status(client, key) == 401
    ApiKey.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    assert status(client, key) == 200


def test_a_key_of_somebody_deactivated(client: Client, key: str, owner: User) -> None:
    User.objects.update(is_active=False)
    assert status(client, key) == 401


def test_another_pepper_opens_nothing(client: Client, key: str) -> None:
    with override_settings(API_KEY_PEPPER="another-pepper-000000000000000000000000000"):
        assert status(client, key) == 401


@pytest.mark.parametrize("header", ["Bearer x", "bearer a.b.c", "Bearer eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_opens_nothing_and_never_beside_a_key(client: Client, key: str, header: str) -> None:
    alone = client.get(PATH, headers={"authorization": header})
    assert (alone.status_code, alone.json()["code"]) == (401, "invalid_credentials")
    both = client.get(PATH, headers={"authorization": header, "x-mediamagic-key": key})
    assert (both.status_code, both.json()["code"]) == (400, "ambiguous_credentials")
