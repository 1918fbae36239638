"""A second opinion: the same sign-in against a simulator of Auth0 that others wrote (`make test-auth0`; no part of `make test`).

It runs over TLS, has claims and redirects of its own making, and checks neither the client's secret nor PKCE: the strict
stand-in of `demo/auth0` stays the test.
"""

import os
import re
from html import unescape
from json import loads
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from django.test import Client

from accounts.models import AuditEntry, Invitation, Role, User
from accounts.tests.auth0 import AUDIENCE
from accounts.tests.tenant import query_of

pytestmark = pytest.mark.django_db

SITE = "http://testserver"
URL = os.environ["AUTH0_SIMULATOR_URL"]
SCRIPTS = '<script src="https://cdn.auth0.com/'


@pytest.fixture
def simulator(settings: Any) -> None:
    settings.PUBLIC_URL = SITE
    settings.AUTH0_CLIENT_ID = "simulated-client"
    settings.AUTH0_CLIENT_SECRET = "simulated-secret"
    settings.AUTH0_AUDIENCE = AUDIENCE
    settings.AUTH0_BASE_URL = URL
    settings.AUTH0_ISSUER = f"{URL}/"
    settings.AUTH0_JWKS_URL = f"{URL}/.well-known/jwks.json"


def at_the_simulator(address: str, email: str, password: str) -> str:
    """Do what its page does by scripts from a CDN; return the path that it sends the browser back to."""
    with requests.Session() as browser:
        page = browser.get(address, timeout=10)
        assert SCRIPTS in page.text
        asked = query_of(page.url)
        form = asked | {"client_id": asked["client"], "username": email, "password": password}
        answer = browser.post(urljoin(URL, "/usernamepassword/login"), json=form, timeout=10)
        assert answer.status_code == 200, answer.text
        context = unescape(re.search(r'name="wctx" value="([^"]*)"', answer.text)[1])
        assert loads(context)["state"] == asked["state"]
        back = browser.post(urljoin(URL, "/login/callback"), data={"wctx": context}, allow_redirects=False, timeout=10).headers[
            "Location"
        ]
    assert back.startswith(f"{SITE}/complete/auth0/?")
    return f"{urlsplit(back).path}?{urlsplit(back).query}"


def test_in_and_out_again(client: Client, simulator: None) -> None:
    Invitation.objects.create(email="simone@mediamagic.example")
    begun = client.post("/login/auth0/", {"next": "/?answered=true"})["Location"]
    assert begun.startswith(f"{URL}/authorize?")
    callback = at_the_simulator(begun, "simone@mediamagic.example", "12345")
    response = client.get(callback)
    assert (response.status_code, response.get("Location")) == (302, "/?answered=true"), response.content.decode()
    person = User.objects.get()
    assert (person.issuer, person.subject) == (f"{URL}/", "auth0|simulated")
    assert (person.name, person.email, person.role) == ("Simone Ulated", "simone@mediamagic.example", Role.STAFF)
    assert Invitation.objects.get().accepted_by == person
    assert client.get("/admin/").status_code == 200

    assert client.get(callback).status_code == 400, "the state is used up"
    assert AuditEntry.objects.get(action="session.refused").after == {"reason": "stale"}

    out = client.post("/logout")["Location"]
    assert client.get("/").status_code == 302
    left = requests.get(out, allow_redirects=False, timeout=10)
    assert left.headers["Location"] == f"{SITE}/login"
