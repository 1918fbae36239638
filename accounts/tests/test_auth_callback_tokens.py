"""`auth/callback`: what may come instead of tokens."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.test import Client

from accounts import sign_in
from accounts.models import SignIn, User
from accounts.provider import Answer
from accounts.tests.signing_in import FIELDS, back, refused
from demo.auth0 import ABSENT, Auth0StandIn, new_private_key

pytestmark = pytest.mark.django_db


def _without(name: str) -> Callable[[Auth0StandIn, dict[str, Any]], dict[str, Any]]:
    return lambda auth0, given: {key: value for key, value in given.items() if key != name}


def _with(**changes: Callable[[Auth0StandIn], Any]) -> Callable[[Auth0StandIn, dict[str, Any]], dict[str, Any]]:
    return lambda auth0, given: given | {name: change(auth0) for name, change in changes.items()}


NOT_TOKENS = {
    "no access token": _without("access_token"),
    "no ID token": _without("id_token"),
    "an opaque access token": _with(access_token=lambda _: "opaque"),
    "a number for a token": _with(access_token=lambda _: 5),
    "the ID token twice": lambda auth0, given: given | {"access_token": given["id_token"]},
    "the access token twice": lambda auth0, given: given | {"id_token": given["access_token"]},
    "an access token of a stranger's": _with(access_token=lambda auth0: auth0.mint(key=new_private_key())),
    "an access token of another person": _with(access_token=lambda auth0: auth0.mint(person=auth0.settings.people[2])),
    "an ID token without a nonce": _with(id_token=lambda auth0: auth0.mint({"aud": auth0.client_id, "azp": ABSENT})),
    "an ID token for another client": lambda auth0, given: given | {"id_token": auth0.mint({"aud": "other"})},
}


@pytest.mark.parametrize("name", NOT_TOKENS)
def test_tokens_that_are_not_ours_are_not_handed_on(
    client: Client, auth0: Auth0StandIn, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, ask = back(client, auth0), sign_in.ask
    monkeypatch.setattr(sign_in, "ask", lambda url, form: Answer(200, NOT_TOKENS[name](auth0, dict(ask(url, form).document))))
    response = client.get(path)
    assert refused(response, 400, "invalid_grant")
    assert b"eyJ" not in response.content
    assert not User.objects.exists()


def test_an_id_token_that_another_client_may_use_is_refused(
    client: Client, auth0: Auth0StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, ask = back(client, auth0), sign_in.ask

    def meddled(url: str, form: Mapping[str, str]) -> Answer:
        both = {"aud": [auth0.client_id, "other"], "azp": "other", "nonce": nonce}
        return Answer(200, dict(ask(url, form).document) | {"id_token": auth0.mint(both)})

    nonce = SignIn.objects.get().nonce
    monkeypatch.setattr(sign_in, "ask", meddled)
    assert refused(client.get(path), 400, "invalid_grant")


@pytest.mark.parametrize(
    ("lifetime", "expected"), [(60, 60), ("60", 259200), (None, 259200), (True, 259200), (-5, 259200), (10**9, 259200)]
)
def test_how_long_it_lasts_is_never_longer_than_the_token(
    client: Client, auth0: Auth0StandIn, monkeypatch: pytest.MonkeyPatch, lifetime: Any, expected: int
) -> None:
    path, ask = back(client, auth0), sign_in.ask
    monkeypatch.setattr(
        sign_in,
        "ask",
        lambda url, form: Answer(200, {**ask(url, form).document, "expires_in": lifetime, "refresh_token": None}),
    )
    answer = client.get(path).json()
    assert expected - 10 < answer["expires_in"] <= expected
    # Without leave to stay Auth0 gives no refresh token.
    assert (list(answer), answer["refresh_token"]) == (FIELDS, "")
