"""API keys: long-lived proofs for programs."""

import hashlib
import hmac
import uuid
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.people import User


def api_key_digest(key: str) -> str:
    """Return the peppered HMAC-SHA256 of an API key, as hex: all that is ever stored of it."""
    return hmac.new(settings.API_KEY_PEPPER.encode(), key.encode(), hashlib.sha256).hexdigest()


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Sets of API keys."""

    def usable(self, at: datetime | None = None) -> Self:
        """Return the keys that open something at this moment."""
        at = at or timezone.now()
        return self.filter(revoked_at=None, user__is_active=True).filter(Q(expires_at=None) | Q(expires_at__gt=at))

    def visible_to(self, user: User) -> Self:
        """Return the keys that this person may see and revoke: staff everybody's, others their own."""
        return self if user.is_staff else self.filter(user=user)

    def for_listing(self) -> Self:
        """Load with each key whose it is."""
        return self.select_related("user")


class ApiKeyManager(models.Manager["ApiKey"]):
    """Makes API keys."""

    def issue(self, user: User, name: str, **fields: Any) -> "tuple[ApiKey, str]":
        """Create a key; return its row and the key itself, which cannot be had again."""
        key = str(uuid.uuid4())
        return self.create(user=user, name=name, prefix=key[:8], digest=api_key_digest(key), **fields), key


class ApiKey(models.Model):
    """A long-lived proof for a program; the key itself is not kept, only its peppered digest."""

    user = models.ForeignKey(User, models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=8, editable=False, help_text="The key's first eight characters, to tell keys apart.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list, blank=True, help_text="Empty: all that its owner may do.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiKeyManager.from_queryset(ApiKeyQuerySet)()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name = "API key"
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="api_key_has_a_name"),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(revoked_at__gte=F("created_at")), name="api_key_revoked_after_creation"
            ),
        )
        indexes = (
            models.Index(fields=("user", "-created_at"), name="api_key_of_user"),
            models.Index(fields=("-created_at", "-id"), name="api_key_newest"),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def state(self) -> str:
        """Whether it opens something, in a word, or why it does not."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return "expired"
        return "active" if self.user.is_active else "deactivated"

    def revoke(self) -> bool:
        """Refuse this key from the next request on; tell whether it was not revoked before."""
        now = timezone.now()
        # Of two that revoke it at once, one did.
        if not ApiKey.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=now):
            return False
        self.revoked_at = now
        return True
