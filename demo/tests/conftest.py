"""What the tests of the demo share: what stands in for Auth0 and for the switch, and a portal for the switch."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from demo.auth0 import Auth0StandIn
from demo.auth0.keys import SigningKey
from demo.switch.exchange import Settings
from demo.switch.portal import Portal
from demo.switch.simulator import SimulatedSwitch
from demo.tests.auth0_client import Application, Clock, new_stand_in
from demo.tests.conversations import Client, sign_in
from demo.tests.portal_stub import PortalStub

PACE = 0.01


# -- Auth0 --------------------------------------------------------------------------------------------------------------


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


# -- the switch ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def portal() -> Iterator[PortalStub]:
    with PortalStub() as stub:
        yield stub


@pytest.fixture
def start(portal: PortalStub) -> Iterator[Callable[..., SimulatedSwitch]]:
    """Start switches, which end with the test."""
    with ExitStack() as stack:

        def start_one(fault: str = "", **settings: Any) -> SimulatedSwitch:
            given = {"pace": PACE, "talk": 4, "create_delay": 0, "portal": Portal(portal.url, "switch", "secret")}
            return stack.enter_context(SimulatedSwitch(Settings(**(given | settings)), fault))

        yield start_one


@pytest.fixture
def switch(start: Callable[..., SimulatedSwitch]) -> SimulatedSwitch:
    return start()


@pytest.fixture
def visit() -> Iterator[Callable[[SimulatedSwitch], Client]]:
    """Connect clients that have said nothing yet; they end with the test."""
    with ExitStack() as stack:

        def visit_one(switch: SimulatedSwitch) -> Client:
            client = Client(switch.port)
            stack.callback(client.close)
            return client

        yield visit_one


@pytest.fixture
def connect(visit: Callable[[SimulatedSwitch], Client]) -> Callable[..., Client]:
    """Connect clients that have signed in and listen to some events."""

    def connect_one(switch: SimulatedSwitch, *events: str) -> Client:
        client = visit(switch)
        sign_in(client, *events)
        return client

    return connect_one
