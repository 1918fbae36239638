"""The stand-in as tests use it: made from a few arguments, able to mint any token and to sign people in."""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from demo.auth0.people import DEMO_PASSWORD, DEMO_PEOPLE, Person
from demo.auth0.service import Service
from demo.auth0.settings import ROLES_CLAIM, TOKEN_LIFETIME_SECONDS, Address, Settings
from demo.auth0.visitor import Visitor

# Put in place of a claim or a header, it is left out.
ABSENT: Final = object()
DEMO_CLIENT_SECRET: Final = "known-to-everybody"


class Auth0StandIn(Service):
    """A tenant of Auth0 for a test: `with Auth0StandIn(callbacks=[…], audiences=[…]) as auth0: …`."""

    def __init__(
        self,
        *,
        people: Sequence[Person] = DEMO_PEOPLE,
        client_id: str = "demo-client",
        client_secret: str = DEMO_CLIENT_SECRET,
        callbacks: Sequence[str] = (),
        logout_urls: Sequence[str] = (),
        audiences: Sequence[str] = (),
        other_clients: Mapping[str, str] | None = None,
        password: str = DEMO_PASSWORD,
        roles_claim: str = ROLES_CLAIM,
        token_lifetime: int = TOKEN_LIFETIME_SECONDS,
        host: str = "127.0.0.1",
        port: int = 0,
        state: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        settings = Settings(
            clients={client_id: client_secret, **(other_clients or {})},
            callbacks=callbacks, logout_urls=logout_urls, audiences=audiences, people=people, password=password,
            roles_claim=roles_claim, token_lifetime=token_lifetime,
        )  # fmt: skip
        self.client_id = client_id
        self.client_secret = client_secret
        super().__init__(settings, Address(host, port), state, clock)

    def sign_in(self, authorize_url: str, email: str | None = None) -> str:
        """Go to an authorization address as a person does, in a browser of its own; return where it leads back to."""
        return Visitor().sign_in(authorize_url, email or self.settings.people[0].email, self.settings.password)

    def mint(
        self,
        claims_override: Mapping[str, Any] | None = None,
        headers_override: Mapping[str, Any] | None = None,
        *,
        key: RSAPrivateKey | bytes | None = None,
        person: Person | None = None,
    ) -> str:
        """Return an access token that differs from a good one in exactly this; ABSENT leaves a claim or header out.

        A private key signs by RS256, bytes by HS256, empty bytes not at all, whatever the header says; by default the key that
        signs now does.
        """
        person = person or self.settings.people[0]
        audience = next(iter(self.settings.audiences), self.client_id)
        claims = self._tokens.access_claims(person, self.client_id, audience, ("openid", "profile", "email"))
        headers = {"alg": "RS256", "typ": "JWT", "kid": self.signing_key.kid}
        signed = f"{_part(headers, headers_override)}.{_part(claims, claims_override)}"
        return f"{signed}.{_encoded(_signature(signed.encode(), self.signing_key.private if key is None else key))}"


def _part(values: Mapping[str, Any], override: Mapping[str, Any] | None) -> str:
    merged = {name: value for name, value in {**values, **(override or {})}.items() if value is not ABSENT}
    return _encoded(json.dumps(merged).encode())


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _signature(signed: bytes, key: RSAPrivateKey | bytes) -> bytes:
    """Sign by hand: the library refuses to make just the tokens that a verifier has to refuse."""
    if isinstance(key, RSAPrivateKey):
        return key.sign(signed, PKCS1v15(), SHA256())
    return hmac.digest(key, signed, hashlib.sha256) if key else b""
