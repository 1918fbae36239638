"""An application that signs people in at the stand-in, over real HTTP, right in every detail unless told otherwise."""

import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import requests

from demo.auth0 import Auth0StandIn, Visitor
from demo.auth0.memory import challenge_of

CALLBACK = "http://127.0.0.1:8000/api/v2/auth/callback"
WEB_CALLBACK = "http://127.0.0.1:8000/complete/auth0/"
AFTER_LOGOUT = "http://127.0.0.1:8000/login"
AUDIENCE = "https://api.portal.example"
SCOPE = "openid profile email offline_access"
VERIFIER = "a-verifier-of-at-least-43-characters.0123456789~_"
OTHER_CLIENT = ("other-client", "other-secret-canary")


class Clock:
    """The time of day, and a way to let it pass."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def new_stand_in(clock: Clock | None = None, **more: Any) -> Auth0StandIn:
    return Auth0StandIn(
        callbacks=[CALLBACK, WEB_CALLBACK],
        logout_urls=[AFTER_LOGOUT, f"{AFTER_LOGOUT}?from=auth0"],
        audiences=[AUDIENCE],
        other_clients=dict([OTHER_CLIENT]),
        clock=clock or Clock(),
        **more,
    )


@dataclass
class Application:
    """A client of the stand-in; `None` for a parameter leaves it out."""

    auth0: Auth0StandIn
    visitor: Visitor = field(default_factory=Visitor)

    def authorize_url(self, **changes: str | None) -> str:
        query: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.auth0.client_id,
            "redirect_uri": CALLBACK,
            "scope": SCOPE,
            "state": "a-state",
            "nonce": "a-nonce",
            "audience": AUDIENCE,
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        kept = {name: value for name, value in (query | changes).items() if value is not None}
        return f"{self.auth0.base_url}/authorize?{urlencode(kept)}"

    def ask(self, **changes: str | None) -> requests.Response:
        """Go to the authorization address and stay where that leads first."""
        return self.visitor.browser.get(self.authorize_url(**changes), allow_redirects=False, timeout=10)

    def sign_in(self, email: str = "ada@customer.example", **changes: str | None) -> dict[str, str]:
        """Sign in; return what the callback was called with."""
        back = self.visitor.sign_in(self.authorize_url(**changes), email, self.auth0.settings.password)
        return answer_in(back, changes.get("redirect_uri") or CALLBACK)

    def post_token(self, **changes: str | None) -> requests.Response:
        fields = {"client_id": self.auth0.client_id, "client_secret": self.auth0.client_secret}
        sent = {name: value for name, value in (fields | changes).items() if value is not None}
        return requests.post(f"{self.auth0.base_url}/oauth/token", data=sent, timeout=10)

    def swap(self, code: str, /, **changes: str | None) -> requests.Response:
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.post_token(**(fields | changes))

    def refresh(self, token: str, /, **changes: str | None) -> requests.Response:
        return self.post_token(**({"grant_type": "refresh_token", "refresh_token": token} | changes))

    def tokens(self, email: str = "ada@customer.example", **changes: str | None) -> dict[str, Any]:
        answer = self.swap(self.sign_in(email, **changes)["code"])
        assert answer.status_code == 200, answer.text
        return answer.json()

    def userinfo(self, access_token: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {access_token}"}
        return requests.get(f"{self.auth0.base_url}/userinfo", headers=headers, timeout=10)

    def verified(self, token: str, audience: str, **options: Any) -> dict[str, Any]:
        """Verify a token as a careful reader does, against the published keys."""
        key = jwt.PyJWKClient(self.auth0.jwks_url).get_signing_key_from_jwt(token)
        return jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=self.auth0.issuer, **options)


def answer_in(address: str, callback: str) -> dict[str, str]:
    """Return the parameters of an address that has to be exactly the callback with a query."""
    assert address.startswith(f"{callback}?")
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True, strict_parsing=True))


def refusal(answer: requests.Response) -> tuple[int, str]:
    """Return a JSON refusal, which gives no token away."""
    body = answer.json()
    assert set(body) == {"error", "error_description"}, body
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, body["error"]
