"""The stand-in in front of a client that somebody else wrote."""

from urllib.parse import urlsplit

import pytest
import requests
from requests_oauthlib import OAuth2Session

from demo.auth0 import Auth0StandIn
from demo.tests.auth0_client import AUDIENCE, CALLBACK, SCOPE, Application


def test_requests_oauthlib_signs_in_refreshes_and_asks_who_it_is(
    application: Application, auth0: Auth0StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    known = requests.get(f"{auth0.base_url}/.well-known/openid-configuration", timeout=10).json()
    client = OAuth2Session(auth0.client_id, redirect_uri=CALLBACK, scope=SCOPE.split(), pkce="S256")
    address, _ = client.authorization_url(known["authorization_endpoint"], audience=AUDIENCE)
    back = auth0.sign_in(address, "alexis@mediamagic.example")
    assert urlsplit(back).hostname == "127.0.0.1"

    # By Basic credentials, as this client does it by default; then in the body.
    first = client.fetch_token(known["token_endpoint"], authorization_response=back, client_secret=auth0.client_secret)
    assert client.get(known["userinfo_endpoint"]).json()["name"] == "Alexis Moreau"
    second = client.refresh_token(known["token_endpoint"], client_id=auth0.client_id, client_secret=auth0.client_secret)
    assert second["refresh_token"] != first["refresh_token"]
    assert client.get(known["userinfo_endpoint"]).json()["email"] == "alexis@mediamagic.example"
    assert application.verified(second["access_token"], AUDIENCE)["azp"] == auth0.client_id
