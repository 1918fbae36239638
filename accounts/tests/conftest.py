"""What the tests of people share: a tenant of Auth0, in this process and on loopback."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from csp.constants import SELF

from accounts.jwks import signing_keys
from accounts.tests.auth0 import AUDIENCE
from accounts.tests.tenant import PEOPLE, Browser, Tenant
from demo.auth0 import Auth0StandIn, Person
from portal.environment import origin_of

SITE = "http://testserver"


@pytest.fixture(scope="session")
def running_tenant() -> Iterator[Tenant]:
    """A tenant for all tests: making its key takes longer than most of them."""
    people: list[Person] = []
    stand_in = Auth0StandIn(
        people=people, callbacks=[f"{SITE}/complete/auth0/"], logout_urls=[f"{SITE}/login"], audiences=[AUDIENCE]
    )
    with stand_in:
        yield Tenant(stand_in, people)


@pytest.fixture
def configure_auth0(settings: Any) -> Callable[[Auth0StandIn, str], None]:
    """Point the portal at a tenant, as the environment would."""

    def configure(stand_in: Auth0StandIn, site: str) -> None:
        settings.PUBLIC_URL = site
        settings.AUTH0_CLIENT_ID = stand_in.client_id
        settings.AUTH0_CLIENT_SECRET = stand_in.client_secret
        settings.AUTH0_AUDIENCE = AUDIENCE
        settings.AUTH0_BASE_URL = stand_in.base_url
        settings.AUTH0_ISSUER = stand_in.issuer
        settings.AUTH0_JWKS_URL = stand_in.jwks_url
        policy = deepcopy(settings.CONTENT_SECURITY_POLICY)
        policy["DIRECTIVES"]["form-action"] = [SELF, origin_of(site), origin_of(stand_in.base_url)]
        settings.CONTENT_SECURITY_POLICY = policy

    return configure


@pytest.fixture
def tenant(running_tenant: Tenant, configure_auth0: Callable[[Auth0StandIn, str], None]) -> Iterator[Tenant]:
    """The tenant, with its people as they were."""
    running_tenant.people[:] = PEOPLE
    configure_auth0(running_tenant.stand_in, SITE)
    signing_keys.cache_clear()
    yield running_tenant
    running_tenant.stand_in.up()
    signing_keys.cache_clear()


@pytest.fixture
def browser(tenant: Tenant, db: None) -> Browser:
    """A browser in which nobody is signed in anywhere."""
    return Browser(tenant)
