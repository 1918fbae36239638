"""What the tests of people and access share."""

from collections.abc import Iterator

import pytest

from accounts.tests.auth0 import new_stand_in, trusting
from demo.auth0 import Auth0StandIn


@pytest.fixture(scope="session")
def tenant() -> Iterator[Auth0StandIn]:
    """One stand-in for all tests that neither rotate its keys nor take it down."""
    with new_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
def auth0(tenant: Auth0StandIn) -> Iterator[Auth0StandIn]:
    """The tenant, and a portal that trusts it and has not asked for its keys yet."""
    with trusting(tenant):
        yield tenant


@pytest.fixture
def own_auth0() -> Iterator[Auth0StandIn]:
    """A tenant of the test's own, to rotate its keys and to take it down."""
    with new_stand_in() as stand_in, trusting(stand_in):
        yield stand_in
