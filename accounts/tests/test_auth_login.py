"""`auth/login`: the way to Auth0."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import SignIn
from accounts.tests.auth0 import AUDIENCE, CALLBACK
from accounts.tests.signing_in import BROWSER, LOGIN, begin
from demo.auth0 import Auth0StandIn

pytestmark = pytest.mark.django_db


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
