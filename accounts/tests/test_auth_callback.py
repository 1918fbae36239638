"""`auth/callback`: back from Auth0, once, with tokens that are ours. Against a strict stand-in, over real HTTP."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, SignIn, User
from accounts.tests.auth0 import bearer
from accounts.tests.signing_in import BROWSER, FIELDS, LOGIN, RETURN, back, begin, changed, refresh, refused, tokens
from demo.auth0 import Auth0StandIn

pytestmark = pytest.mark.django_db


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
    response = client.get(f"{RETURN}?state={state}&{query}")
    assert refused(response, status, code)
    assert b"canary" not in response.content
    assert refused(client.get(f"{RETURN}?state={state}&code=x"), 400, "invalid_state")


@pytest.mark.parametrize(
    "query", ["", "?state=x", "?code=", "?code=a&code=b&state=x", "?state=a&state=b&code=x", "?code=" + "a" * 1001]
)
def test_a_callback_that_is_none(client: Client, auth0: Auth0StandIn, query: str) -> None:
    response = client.get(f"{RETURN}{query}")
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
