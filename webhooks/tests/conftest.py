"""What the tests of webhooks share."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import ApiKey, Role, User
from webhooks import services
from webhooks.models import Subscription
from webhooks.tests.receiver import Receiver, receiving


@pytest.fixture
def loopback(settings: Any) -> None:
    """Let webhooks reach this machine, as an operator could."""
    settings.WEBHOOK_ALLOWED_CIDRS = [ip_network("127.0.0.0/8")]


@pytest.fixture
def receiver(loopback: None) -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def make_person(db: None) -> Callable[..., User]:
    def make(name: str, role: str = Role.USER, **fields: Any) -> User:
        return User.objects.create_user(
            name, name=name, subject=f"auth0|{name}", issuer="https://auth0.invalid/", role=role, **fields
        )

    return make


@pytest.fixture
def key_of(db: None) -> Callable[..., dict[str, str]]:
    def issue(user: User, **fields: Any) -> dict[str, str]:
        return {"x-mediamagic-key": ApiKey.objects.issue(user, "test", **fields)[1]}

    return issue


@pytest.fixture
def subscribe(db: None) -> Callable[..., Subscription]:
    """Make a webhook that stands since long ago; `secret` is kept on it for the test."""

    def make(user: User, url: str = "https://hooks.example.com/", **fields: Any) -> Subscription:
        subscription, secret = services.create(user, url=url, **fields)
        long_ago = timezone.now() - timedelta(days=3650)
        Subscription.objects.filter(pk=subscription.pk).update(created_at=long_ago)
        subscription.refresh_from_db()
        subscription.secret = secret
        return subscription

    return make
