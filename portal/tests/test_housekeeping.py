"""`manage.py housekeeping`: what is over goes, and nothing else."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.management import call_command
from django.utils import timezone
from social_django.models import Nonce, Partial

from accounts.models import SignIn, User
from telephony.models import BannedAddress, FailedRegistration, GatewayChange, NumberChange, NumberImport, Switch
from web.models import IdempotentRequest
from webhooks.models import Delivery, Event, Subscription

pytestmark = pytest.mark.django_db

SWEPT = (
    IdempotentRequest, Session, SignIn, Partial, AccessAttempt, BannedAddress, GatewayChange, NumberImport, NumberChange, Delivery,
    Event,
)  # fmt: skip
ALWAYS = ("revocations: 0 told late", "tallies: 0 days counted anew", "webhooks: 0 sent to late")
NAMES = [
    "answers kept for an Idempotency-Key", "sessions", "sign-ins over the API", "sign-ins on the web", "wrong passwords",
    "bans", "failed registrations", "changes of gateways", "imports of numbers and changes to many", "deliveries to webhooks",
    "events told to webhooks", "cache entries",
]  # fmt: skip


def run() -> list[str]:
    output = StringIO()
    call_command("housekeeping", stdout=output)
    return output.getvalue().splitlines()


def fill(number: int, age: timedelta) -> None:
    name, at = f"{number}-{age}", timezone.now() - age
    IdempotentRequest.objects.create(
        caller="operator", target_digest="t", key_digest=name, body_digest="b", created_at=at, lease_until=at
    )
    Session.objects.create(session_key=name, session_data="", expire_date=at)
    SignIn.objects.create(state_digest=name, nonce="n", code_verifier="v", expires_at=at)
    AccessAttempt.objects.create(username=name, ip_address="127.0.0.1", failures_since_start=1)
    AccessAttempt.objects.filter(username=name).update(attempt_time=at)
    partial = Partial.objects.create(token=name, data={}, backend="auth0")
    Partial.objects.filter(pk=partial.pk).update(timestamp=at)
    BannedAddress.objects.create(network=f"203.0.{number}.{age.days % 250}/32", until=at)
    GatewayChange.objects.create(
        switch=Switch.objects.get_or_create(name="fs1")[0], name=name[:64], is_up=True, at=at - timedelta(days=90)
    )
    sam, _ = User.objects.get_or_create(username="sam")
    NumberImport.objects.create(owner=sam, state="asked", file_name="n.csv", content=b"number", expires_at=at)
    NumberChange.objects.create(owner=sam, state="asked", action="disable", expires_at=at)
    month_ago = at - timedelta(days=30)
    user = User.objects.get_or_create(username="anna")[0]
    webhook = Subscription.objects.get_or_create(user=user, defaults={"url": "https://a.example/", "encrypted_secret": b"x"})[0]
    event = Event.objects.create(type="webhook.test", at=month_ago, created_at=month_ago)
    Delivery.objects.create(
        event=event, subscription=webhook, body="{}", created_at=month_ago, state="delivered", finished_at=month_ago
    )
    long_ago = at - timedelta(days=7)
    FailedRegistration.objects.create(
        network=f"198.51.{number}.{age.days % 250}/32", first_at=long_ago, span_began_at=long_ago, last_at=long_ago
    )


def test_what_is_over_is_deleted_and_nothing_else(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CACHES = {"default": {"BACKEND": "web.cache.DatabaseCache", "LOCATION": "portal_cache"}}
    monkeypatch.setattr("portal.management.commands.housekeeping.AT_ONCE", 2)
    cache = caches["default"]
    cache.clear()
    cache.set("old", 1, timeout=-10)
    cache.set("new", 1)
    for number in range(5):
        fill(number, timedelta(hours=25))
        fill(number, timedelta(minutes=-1))
    Nonce.objects.create(server_url="https://auth0.invalid/", timestamp=1, salt="s")
    deleted = zip(NAMES, (5, 5, 5, 6, 5, 5, 5, 5, 10, 5, 5, 1), strict=True)
    assert run() == [*ALWAYS, *(f"{name}: {count} deleted" for name, count in deleted)]
    assert [model.objects.count() for model in SWEPT] == [5] * len(SWEPT)
    assert not Session.objects.filter(expire_date__lt=timezone.now()).exists()
    assert cache.get("new") == 1
    assert run() == [*ALWAYS, *(f"{name}: 0 deleted" for name in NAMES)]


def test_a_cache_of_its_own_is_left_alone() -> None:
    caches["default"].set("old", 1, timeout=100)
    assert run()[-1] == "cache entries: 0 deleted"
    assert caches["default"].get("old") == 1
