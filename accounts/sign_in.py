"""Signing in over the API: to Auth0 with a state that is good for once, and back with a code that it swaps for tokens.

OAuth 2.0's authorization code grant with PKCE (RFC 7636) and OpenID Connect's nonce.
"""

import hashlib
import hmac
import logging
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from accounts.claims import Claims, ClaimsError, person_known_by
from accounts.models import SignIn
from accounts.provider import ProviderUnavailableError, ask
from accounts.tokens import TokenError, verified

logger = logging.getLogger("portal.auth0")

SCOPE: Final = "openid profile email offline_access"


class GrantRefusedError(Exception):
    """Auth0 refuses the code or the refresh token, or what it gave for it is not valid here."""


class ClientRefusedError(Exception):
    """Auth0 refuses the portal itself: its client id or secret, or what it may ask for."""


class DeactivatedError(Exception):
    """The person may not come in, whatever tokens Auth0 gives him."""


class TokenSet(NamedTuple):
    """What a person gets, in the words of RFC 6749; `expires_in` in seconds."""

    access_token: str
    refresh_token: str
    id_token: str
    token_type: str
    expires_in: int


def begin() -> tuple[str, str]:
    """Return the address at Auth0 where a person signs in, and the state that comes back from there."""
    sign_in, state = SignIn.objects.begin()
    challenge = urlsafe_b64encode(hashlib.sha256(sign_in.code_verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": settings.AUTH0_CLIENT_ID,
        "redirect_uri": _callback(),
        "scope": SCOPE,
        "audience": settings.AUTH0_AUDIENCE,
        "state": state,
        "nonce": sign_in.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{settings.AUTH0_BASE_URL}/authorize?{urlencode(query)}", state


def swap_code(sign_in: SignIn, code: str) -> TokenSet:
    """Swap the code of a sign-in for tokens, check them, and make the person known.

    Raises GrantRefusedError, ClientRefusedError, DeactivatedError, ProviderUnavailableError, KeysUnavailableError.
    """
    given = _swap(
        {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": sign_in.code_verifier,
            "redirect_uri": _callback(),
        }
    )
    if not _text(given, "id_token"):
        raise GrantRefusedError
    return _checked(given, nonce=sign_in.nonce)


def swap_refresh_token(refresh_token: str) -> TokenSet:
    """Swap a refresh token for a new set of tokens; where Auth0 does not rotate it, it stays. Raises as `swap_code`."""
    given = _swap({"grant_type": "refresh_token", "refresh_token": refresh_token})
    return _checked({"refresh_token": refresh_token} | dict(given))


def _callback() -> str:
    return f"{settings.PUBLIC_URL}{reverse('auth-callback')}"


def _swap(grant: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what Auth0 gives for a grant."""
    client = {"client_id": settings.AUTH0_CLIENT_ID, "client_secret": settings.AUTH0_CLIENT_SECRET}
    answer = ask(f"{settings.AUTH0_BASE_URL}/oauth/token", client | dict(grant))
    if answer.status == HTTPStatus.OK:
        return answer.document
    error = answer.document.get("error")
    if answer.status == HTTPStatus.UNAUTHORIZED or error in ("invalid_client", "unauthorized_client"):
        logger.error("Auth0 refuses the portal's own client id or secret")
        raise ClientRefusedError
    if answer.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN):
        raise GrantRefusedError
    raise ProviderUnavailableError(f"it answered {answer.status}")


def _checked(given: Mapping[str, Any], nonce: str | None = None) -> TokenSet:
    """Return the tokens once they have proved to be Auth0's, for us, of one person, who may come in."""
    access_token, id_token = _text(given, "access_token"), _text(given, "id_token")
    try:
        claims = verified(access_token, settings.AUTH0_AUDIENCE)
        profile = verified(id_token, settings.AUTH0_CLIENT_ID) if id_token else None
        _check_profile(profile or {}, nonce)
        user = person_known_by(claims, profile)
    except (TokenError, ClaimsError) as error:
        # Only Auth0, or whoever stands in its place, can be at fault: the operator has to know.
        logger.error("the tokens that Auth0 gave are not valid here: %s", error)
        raise GrantRefusedError from None
    if not user.is_active:
        raise DeactivatedError
    remaining = int(claims["exp"] - time.time())
    lifetime = given.get("expires_in")
    expires_in = lifetime if type(lifetime) is int and 0 < lifetime <= remaining + 1 else max(0, remaining)
    return TokenSet(access_token, _text(given, "refresh_token"), id_token, "Bearer", expires_in)


def _check_profile(profile: Claims, nonce: str | None) -> None:
    """Check that an ID token answers this sign-in, and was made for nobody but us. Raises TokenError."""
    if profile.get("azp", settings.AUTH0_CLIENT_ID) != settings.AUTH0_CLIENT_ID:
        raise TokenError("The ID token was issued to another client.")
    if nonce is not None and not hmac.compare_digest(str(profile.get("nonce", "")).encode(), nonce.encode()):
        raise TokenError("The ID token does not answer this sign-in.")


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""
