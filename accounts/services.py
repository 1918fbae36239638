"""Actions on people and keys that concern more than one row."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import ApiKey, AuditEntry, User
from web import read_only

MOST_KEYS = 50


class TooManyKeysError(Exception):
    """The person has as many keys that open something as anybody may have."""

    def __init__(self) -> None:
        super().__init__(f"You have {MOST_KEYS} keys that open something: revoke one that is not needed.")


class LowerSessionError(Exception):
    """The person's session lets him be less than a key of his would be."""

    def __init__(self, person: User) -> None:
        super().__init__(
            f"Here you are a {person.effective_role}, a key of yours would act as {person.full_role}: "
            "ask an admin for an invitation, or make it over the API."
        )


@transaction.atomic
def issue_key(subject: str, name: str, role: str | None, *, actor_label: str) -> tuple[ApiKey, str]:
    """Issue a key for the person of this subject, created when new; return its row and the key, shown this once.

    An existing person's role changes only where one is given.
    """
    user = User.objects.by_subject(settings.AUTH0_ISSUER, subject)
    before = {"role": user.role}
    if role is not None and role != user.role:
        user.role = role
        user.save(update_fields=["role", "updated_at"])
    return _issue(user, name, actor_label=actor_label, before=before)


@transaction.atomic
def issue_own_key(
    user: User, name: str, *, scopes: Sequence[str] = (), expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Issue a key that a person asks for; return its row and the key, shown this once.

    Raises TooManyKeysError; LowerSessionError, since a key knows nothing of the session that it was made in.
    """
    if user.effective_role != user.full_role:
        raise LowerSessionError(user)
    # Held to the end: of two who ask for the last one at once, the second sees the first's.
    User.objects.select_for_update().get(pk=user.pk)
    if ApiKey.objects.usable().filter(user=user).count() >= MOST_KEYS:
        raise TooManyKeysError
    return _issue(user, name, scopes=scopes, expires_at=expires_at, actor=user)


def _issue(
    user: User,
    name: str,
    *,
    scopes: Sequence[str] = (),
    expires_at: datetime | None = None,
    before: dict[str, Any] | None = None,
    **actor: Any,
) -> tuple[ApiKey, str]:
    api_key, key = ApiKey.objects.issue(user, name, scopes=sorted(set(scopes)), expires_at=expires_at)
    after = {"auth0_id": user.auth0_id, "name": name, "prefix": api_key.prefix, "role": user.role}
    narrowed = {"scopes": api_key.scopes} if api_key.scopes else {}
    expiring = {"expires_at": expires_at.isoformat()} if expires_at else {}
    AuditEntry.objects.record("api_key.issued", api_key, before=before, after=after | narrowed | expiring, **actor)
    return api_key, key


@transaction.atomic
def revoke_key(api_key: ApiKey, *, actor: User | None = None, actor_label: str = "") -> bool:
    """Revoke a key from the next request on; tell whether it was not before: a second time changes nothing."""
    if not api_key.revoke():
        return False
    AuditEntry.objects.record(
        "api_key.revoked", api_key, actor=actor, actor_label=actor_label, after={"prefix": api_key.prefix}
    )
    return True


@transaction.atomic
def set_read_only(*, enabled: bool, actor_label: str) -> None:
    """Let the portal only read, or write again, from the next request on in every worker; the same again changes nothing."""
    if read_only.turn(on=enabled):
        AuditEntry.objects.record(
            "read_only.changed", actor_label=actor_label, before={"enabled": not enabled}, after={"enabled": enabled}
        )
