"""The tokens as Auth0 makes them: an RS256 access token for an API, an ID token, a refresh token."""

import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

import jwt

from demo.auth0.keys import KeyRing
from demo.auth0.memory import Grant, Memory
from demo.auth0.people import Person, person_with_subject
from demo.auth0.settings import Settings

# Auth0's defaults. Source: https://auth0.com/docs/secure/tokens/id-tokens/update-id-token-lifetime and
# https://auth0.com/docs/secure/tokens/access-tokens/update-access-token-lifetime.
ID_TOKEN_SECONDS: Final = 36000
OPAQUE_TOKEN_SECONDS: Final = 86400


class Tokens:
    """Makes and reads the tokens of one tenant."""

    def __init__(self, base_url: str, settings: Settings, keys: KeyRing, memory: Memory, clock: Callable[[], float]) -> None:
        self.issuer = f"{base_url}/"
        self.userinfo_url = f"{base_url}/userinfo"
        self._settings = settings
        self._keys = keys
        self._memory = memory
        self._now = clock

    def token_set(self, grant: Grant, person: Person, nonce: str | None, refresh_token: str | None) -> dict[str, Any]:
        """Return the token endpoint's answer for a grant."""
        access_token, expires_in = self._access_token(grant, person)
        self._memory.add_access_token(grant, access_token, self._now() + expires_in)
        answer: dict[str, Any] = {"access_token": access_token, "scope": " ".join(grant.scope), "expires_in": expires_in}
        if refresh_token:
            answer["refresh_token"] = refresh_token
        if "openid" in grant.scope:
            answer["id_token"] = self._signed(self.id_claims(grant, person, nonce))
        return answer | {"token_type": "Bearer"}

    def _access_token(self, grant: Grant, person: Person) -> tuple[str, int]:
        if grant.audience is None:
            # Without an API to read it a token is for /userinfo alone, and nobody else can look inside.
            return secrets.token_urlsafe(32), OPAQUE_TOKEN_SECONDS
        claims = self.access_claims(person, grant.client_id, grant.audience, grant.scope)
        return self._signed(claims), self._settings.token_lifetime

    def access_claims(self, person: Person, client_id: str, audience: str, scope: Sequence[str]) -> dict[str, Any]:
        """Return what an access token says; its audience is a list as soon as it may also ask who the person is."""
        now = int(self._now())
        return self._with_roles(
            person,
            {
                "iss": self.issuer,
                "sub": person.subject,
                "aud": [audience, self.userinfo_url] if "openid" in scope else audience,
                "iat": now,
                "exp": now + self._settings.token_lifetime,
                "scope": " ".join(scope),
                "azp": client_id,
                # Two tokens of one second are two tokens: to revoke one is not to revoke the other.
                "jti": secrets.token_urlsafe(16),
            },
        )

    def id_claims(self, grant: Grant, person: Person, nonce: str | None) -> dict[str, Any]:
        """Return what an ID token says to the application."""
        now = int(self._now())
        times = {"iss": self.issuer, "aud": grant.client_id, "iat": now, "exp": now + ID_TOKEN_SECONDS, "sid": grant.sid}
        return self.profile(person, grant.scope) | times | ({} if nonce is None else {"nonce": nonce})

    def profile(self, person: Person, scope: Sequence[str]) -> dict[str, Any]:
        """Return what an application that was granted this scope may know of a person."""
        claims: dict[str, Any] = {"sub": person.subject}
        if "profile" in scope:
            claims |= {"nickname": person.nickname, "name": person.name}
        if "email" in scope:
            claims |= {"email": person.email, "email_verified": person.email_verified}
        return self._with_roles(person, claims)

    def userinfo(self, access_token: str) -> dict[str, Any] | None:
        """Return the profile that an access token opens, None where it opens none."""
        known = self._memory.grant_of(access_token)
        if known:
            grant, good = known
            subject, scope = (grant.subject, list(grant.scope)) if good else ("", [])
        else:
            claims = self.verified(access_token)
            subject, scope = str(claims.get("sub", "")), str(claims.get("scope", "")).split()
        person = person_with_subject(self._settings.people, subject)
        return self.profile(person, scope) if person and "openid" in scope else None

    def verified(self, access_token: str) -> dict[str, Any]:
        """Return the claims of a token of ours that is meant for /userinfo, nothing for any other."""
        try:
            key = self._keys.public(jwt.get_unverified_header(access_token).get("kid"))
            if key is None:
                return {}
            return jwt.decode(
                access_token, key, algorithms=["RS256"], audience=self.userinfo_url, issuer=self.issuer,
                options={"require": ["exp", "sub"]},
            )  # fmt: skip
        except jwt.InvalidTokenError:
            return {}

    def _with_roles(self, person: Person, claims: dict[str, Any]) -> dict[str, Any]:
        return claims if person.roles is None else claims | {self._settings.roles_claim: list(person.roles)}

    def _signed(self, claims: dict[str, Any]) -> str:
        key = self._keys.current
        return jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.kid})
