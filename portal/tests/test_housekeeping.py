"""`manage.py housekeeping`: what is over goes, and nothing else."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.management import call_command
from django.utils import timezone

from web.models import IdempotentRequest

pytestmark = pytest.mark.django_db


def run() -> list[str]:
    output = StringIO()
    call_command("housekeeping", stdout=output)
    return output.getvalue().splitlines()


def fill() -> None:
    now = timezone.now()
    for number in range(5):
        for age in (timedelta(hours=-1), timedelta(hours=25)):
            Session.objects.create(session_key=f"{number}-{age}", session_data="", expire_date=now - age)
            IdempotentRequest.objects.create(
                caller="operator", target_digest="t", key_digest=f"{number}-{age}", body_digest="b",
                created_at=now - age, lease_until=now - age,
            )  # fmt: skip


def test_what_is_over_is_deleted(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CACHES = {"default": {"BACKEND": "web.cache.DatabaseCache", "LOCATION": "portal_cache"}}
    monkeypatch.setattr("portal.management.commands.housekeeping.AT_ONCE", 2)
    cache = caches["default"]
    cache.clear()
    cache.set("old", 1, timeout=-10)
    cache.set("new", 1)
    fill()
    assert run() == ["answers kept for an Idempotency-Key: 5 deleted", "sessions: 5 deleted", "cache entries: 1 deleted"]
    assert (Session.objects.count(), IdempotentRequest.objects.count(), cache.get("new")) == (5, 5, 1)
    assert not Session.objects.filter(expire_date__lt=timezone.now()).exists()
    assert run() == ["answers kept for an Idempotency-Key: 0 deleted", "sessions: 0 deleted", "cache entries: 0 deleted"]


def test_a_cache_of_its_own_is_left_alone() -> None:
    caches["default"].set("old", 1, timeout=100)
    assert run()[-1] == "cache entries: 0 deleted"
    assert caches["default"].get("old") == 1
