"""Auth0 as the tests have it: the stand-in, and the settings that name it."""

import contextlib
from collections.abc import Iterator
from typing import Any

from django.test import override_settings

from accounts.jwks import signing_keys
from demo.auth0 import Auth0StandIn

AUDIENCE = "https://api.portal.example"
PUBLIC_URL = "http://127.0.0.1:8000"
CALLBACK = f"{PUBLIC_URL}/api/v2/auth/callback"


def new_stand_in(**more: Any) -> Auth0StandIn:
    return Auth0StandIn(callbacks=[CALLBACK], audiences=[AUDIENCE], **more)


@contextlib.contextmanager
def trusting(stand_in: Auth0StandIn) -> Iterator[Auth0StandIn]:
    """Configure the portal for this stand-in, as a process that has just started."""
    signing_keys.cache_clear()
    with override_settings(
        PUBLIC_URL=PUBLIC_URL,
        AUTH0_BASE_URL=stand_in.base_url,
        AUTH0_ISSUER=stand_in.issuer,
        AUTH0_JWKS_URL=stand_in.jwks_url,
        AUTH0_CLIENT_ID=stand_in.client_id,
        AUTH0_CLIENT_SECRET=stand_in.client_secret,
        AUTH0_AUDIENCE=AUDIENCE,
    ):
        yield stand_in
    signing_keys.cache_clear()


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
