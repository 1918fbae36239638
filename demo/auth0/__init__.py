"""A strict stand-in for Auth0, on loopback only, for the demo and the tests."""

from demo.auth0.keys import new_private_key
from demo.auth0.people import DEMO_PASSWORD, DEMO_PEOPLE, Person
from demo.auth0.stand_in import ABSENT, Auth0StandIn
from demo.auth0.visitor import SignInError, Visitor

__all__ = ["ABSENT", "DEMO_PASSWORD", "DEMO_PEOPLE", "Auth0StandIn", "Person", "SignInError", "Visitor", "new_private_key"]
