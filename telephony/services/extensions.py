"""Close an extension, and open it again; what may register there is told the switches at once."""

from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import Assignment, Extension, Revocation, RevocationReason
from telephony.models.holding import HoldingState
from telephony.services.assignments import POOL, release
from telephony.services.credentials import renew_password
from telephony.services.revocations.asking import revoke
from web.locks import lock_names


class RestingError(Exception):
    """The extension rests: nobody can use it, and nobody may be given it."""

    def __init__(self, extension: Extension) -> None:
        super().__init__(f"{extension} rests after its last holder: nobody can use it, and there is nothing to close or open.")


class NotHeldError(Exception):
    """Nobody holds the extension: a password would be the next holder's, and known to somebody else."""

    def __init__(self, extension: Extension) -> None:
        super().__init__(f"Nobody holds {extension}: it gets a password once somebody does.")


def renew_password_of(extension: Extension, *, actor: User) -> str:
    """Give somebody's extension a new SIP password and return it; it cannot be had again. Raises NotHeldError."""
    if not Assignment.objects.open().filter(extension=extension).exists():
        raise NotHeldError(extension)
    return renew_password(extension, actor=actor)


def release_extension(extension: Extension, *, actor: User) -> bool:
    """Take an extension, and the number with it, back from who holds it; tell whether anybody did."""
    held = Assignment.objects.open().filter(extension=extension).select_related("user", "extension__domain", "number").first()
    return held is not None and release(held, actor=actor)


@transaction.atomic(durable=True)
def close_extension(extension: Extension, *, actor: User | None = None) -> Revocation | None:
    """Close an extension: nobody can register or call by it any more, its phones are forgotten and its calls end.

    Whoever holds it goes on to do so. Return the revocation, None where it was closed before. Raises RestingError.
    """
    lock_names([POOL])
    extension.refresh_from_db()
    if extension.state == HoldingState.DISABLED:
        return None
    if extension.state == HoldingState.COOLING:
        raise RestingError(extension)
    _turn(extension, HoldingState.DISABLED, "extension.closed", actor)
    return revoke(extension, RevocationReason.CLOSED, actor=actor)


@transaction.atomic(durable=True)
def open_extension(extension: Extension, *, actor: User | None = None) -> bool:
    """Open an extension again: for its holder, else for whoever is given it next. Tell whether it was closed."""
    lock_names([POOL])
    extension.refresh_from_db()
    if extension.state != HoldingState.DISABLED:
        return False
    held = Assignment.objects.open().filter(extension=extension).exists()
    _turn(extension, HoldingState.ASSIGNED if held else HoldingState.FREE, "extension.opened", actor)
    return True


def _turn(extension: Extension, state: HoldingState, action: str, actor: User | None) -> None:
    before = extension.state
    extension.state = state
    Extension.objects.filter(pk=extension.pk, state=before).update(state=state, updated_at=timezone.now())
    AuditEntry.objects.record(action, extension, actor=actor, before={"state": before}, after={"state": state})
