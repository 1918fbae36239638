"""Give an extension, and a number with it, to a person; and take them back."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import Assignment, Extension, Number, RevocationReason
from telephony.models.call_limits import MOST
from telephony.models.holding import HoldingState
from telephony.services import announcing
from telephony.services.revocations.asking import revoke
from web.locks import lock_names

# The lock under which things are chosen and taken: what one has chosen nobody takes from under him.
POOL: Final = "telephony.pool"
# What of an extension was its holder's: with his password his phone would go on to ring for the next one, and what he was
# trusted to spend nobody else is.
FORGOTTEN: Final = {"encrypted_ha1": None, "forward_to": "", "display_name": "", **dict.fromkeys(MOST)}


class NotClaimableError(Exception):
    """What was asked for cannot be given; `code` for programs, the message says what and why."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@transaction.atomic
def open_assignment(
    user: User, extension: Extension, number: Number | None = None, *, actor: User | None = None, at: datetime | None = None
) -> Assignment:
    """Give an extension, and a number where one is named, to a person: both or neither.

    Raises NotClaimableError where one of them is held, rests or is disabled, or the person may hold nothing (more).
    """
    lock_names([POOL])
    now = at or timezone.now()
    # Asked anew: the row at hand may have been read before somebody deactivated the person.
    if not User.objects.filter(pk=user.pk, is_active=True).exists():
        raise NotClaimableError(f"{user} is deactivated.", "person_deactivated")
    _claim(extension, now)
    if number is not None:
        _claim(number, now)
    try:
        with transaction.atomic():
            assignment = Assignment.objects.create(user=user, extension=extension, number=number, starts_at=now)
    except IntegrityError:
        raise NotClaimableError(*_conflict(user, extension, number)) from None
    AuditEntry.objects.record("assignment.opened", assignment, actor=actor, after=_described(assignment))
    announcing.number_assigned(assignment)
    return assignment


@transaction.atomic
def release(assignment: Assignment, *, actor: User | None = None, at: datetime | None = None) -> bool:
    """Take back what an assignment gave; each rests before it is given again. Tell whether it was still open.

    The extension forgets its holder: the password of his phone, where he had it forwarded to, his name, his limits; and the
    switches forget his phones and end his calls. One that is closed stays closed.
    """
    # Never before it began: the clocks of two servers differ a little.
    now = max(at or timezone.now(), assignment.starts_at)
    if not Assignment.objects.open().filter(pk=assignment.pk).update(ends_at=now, updated_at=timezone.now()):
        return False
    after = _after_holding(now)
    extension = Extension.objects.filter(pk=assignment.extension_id)
    extension.update(**FORGOTTEN, updated_at=timezone.now())
    extension.exclude(state=HoldingState.DISABLED).update(**after)
    if assignment.number_id is not None:
        Number.objects.filter(pk=assignment.number_id).update(**after, updated_at=timezone.now())
    AuditEntry.objects.record("assignment.released", assignment, actor=actor, before=_described(assignment))
    announcing.number_released(assignment, now)
    revoke(assignment.extension, RevocationReason.RELEASED, actor=actor)
    return True


@transaction.atomic
def pass_on(assignment: Assignment, *, actor: User, at: datetime) -> None:
    """End an assignment whose extension passes on to another one of the same person at the same instant, without a rest."""
    Assignment.objects.open().filter(pk=assignment.pk).update(ends_at=at, updated_at=timezone.now())
    Extension.objects.filter(pk=assignment.extension_id).update(state=HoldingState.FREE, updated_at=timezone.now())
    AuditEntry.objects.record("assignment.passed_on", assignment, actor=actor, before=_described(assignment))


def set_disabled(thing: Extension | Number, *, disabled: bool, actor: User | None = None) -> bool:
    """Take something out of use, or bring it back; what somebody holds stays as it is. Tell whether it changed."""
    with transaction.atomic():
        lock_names([POOL])
        now, things = timezone.now(), type(thing).objects.filter(pk=thing.pk)
        # What has rested is as good as free.
        turned = things.claimable(now) if disabled else things.filter(state=HoldingState.DISABLED)
        free = HoldingState.ASSIGNED if not disabled and _is_held(thing) else HoldingState.FREE
        after = HoldingState.DISABLED if disabled else free
        before = turned.values_list("state", flat=True).first()
        changed = turned.update(state=after, cooling_until=None, updated_at=now)
        if changed:
            AuditEntry.objects.record(
                f"{thing._meta.model_name}.{'disabled' if disabled else 'enabled'}",
                thing, actor=actor, before={"state": before}, after={"state": after},
            )  # fmt: skip
    return bool(changed)


def _is_held(thing: Extension | Number) -> bool:
    """Tell whether somebody holds it: a closed extension may be."""
    return Assignment.objects.open().filter(**{str(thing._meta.model_name): thing}).exists()


def _claim(thing: Extension | Number, now: datetime) -> None:
    """Take something that is free, by one conditional update: SQLite knows no row locks."""
    claimed = type(thing).objects.claimable(now).filter(pk=thing.pk).update(
        state=HoldingState.ASSIGNED, cooling_until=None, updated_at=timezone.now()
    )  # fmt: skip
    if not claimed:
        raise NotClaimableError(f"{thing} is not free: {_why_not_free(thing)}.", f"{thing._meta.model_name}_not_free")


def _why_not_free(thing: Extension | Number) -> str:
    thing.refresh_from_db(fields=("state", "cooling_until"))
    if thing.state == HoldingState.COOLING and thing.cooling_until is not None:
        return f"it rests until {thing.cooling_until:%B %-d, %Y}"
    return "it is closed" if thing.state == HoldingState.DISABLED else "somebody holds it"


def _conflict(user: User, extension: Extension, number: Number | None) -> tuple[str, str]:
    """Say which constraint an assignment would break, and by which code programs know it.

    What was claimed is free by its state, so mostly it is the person.
    """
    held = Assignment.objects.open()
    if number is not None and held.filter(user=user, number__isnull=False).exists():
        return f"{user} has a number already.", "person_has_number"
    thing = extension if number is None or held.filter(extension=extension).exists() else number
    return f"{thing} is held by somebody.", f"{thing._meta.model_name}_not_free"


def _after_holding(now: datetime) -> dict[str, Any]:
    if not settings.NUMBER_COOLDOWN_DAYS:
        return {"state": HoldingState.FREE, "cooling_until": None}
    return {"state": HoldingState.COOLING, "cooling_until": now + timedelta(days=settings.NUMBER_COOLDOWN_DAYS)}


def _described(assignment: Assignment) -> dict[str, str]:
    return {
        "user": assignment.user.auth0_id or assignment.user.username,
        "extension": str(assignment.extension),
        "number": assignment.number.number if assignment.number else "",
    }
