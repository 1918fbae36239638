"""The people of the tests of the dialplan, for those who ask where their calls go."""

from collections.abc import Callable

import pytest

from accounts.models import Role, User
from telephony.tests.hooks.conftest import ann, bob, dial, eve

__all__ = ["ann", "bob", "dial", "eve", "sam"]


@pytest.fixture
def sam(make_person: Callable[..., User]) -> User:
    """Who works as staff."""
    return make_person("sam", Role.STAFF)
