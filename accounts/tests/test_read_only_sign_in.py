"""Signing in while the portal only reads: who is known comes in, nobody new is made, nothing of a person is stored."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import AuditEntry, User
from accounts.tests.auth0 import bearer
from accounts.tests.signing_in import back, refresh, tokens
from accounts.tests.tenant import ADA, Browser
from demo.auth0 import Auth0StandIn
from web import read_only

pytestmark = pytest.mark.django_db

PATH = "/api/v2/auth/me"


def people() -> list[dict[str, Any]]:
    return list(User.objects.order_by("pk").values())


def test_a_token_of_somebody_new_makes_nobody(client: Client, auth0: Auth0StandIn) -> None:
    read_only.turn(on=True)
    response = client.get(PATH, headers=bearer(auth0.mint()))
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (503, "read_only", "60")
    assert not User.objects.exists()
    read_only.turn(on=False)
    assert client.get(PATH, headers=bearer(auth0.mint())).status_code == 200


def test_a_role_holds_though_it_is_not_stored(client: Client, auth0: Auth0StandIn) -> None:
    client.get(PATH, headers=bearer(auth0.mint()))
    before = people()
    read_only.turn(on=True)
    token = auth0.mint({settings.AUTH0_ROLES_CLAIM: ["staff"]})
    assert client.get(PATH, headers=bearer(token)).json()["role"] == "staff"
    assert client.get("/api/v2/audit", headers=bearer(token)).status_code == 200
    assert people() == before
    assert not AuditEntry.objects.filter(action="user.role_changed").exists()
    User.objects.update(role="admin")
    # Nor does a role that was taken away hold on.
    fallen = auth0.mint({settings.AUTH0_ROLES_CLAIM: []})
    assert client.get("/api/v2/audit", headers=bearer(fallen)).status_code == 403


def test_the_api_signs_in_who_is_known(client: Client, auth0: Auth0StandIn) -> None:
    first = tokens(client, auth0)
    User.objects.update(name="As it was")
    before = people()
    read_only.turn(on=True)
    assert refresh(client, {"refresh_token": first["refresh_token"]}).status_code == 200
    assert tokens(client, auth0)["access_token"]
    assert people() == before


def test_the_api_signs_in_nobody_new(client: Client, auth0: Auth0StandIn) -> None:
    read_only.turn(on=True)
    response = client.get(back(client, auth0))
    assert (response.status_code, response.json()["code"]) == (503, "read_only")
    assert not User.objects.exists()


def test_the_console_signs_in_who_is_known(browser: Browser) -> None:
    assert browser.sign_in(ADA, "/").status_code == 302
    before = [person | {"last_login": None} for person in people()]
    read_only.turn(on=True)
    assert browser.client.post("/logout").status_code == 302
    assert browser.client.get("/")["Location"].startswith("/login")
    assert browser.sign_in(ADA, "/")["Location"] == "/"
    assert browser.client.get("/").status_code == 200
    assert [person | {"last_login": None} for person in people()] == before


def test_the_console_signs_in_nobody_new(browser: Browser) -> None:
    read_only.turn(on=True)
    response = browser.sign_in(ADA, "/")
    assert (response.status_code, response["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert b"Read only for now" in response.content
    assert not User.objects.exists()
    assert browser.client.get("/").status_code == 302


@pytest.mark.parametrize("path", ["/invitations/", "/account/second-factor/start", "/account/second-factor/remove"])
def test_other_forms_of_people_are_refused(client: Client, path: str) -> None:
    client.force_login(User.objects.create_superuser("root"), backend="accounts.backends.RoleBackend")
    read_only.turn(on=True)
    assert client.post(path, {"email": "new@example.com", "role": "staff"}).status_code == 503
    assert not AuditEntry.objects.exists()
