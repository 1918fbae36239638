"""`auth/refresh`: a refresh token for a new set."""

from typing import Any

import pytest
from django.test import Client

from accounts import sign_in
from accounts.provider import Answer
from accounts.tests.auth0 import bearer
from accounts.tests.signing_in import FIELDS, refresh, refused, tokens
from demo.auth0 import Auth0StandIn

pytestmark = pytest.mark.django_db


def test_a_refresh_token_is_swapped_for_a_new_set(client: Client, auth0: Auth0StandIn) -> None:
    first = tokens(client, auth0)
    # A proof that has run out does not stand in the way.
    response = refresh(client, {"refresh_token": first["refresh_token"]}, **bearer("expired"))
    second = response.json()
    assert (response.status_code, list(second), response["Cache-Control"]) == (200, FIELDS, "no-store")
    assert second["refresh_token"] != first["refresh_token"]
    assert client.get("/api/v2/call-recording", headers=bearer(second["access_token"])).status_code == 200
    # Rotated out: whoever comes with it stole it.
    response = refresh(client, {"refresh_token": first["refresh_token"]})
    assert refused(response, 401, "invalid_grant")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_refresh_token_that_is_not_rotated_stays(
    client: Client, auth0: Auth0StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tokens(client, auth0)
    monkeypatch.setattr(sign_in, "ask", lambda url, form: Answer(200, {"access_token": auth0.mint(), "expires_in": 60}))
    answer = refresh(client, {"refresh_token": given["refresh_token"]}).json()
    assert (answer["refresh_token"], answer["id_token"], answer["expires_in"]) == (given["refresh_token"], "", 60)


@pytest.mark.parametrize("token", ["nonsense", "eyJ.eyJ.x", "a" * 4096])
def test_a_refresh_token_that_is_none(client: Client, auth0: Auth0StandIn, token: str) -> None:
    assert refused(refresh(client, {"refresh_token": token}), 401, "invalid_grant")


def test_an_access_token_refreshes_nothing(client: Client, auth0: Auth0StandIn) -> None:
    assert refused(refresh(client, {"refresh_token": tokens(client, auth0)["access_token"]}), 401, "invalid_grant")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "refresh_token"), ({"refresh_token": ""}, "refresh_token"), ({"refresh_token": 5}, "refresh_token"),
        ({"refresh_token": None}, "refresh_token"), ({"refresh_token": "a" * 4097}, "refresh_token"),
        ({"refresh_token": "a\nb"}, "refresh_token"), ({"refresh_token": "a", "client_id": "other"}, "client_id"),
        ({"refresh_token": "a", "audience": "other"}, "audience"),
    ],
)  # fmt: skip
def test_a_refresh_with_bad_input(client: Client, auth0: Auth0StandIn, body: dict[str, Any], field: str) -> None:
    response = refresh(client, body)
    assert refused(response, 400, "invalid_input")
    assert field in response.json()["errors"]
