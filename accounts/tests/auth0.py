"""Auth0 as the tests of every app have it: the stand-in, and the settings that name it."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
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


@pytest.fixture(scope="session")
def auth0_for_all() -> Iterator[Auth0StandIn]:
    """One stand-in for all tests that neither rotate its keys nor take it down: making a key takes longer than most of them."""
    with new_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
def auth0(auth0_for_all: Auth0StandIn) -> Iterator[Auth0StandIn]:
    """The stand-in, and a portal that trusts it and has not asked for its keys yet."""
    with trusting(auth0_for_all):
        yield auth0_for_all


@pytest.fixture
def own_auth0() -> Iterator[Auth0StandIn]:
    """A stand-in of the test's own, to rotate its keys and to take it down."""
    with new_stand_in() as stand_in, trusting(stand_in):
        yield stand_in
