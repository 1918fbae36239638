"""`maintenance/read-only`: the operator stops all writing, and nobody else does."""

from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, override_settings

from accounts.models import ApiKey, AuditEntry, User
from web import read_only
from web.models import ReadOnlyMode

pytestmark = pytest.mark.django_db

PATH = "/api/v2/maintenance/read-only"


def call(client: Client, method: str = "GET", body: Any = None, **headers: str) -> HttpResponse:
    proof = headers or {"authorization": f"Bearer {settings.MAINTENANCE_TOKEN}"}
    return getattr(client, method.lower())(PATH, body, content_type="application/json", headers=proof)


def test_on_and_off_again(client: Client) -> None:
    assert call(client).json() == {"enabled": False}
    for enabled in (True, True, False, False):
        response = call(client, "PUT", {"enabled": enabled})
        assert (response.status_code, response.json()) == (200, {"enabled": enabled})
        assert call(client).json() == {"enabled": enabled}
    assert ReadOnlyMode.objects.count() == 1
    assert str(ReadOnlyMode.objects.get()) == "off"


def test_what_changed_is_written_down_and_what_did_not_is_not(client: Client) -> None:
    for enabled in (False, True, True, False):
        call(client, "PUT", {"enabled": enabled})
    entries = AuditEntry.objects.order_by("pk").values_list("action", "actor_label", "before", "after")
    assert list(entries) == [
        ("read_only.changed", "maintenance", {"enabled": False}, {"enabled": True}),
        ("read_only.changed", "maintenance", {"enabled": True}, {"enabled": False}),
    ]


@pytest.mark.parametrize(
    "body", [{}, {"enabled": "true"}, {"enabled": 1}, {"enabled": None}, {"enabled": [True]}, {"enabled": True, "until": 1}, []]
)
def test_bad_input_changes_nothing(client: Client, body: Any) -> None:
    response = call(client, "PUT", body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")
    assert response.json()["errors"]
    assert not read_only.is_on()


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_other_verbs(client: Client, method: str) -> None:
    response = call(client, method, {"enabled": True})
    assert (response.status_code, response["Allow"]) == (405, "GET, PUT, HEAD, OPTIONS")
    assert not read_only.is_on()


def test_without_the_token(client: Client) -> None:
    user = User.objects.by_subject("i", "s")
    user.role = "admin"
    user.save()
    key = ApiKey.objects.issue(user, "test")[1]
    for headers in ({"authorization": "Bearer wrong"}, {"authorization": ""}, {"x-mediamagic-key": key}):
        for method in ("GET", "PUT"):
            assert call(client, method, {"enabled": True}, **headers).status_code == 401
    with override_settings(MAINTENANCE_TOKEN=""):
        assert call(client, "PUT", {"enabled": True}, authorization="Bearer x").status_code == 404
    assert not read_only.is_on()
    assert not AuditEntry.objects.exists()
