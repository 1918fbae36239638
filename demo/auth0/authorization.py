"""What an application asks of `/authorize`, and whether it may."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlencode

from demo.auth0.errors import CallbackError, PageError
from demo.auth0.settings import Settings

SCOPES: Final = ("openid", "profile", "email", "offline_access")
PROMPTS: Final = {"none", "login", "consent", "select_account"}
# BASE64URL(SHA256(verifier)) without padding. Source: RFC 7636, 4.2.
CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class AuthorizationRequest:
    """A valid request for a code, of a known application, to be answered at an address of its own."""

    client_id: str
    redirect_uri: str
    challenge: str
    scope: tuple[str, ...] = ()
    state: str | None = None
    nonce: str | None = None
    audience: str | None = None
    prompt: frozenset[str] = frozenset()
    login_hint: str = ""

    @classmethod
    def parse(cls, query: Mapping[str, str], settings: Settings) -> Self:
        """Read a query. Raises PageError while nobody can be trusted with the answer, CallbackError after."""
        if query.get("client_id") not in settings.clients:
            raise PageError("Unknown application", "No application has the client_id that was sent.")
        redirect_uri = query.get("redirect_uri", "")
        if redirect_uri not in settings.callbacks:
            raise PageError(
                "Callback URL mismatch",
                f"The redirect_uri {redirect_uri!r} is not in the list of allowed callback URLs, letter by letter.",
                status=403,
            )
        for error, description in _complaints(query, settings):
            raise CallbackError(error, description, redirect_uri, query.get("state"))
        return cls(
            client_id=query["client_id"],
            redirect_uri=redirect_uri,
            challenge=query["code_challenge"],
            # Scopes that nobody defined are left out, as Auth0 does; the token's answer says what was granted.
            scope=tuple(name for name in SCOPES if name in query.get("scope", "").split()),
            state=query.get("state"),
            nonce=query.get("nonce"),
            audience=query.get("audience") or None,
            prompt=frozenset(query.get("prompt", "").split()),
            login_hint=query.get("login_hint", ""),
        )

    def refused(self, error: str, description: str) -> CallbackError:
        """Return the refusal of this request."""
        return CallbackError(error, description, self.redirect_uri, self.state)

    def answer(self, code: str) -> str:
        """Return the address that brings the code to the application."""
        return callback_address(self.redirect_uri, self.state, code=code)


def _complaints(query: Mapping[str, str], settings: Settings) -> list[tuple[str, str]]:
    """List what is wrong with a request of a known application, in the order in which it matters."""
    prompt, audience = query.get("prompt", "").split(), query.get("audience")
    checks = (
        (query.get("response_type") == "code", "unsupported_response_type", "Only response_type=code is supported"),
        (query.get("response_mode", "query") == "query", "invalid_request", "Only response_mode=query is supported"),
        (not {"request", "request_uri"} & query.keys(), "request_not_supported", "Request objects are not supported"),
        ("code_challenge" in query, "invalid_request", "Parameter 'code_challenge' is required"),
        (query.get("code_challenge_method") == "S256", "invalid_request", "Parameter 'code_challenge_method' must be S256"),
        (CHALLENGE.fullmatch(query.get("code_challenge", "")), "invalid_request", "Parameter 'code_challenge' is malformed"),
        (set(prompt) <= PROMPTS, "invalid_request", "Parameter 'prompt' is unknown"),
        ("none" not in prompt or len(prompt) == 1, "invalid_request", "prompt=none cannot be combined"),
        (not audience or audience in settings.audiences, "access_denied", f"Service not found: {audience}"),
    )
    return [(error, description) for holds, error, description in checks if not holds]


def callback_address(redirect_uri: str, state: str | None, **answer: Any) -> str:
    """Return the registered address with the answer, and the state exactly as it came."""
    echoed = {} if state is None else {"state": state}
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(answer | echoed)}"
