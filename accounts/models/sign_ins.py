"""Sign-ins that are under way."""

import hashlib
import secrets
from datetime import timedelta

from django.db import models
from django.utils import timezone


class SignInManager(models.Manager["SignIn"]):
    """Begins sign-ins at Auth0, and ends each once."""

    LIFETIME = timedelta(minutes=10)

    def begin(self) -> "tuple[SignIn, str]":
        """Note that somebody goes to Auth0; return the row and the state by which he is known when he comes back."""
        now = timezone.now()
        self.filter(expires_at__lte=now).delete()
        state = secrets.token_urlsafe(32)
        row = self.create(
            state_digest=_state_digest(state),
            nonce=secrets.token_urlsafe(32),
            code_verifier=secrets.token_urlsafe(48),
            expires_at=now + self.LIFETIME,
        )
        return row, state

    def take(self, state: str) -> "SignIn | None":
        """Return the sign-in of this state and forget it: of several who bring the same state, one gets it."""
        found = self.filter(state_digest=_state_digest(state), expires_at__gt=timezone.now()).first()
        # The deletion decides, not what was read before it.
        if found is None or not self.filter(pk=found.pk).delete()[0]:
            return None
        return found


def _state_digest(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogateescape")).hexdigest()


class SignIn(models.Model):
    """Somebody on his way to Auth0 and back: what only this portal and Auth0 may know of it; gone when he is back."""

    # The state opens what comes back: like a key it is not kept itself.
    state_digest = models.CharField(max_length=64, unique=True, editable=False)
    nonce = models.CharField(max_length=64, editable=False)
    code_verifier = models.CharField(max_length=128, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    objects = SignInManager()

    class Meta:
        verbose_name = "sign-in under way"
        verbose_name_plural = "sign-ins under way"

    def __str__(self) -> str:
        return f"sign-in begun {self.created_at:%Y-%m-%d %H:%M:%S}"
