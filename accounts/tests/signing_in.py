"""Signing in over the API as a client does, and as a person does in a browser of its own."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.http import HttpResponse
from django.test import Client

from accounts.tests.auth0 import CALLBACK, PUBLIC_URL
from demo.auth0 import Auth0StandIn

LOGIN, RETURN, REFRESH = "/api/v2/auth/login", "/api/v2/auth/callback", "/api/v2/auth/refresh"
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
    return address.removeprefix(PUBLIC_URL)


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
