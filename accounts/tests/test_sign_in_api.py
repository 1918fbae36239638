"""`auth/login`, `auth/callback`, `auth/refresh`: against a strict stand-in for Auth0, over real HTTP."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from accounts import sign_in
from accounts.models import AuditEntry, SignIn, User
from accounts.provider import Answer, ProviderUnavailableError
from accounts.tests.auth0 import AUDIENCE, CALLBACK, bearer
from demo.auth0 import ABSENT, Auth0StandIn, new_private_key

pytestmark = pytest.mark.django_db

LOGIN, REFRESH = "/api/v2/auth/login", "/api/v2/auth/refresh"
FIELDS = ["access_token", "refresh_token", "id_token", "token_type", "expires_in"]
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def begin(client: Client) -> dict[str, Any]:
    response = client.get(LOGIN)
    assert response.status_code == 200
    return response.json()


def back(client: Client, auth0: Auth0StandIn, email: str | None = None) -> str:
    """Sign in as a person does; return the path and query with which Auth0 sends the browser back."""
    address = auth0.sign_in(begin(client)["login_url"], email)
    assert address.startswith(f"{CALLBACK}?")
    return address.removeprefix("http://127.0.0.1:8000")


def tokens(client: Client, auth0: Auth0StandIn, email: str | None = None) -> dict[str, Any]:
    response = client.get(back(client, auth0, email))
    assert response.status_code == 200, response.content
    return response.json()


def refresh(client: Client, body: Any, **headers: str) -> HttpResponse:
    return client.post(REFRESH, body, content_type="application/json", headers=headers)


def changed(path: str, **changes: str) -> str:
    parts = urlsplit(path)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
    return f"{parts.path}?{urlencode(query)}"


def refused(response: HttpResponse, status: int, code: str) -> bool:
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert response.json()["code"] == code
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies
    return True


# -- login -----------------------------------------------------------------------------------------------------------------


def test_login_leads_to_auth0(client: Client, auth0: Auth0StandIn) -> None:
    response = client.get(LOGIN, headers={"content-type": "application/mediamagic.rest.v1+json"})
    answer = response.json()
    assert (response.status_code, list(answer)) == (200, ["login_url", "state", "expires_in"])
    assert (response["Cache-Control"], answer["expires_in"]) == ("no-store", 600)
    address = urlsplit(answer["login_url"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{auth0.base_url}/authorize"
    query = {name: value for name, [value] in parse_qs(address.query).items()}
    once = {name: query.pop(name) for name in ("nonce", "code_challenge")}
    assert query == {
        "response_type": "code",
        "client_id": auth0.client_id,
        "redirect_uri": CALLBACK,
        "scope": "openid profile email offline_access",
        "audience": AUDIENCE,
        "state": answer["state"],
        "code_challenge_method": "S256",
    }
    assert all(len(value) >= 43 for value in (*once.values(), answer["state"]))
    # Neither what proves a sign-in nor what leads back into it is told to anybody, or kept.
    row = SignIn.objects.get()
    assert row.code_verifier not in answer["login_url"]
    assert answer["state"] not in str(SignIn.objects.values().get())
    assert not response.cookies


def test_every_login_is_another(client: Client, auth0: Auth0StandIn) -> None:
    answers = [begin(client) for _ in range(5)]
    assert len({answer["state"] for answer in answers}) == len({answer["login_url"] for answer in answers}) == 5


@pytest.mark.parametrize(
    ("query", "accept", "status"),
    [
        ("", "*/*", 200), ("", "application/json", 200), ("", "application/mediamagic.rest.v1+json", 200),
        ("", "application/json, text/plain, */*", 200), ("", "text/html, application/json", 200), ("?redirect=0", BROWSER, 200),
        ("", BROWSER, 302), ("", "text/html", 302), ("?redirect=1", "*/*", 302), ("?redirect=1", "application/json", 302),
        ("?redirect=yes", "*/*", 400), ("?redirect=//evil.example", BROWSER, 400), ("?next=//evil.example", BROWSER, 400),
        ("?redirect=1&redirect=1", "*/*", 400), ("?state=chosen", "*/*", 400), ("", "application/xml", 406),
    ],
)  # fmt: skip
def test_a_browser_is_sent_on(client: Client, auth0: Auth0StandIn, query: str, accept: str, status: int) -> None:
    response = client.get(f"{LOGIN}{query}", headers={"accept": accept})
    assert (response.status_code, response["Cache-Control"]) == (status, "no-store")
    assert response.headers.get("Location", "").startswith(f"{auth0.base_url}/authorize?" if status == 302 else "")
    assert SignIn.objects.exists() is (status < 400)
    assert "evil" not in response.headers.get("Location", "")


def test_logins_that_nobody_came_back_from_are_forgotten(client: Client, auth0: Auth0StandIn) -> None:
    for _ in range(3):
        begin(client)
    SignIn.objects.update(expires_at=timezone.now())
    begin(client)
    assert SignIn.objects.count() == 1


# -- callback --------------------------------------------------------------------------------------------------------------


def test_from_login_to_a_token_that_opens(client: Client, auth0: Auth0StandIn, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        response = client.get(back(client, auth0), headers={"accept": BROWSER})
    answer = response.json()
    assert (response.status_code, response["Content-Type"], response["Cache-Control"]) == (200, "application/json", "no-store")
    assert list(answer) == FIELDS
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3 * 24 * 3600)
    assert all(answer[name] for name in FIELDS)
    assert not response.cookies
    assert client.get("/api/v2/call-recording", headers=bearer(answer["access_token"])).status_code == 200
    person, user = auth0.settings.people[0], User.objects.get()
    assert (user.subject, user.name, user.email, user.role) == (person.subject, person.name, person.email, "user")
    # No token opens the API but the access token, and none is kept or written down.
    for name in ("id_token", "refresh_token"):
        assert client.get("/api/v2/call-recording", headers=bearer(answer[name])).status_code == 401
    everything = f"{caplog.text}{list(User.objects.values())}{list(SignIn.objects.values())}{list(AuditEntry.objects.values())}"
    assert not [name for name in ("access_token", "refresh_token", "id_token") if answer[name] in everything]
    assert client.get("/").status_code == 302


def test_staff_come_in_as_staff_and_somebody_unverified_without_an_email(client: Client, auth0: Auth0StandIn) -> None:
    tokens(client, auth0, "alexis@mediamagic.example")
    tokens(client, auth0, "nico@customer.example")
    people = {user.name: (user.role, user.email) for user in User.objects.all()}
    assert people == {"Alexis Moreau": ("admin", "alexis@mediamagic.example"), "Nico Brandt": ("user", "")}


def test_a_state_is_good_for_once(client: Client, auth0: Auth0StandIn) -> None:
    path = back(client, auth0)
    assert client.get(path).status_code == 200
    assert refused(client.get(path), 400, "invalid_state")
    assert refused(client.get(path), 400, "invalid_state")
    assert not SignIn.objects.exists()


def test_a_code_is_good_for_once(client: Client, auth0: Auth0StandIn) -> None:
    path = back(client, auth0)
    assert client.get(path).status_code == 200
    # The same code with a state of its own: PKCE and Auth0 refuse it.
    assert refused(client.get(changed(path, state=begin(client)["state"])), 400, "invalid_grant")


def test_a_stolen_code_is_no_use_in_another_sign_in(client: Client, auth0: Auth0StandIn) -> None:
    stolen, own = back(client, auth0, "alexis@mediamagic.example"), begin(client)["state"]
    assert refused(client.get(changed(stolen, state=own)), 400, "invalid_grant")
    assert not User.objects.exists()


@pytest.mark.parametrize("state", ["", "forged", "a" * 43, "\0", "é", "' OR 1=1 --"])
def test_a_forged_state(client: Client, auth0: Auth0StandIn, state: str) -> None:
    path, asked = back(client, auth0), len(auth0.requests)
    response = client.get(changed(path, state=state))
    assert refused(response, 400, "malformed_parameter" if state == "\0" else "invalid_state")
    # Auth0 is not even asked, and the true one is still good.
    assert len(auth0.requests) == asked
    assert client.get(path).status_code == 200


def test_a_state_too_old(client: Client, auth0: Auth0StandIn) -> None:
    path = back(client, auth0)
    SignIn.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refused(client.get(path), 400, "invalid_state")
    assert not User.objects.exists()


def test_an_id_token_that_answers_another_sign_in(client: Client, auth0: Auth0StandIn) -> None:
    path = back(client, auth0)
    SignIn.objects.update(nonce="another")
    assert refused(client.get(path), 400, "invalid_grant")
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("error=access_denied&error_description=canary", 403, "sign_in_refused"),
        ("error=unauthorized", 403, "sign_in_refused"),
        ("error=temporarily_unavailable", 503, "identity_provider_unavailable"),
        ("error=<script>canary", 400, "sign_in_failed"),
        ("error=access_denied&code=canary", 403, "sign_in_refused"),
        ("error=", 400, "sign_in_failed"),
    ],
)
def test_what_auth0_could_not_do(client: Client, auth0: Auth0StandIn, query: str, status: int, code: str) -> None:
    state = begin(client)["state"]
    response = client.get(f"{CALLBACK.removeprefix('http://127.0.0.1:8000')}?state={state}&{query}")
    assert refused(response, status, code)
    assert b"canary" not in response.content
    assert refused(client.get(f"/api/v2/auth/callback?state={state}&code=x"), 400, "invalid_state")


@pytest.mark.parametrize(
    "query", ["", "?state=x", "?code=", "?code=a&code=b&state=x", "?state=a&state=b&code=x", "?code=" + "a" * 1001]
)
def test_a_callback_that_is_none(client: Client, auth0: Auth0StandIn, query: str) -> None:
    response = client.get(f"/api/v2/auth/callback{query}")
    assert response.status_code == 400
    assert response.json()["code"] in ("invalid_input", "repeated_parameter", "malformed_parameter")


def test_auth0_may_add_parameters_of_its_own_here_and_nowhere_else(client: Client, auth0: Auth0StandIn) -> None:
    assert client.get(f"{back(client, auth0)}&iss=x&session_state=y&iss=z&long={'a' * 2000}").status_code == 200
    assert client.get(f"{LOGIN}?iss=x").json()["code"] == "unknown_parameter"


def test_somebody_deactivated_gets_no_tokens(client: Client, auth0: Auth0StandIn) -> None:
    given = tokens(client, auth0)
    User.objects.update(is_active=False)
    assert refused(client.get(back(client, auth0)), 403, "account_deactivated")
    assert refused(refresh(client, {"refresh_token": given["refresh_token"]}), 403, "account_deactivated")


@pytest.mark.django_db(transaction=True)
def test_of_ten_who_bring_the_same_answer_at_once_one_gets_tokens(auth0: Auth0StandIn) -> None:
    path = back(Client(), auth0)

    def call(_: int) -> int:
        try:
            return Client().get(path).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as threads:
        assert sorted(threads.map(call, range(10))) == [200, *[400] * 9]


# -- what may come instead of tokens -----------------------------------------------------------------------------------------


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


# -- refresh ---------------------------------------------------------------------------------------------------------------


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


# -- all of them -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (LOGIN, ("HEAD", "POST", "PUT", "PATCH", "DELETE")),
        ("/api/v2/auth/callback", ("HEAD", "POST", "PUT", "PATCH", "DELETE")),
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
        client.get("/api/v2/auth/callback?code=a&state=b"),
        refresh(client, {"refresh_token": "x"}),
    ):
        assert refused(response, 503, "identity_provider_not_configured")
    assert not SignIn.objects.exists()
