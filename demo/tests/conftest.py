"""What the tests of the demo share."""

from collections.abc import Iterator

import pytest

from demo.auth0 import Auth0StandIn
from demo.auth0.keys import SigningKey
from demo.tests.auth0_client import Application, Clock, new_stand_in


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def first_key() -> SigningKey:
    """The key that every stand-in begins with: making one takes longer than most tests."""
    return SigningKey.new()


@pytest.fixture
def auth0(clock: Clock, first_key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Auth0StandIn]:
    with monkeypatch.context() as patched:
        patched.setattr(SigningKey, "new", lambda: first_key)
        stand_in = new_stand_in(clock)
    with stand_in:
        yield stand_in


@pytest.fixture
def application(auth0: Auth0StandIn) -> Application:
    return Application(auth0)
