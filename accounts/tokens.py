"""Whether a token is one that Auth0 made for us: RFC 7519, checked as strictly as RFC 8725 asks."""

import re
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings

from accounts.claims import Claims, ClaimsError, subject_of
from accounts.jwks import is_sane_kid, signing_keys

ALGORITHM = "RS256"
LEEWAY_SECONDS = 30
LONGEST_TOKEN = 8 * 1024
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# A key, or where to get one, that the token brings along itself; an extension that we would have to know; a body that
# is not in the token.
_REFUSED_HEADERS = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64"})
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_TIMES = ("exp", "nbf", "iat")


class TokenError(Exception):
    """The token is not valid here; the message says why, and holds nothing of it."""


def verified(token: str, audience: str) -> Claims:
    """Return the claims of a token that Auth0 signed for this audience and that is valid now.

    Raises TokenError; KeysUnavailableError where no key is held to check any token with.
    """
    if len(token) > LONGEST_TOKEN or not _TOKEN.fullmatch(token):
        raise TokenError("This is not a token.")
    key = _key_of(token)
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=audience,
            issuer=settings.AUTH0_ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except jwt.ExpiredSignatureError:
        raise TokenError("The token has expired.") from None
    except jwt.ImmatureSignatureError:
        raise TokenError("The token is not valid yet.") from None
    except jwt.PyJWTError:
        raise TokenError("The token was not issued for this service, or was tampered with.") from None
    _check(claims)
    return claims


def _key_of(token: str) -> RSAPublicKey:
    """Return the key that the token says it was signed with, if it is one of Auth0's."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise TokenError("This is not a token.") from None
    if header.get("alg") != ALGORITHM or not _REFUSED_HEADERS.isdisjoint(header) or not _is_access_type(header):
        raise TokenError(f"The token is not plainly signed by {ALGORITHM}.")
    kid = header.get("kid")
    key = signing_keys(settings.AUTH0_JWKS_URL).find(kid) if is_sane_kid(kid) else None
    if key is None:
        raise TokenError("The token is not signed by a key of Auth0's.")
    return key


def _is_access_type(header: Mapping[str, Any]) -> bool:
    return str(header.get("typ", "JWT")).lower() in _TYPES


def _check(claims: Claims) -> None:
    """Check what the library takes more lightly: numbers are numbers, and there is a subject."""
    # The library would read "1700000000" and true as times, too.
    if any(type(claims[name]) not in (int, float) for name in _TIMES if name in claims):
        raise TokenError("The token's times are no numbers.")
    try:
        subject_of(claims)
    except ClaimsError as error:
        raise TokenError(str(error)) from None
