"""Actions on people and keys that concern more than one row."""

from django.conf import settings
from django.db import transaction

from accounts.models import ApiKey, AuditEntry, User


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
    api_key, key = ApiKey.objects.issue(user, name)
    AuditEntry.objects.record(
        "api_key.issued",
        api_key,
        actor_label=actor_label,
        before=before,
        after={"auth0_id": subject, "name": name, "prefix": api_key.prefix, "role": user.role},
    )
    return api_key, key


@transaction.atomic
def revoke_key(api_key: ApiKey, *, actor: User | None = None, actor_label: str = "") -> None:
    """Revoke a key from the next request on; a second time changes nothing and is not written down again."""
    if api_key.revoked_at is not None:
        return
    api_key.revoke()
    AuditEntry.objects.record(
        "api_key.revoked", api_key, actor=actor, actor_label=actor_label, after={"prefix": api_key.prefix}
    )
