"""`assign-number/sip-password`: shown once, kept as an encrypted HA1."""

import hashlib
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.core import serializers
from django.test import Client, override_settings

from accounts.models import AuditEntry, User
from telephony.models import Assignment, Extension
from telephony.services.credentials import CredentialsKeyError, ha1_of
from web.models import IdempotentRequest

pytestmark = pytest.mark.django_db

PATH = "/api/v2/assign-number/sip-password"


@pytest.fixture
def anna(make_person: Callable[..., User], hold: Callable, key_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    person = make_person("anna")
    hold(person, "1006", "17036879447")
    return key_of(person)


def renew(client: Client, headers: dict[str, str], body: Any = None) -> Any:
    return client.generic("POST", PATH, json.dumps(body) if body is not None else "", "application/json", headers=headers)


def test_a_password_that_a_phone_can_prove(client: Client, anna: dict[str, str]) -> None:
    response = renew(client, anna)
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    answer = response.json()
    assert (set(answer), answer["username"], answer["domain"]) == (
        {"username", "domain", "password"},
        "1006",
        "pbx.example.com",
    )
    assert len(answer["password"]) >= 20
    proof = hashlib.md5(f"1006:pbx.example.com:{answer['password']}".encode(), usedforsecurity=False).hexdigest()
    assert ha1_of(Extension.objects.get()) == proof
    assert AuditEntry.objects.get(action="extension.password_renewed").actor.username == "anna"


def test_each_time_another_one(client: Client, anna: dict[str, str]) -> None:
    first = renew(client, anna).json()["password"]
    proof = ha1_of(Extension.objects.get())
    assert renew(client, anna).json()["password"] != first
    assert ha1_of(Extension.objects.get()) != proof


def test_a_repeat_with_its_key_sets_no_other_one_and_shows_none(client: Client, anna: dict[str, str]) -> None:
    once = anna | {"idempotency-key": "k"}
    first = renew(client, once)
    proof = ha1_of(Extension.objects.get())
    again = renew(client, once)
    assert (again.status_code, again["Idempotent-Replayed"], again["Cache-Control"]) == (200, "true", "no-store")
    assert again.json() == first.json() | {"password": None}
    assert ha1_of(Extension.objects.get()) == proof
    assert first.json()["password"] not in str(list(IdempotentRequest.objects.values()))


def test_neither_password_nor_ha1_is_anywhere_in_clear(
    client: Client, anna: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        password = renew(client, anna).json()["password"]
    dump = serializers.serialize("json", [*Extension.objects.all(), *Assignment.objects.all(), *AuditEntry.objects.all()])
    seen = dump + caplog.text + client.get("/api/v2/assign-number", headers=anna).content.decode()
    assert password not in seen
    assert ha1_of(Extension.objects.get()) not in seen


def test_another_key_reads_nothing_and_a_rotated_one_does(client: Client, anna: dict[str, str], settings: Any) -> None:
    renew(client, anna)
    extension = Extension.objects.get()
    proof = ha1_of(extension)
    with (
        override_settings(CREDENTIALS_KEY="another-key-00000000000000000000000000"),
        pytest.raises(CredentialsKeyError, match="1006"),
    ):
        ha1_of(extension)
    with override_settings(CREDENTIALS_KEY=f"another-key-00000000000000000000000000, {settings.CREDENTIALS_KEY}"):
        assert ha1_of(extension) == proof


def test_without_a_number(client: Client, make_person: Callable, key_of: Callable, hold: Callable) -> None:
    ben = make_person("ben")
    assert renew(client, key_of(ben)).json()["code"] == "number_required"
    assert ha1_of(hold(ben, "1044").extension) is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_other_verbs(client: Client, anna: dict[str, str], method: str) -> None:
    assert client.generic(method, PATH, headers=anna).status_code == 405
    assert ha1_of(Extension.objects.get()) is None


def test_who_may_not(client: Client, anna: dict[str, str], make_person: Callable, key_of: Callable) -> None:
    assert client.post(PATH).status_code == 401
    assert renew(client, key_of(make_person("eve"), scopes=["calls:read"])).status_code == 403
    assert renew(client, anna, {"password": "mine"}).status_code == 400
    assert ha1_of(Extension.objects.get()) is None
