"""What `auth/login`, `auth/callback` and `auth/refresh` have in common."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from accounts import sign_in
from accounts.models import SignIn, User
from accounts.provider import Answer, ProviderUnavailableError
from accounts.tests.signing_in import LOGIN, REFRESH, RETURN, back, refresh, refused
from demo.auth0 import Auth0StandIn

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (LOGIN, ("HEAD", "POST", "PUT", "PATCH", "DELETE")),
        (RETURN, ("HEAD", "POST", "PUT", "PATCH", "DELETE")),
        (REFRESH, ("GET", "HEAD", "PUT", "PATCH", "DELETE")),
    ],
)
def test_other_verbs(client: Client, auth0: Auth0StandIn, path: str, methods: tuple[str, ...]) -> None:
    for method in methods:
        assert client.generic(method, path).status_code == 405
    assert not SignIn.objects.exists()


def test_a_head_does_not_use_up_a_state(client: Client, auth0: Auth0StandIn) -> None:
    path = back(client, auth0)
    assert client.head(path).status_code == 405
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("how", ["refuse", "error"])
def test_while_auth0_is_away(client: Client, own_auth0: Auth0StandIn, how: Any) -> None:
    path = back(client, own_auth0)
    own_auth0.down(how)
    for response in (client.get(path), refresh(client, {"refresh_token": "x"})):
        assert refused(response, 503, "identity_provider_unavailable")
        assert int(response["Retry-After"]) > 0
    # A sign-in can begin all the same: who comes back finds Auth0 up again.
    assert client.get(LOGIN).status_code == 200


def test_while_auth0s_keys_cannot_be_had(client: Client, own_auth0: Auth0StandIn) -> None:
    path = back(client, own_auth0)
    with override_settings(AUTH0_JWKS_URL=f"{own_auth0.base_url}/nothing"):
        response = client.get(path)
    assert refused(response, 503, "identity_provider_unavailable")
    assert not User.objects.exists()


def test_a_portal_that_auth0_refuses(client: Client, auth0: Auth0StandIn, caplog: pytest.LogCaptureFixture) -> None:
    path = back(client, auth0)
    with override_settings(AUTH0_CLIENT_SECRET="wrong-canary"):
        for response in (client.get(path), refresh(client, {"refresh_token": "x"})):
            assert refused(response, 502, "identity_provider_error")
            assert b"canary" not in response.content
    assert "refuses the portal" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize("answer", [Answer(429, {}), Answer(404, {}), Answer(418, {"error": "teapot"})])
def test_what_auth0_answers_otherwise(
    client: Client, auth0: Auth0StandIn, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr(sign_in, "ask", lambda url, form: answer)
    assert refused(refresh(client, {"refresh_token": "x"}), 503, "identity_provider_unavailable")


def test_an_error_says_nothing_of_what_was_sent(client: Client, auth0: Auth0StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(url: str, form: Mapping[str, str]) -> Answer:
        assert form["refresh_token"] == "canary"
        raise ProviderUnavailableError("canary")

    monkeypatch.setattr(sign_in, "ask", away)
    assert b"canary" not in refresh(client, {"refresh_token": "canary"}).content


def test_without_auth0_there_is_no_sign_in(client: Client) -> None:
    assert settings.AUTH0_CLIENT_ID == ""
    for response in (
        client.get(LOGIN),
        client.get(f"{RETURN}?code=a&state=b"),
        refresh(client, {"refresh_token": "x"}),
    ):
        assert refused(response, 503, "identity_provider_not_configured")
    assert not SignIn.objects.exists()
