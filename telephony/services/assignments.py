"""Give an extension, and a number with it, to a person; and take them back."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import Assignment, Extension, Number
from telephony.models.holding import HoldingState


class NotClaimableError(Exception):
    """What was asked for cannot be given; the message says what and why."""


@transaction.atomic
def open_assignment(
    user: User, extension: Extension, number: Number | None = None, *, actor: User | None = None, at: datetime | None = None
) -> Assignment:
    """Give an extension, and a number where one is named, to a person: both or neither.

    Raises NotClaimableError where one of them is held, rests or is disabled, or the person may hold nothing (more).
    """
    now = at or timezone.now()
    if not user.is_active:
        raise NotClaimableError(f"{user} is deactivated.")
    _claim(extension, now)
    if number is not None:
        _claim(number, now)
    try:
        with transaction.atomic():
            assignment = Assignment.objects.create(user=user, extension=extension, number=number, starts_at=now)
    except IntegrityError:
        # The states were free, so it is the person: one number each.
        raise NotClaimableError(f"{user} has a number already.") from None
    AuditEntry.objects.record("assignment.opened", assignment, actor=actor, after=_described(assignment))
    return assignment


@transaction.atomic
def release(assignment: Assignment, *, actor: User | None = None, at: datetime | None = None) -> bool:
    """Take back what an assignment gave; each rests before it is given again. Tell whether it was still open."""
    now = at or timezone.now()
    if not Assignment.objects.open().filter(pk=assignment.pk).update(ends_at=now, updated_at=timezone.now()):
        return False
    rest = timedelta(days=settings.NUMBER_COOLDOWN_DAYS)
    state = (
        {"state": HoldingState.COOLING, "cooling_until": now + rest} if rest else {"state": HoldingState.FREE, "cooling_until": None}
    )
    Extension.objects.filter(pk=assignment.extension_id).update(**state, updated_at=timezone.now())
    if assignment.number_id is not None:
        Number.objects.filter(pk=assignment.number_id).update(**state, updated_at=timezone.now())
    AuditEntry.objects.record("assignment.released", assignment, actor=actor, before=_described(assignment))
    return True


def set_disabled(thing: Extension | Number, disabled: bool, *, actor: User | None = None) -> bool:
    """Take something out of use, or bring it back; what somebody holds stays as it is. Tell whether it changed."""
    before, after = (HoldingState.FREE, HoldingState.DISABLED) if disabled else (HoldingState.DISABLED, HoldingState.FREE)
    with transaction.atomic():
        changed = type(thing).objects.filter(pk=thing.pk, state=before).update(state=after, updated_at=timezone.now())
        if changed:
            AuditEntry.objects.record(
                f"{thing._meta.model_name}.{'disabled' if disabled else 'enabled'}",
                thing, actor=actor, before={"state": before}, after={"state": after},
            )  # fmt: skip
    return bool(changed)


def _claim(thing: Extension | Number, now: datetime) -> None:
    """Take something that is free, by one conditional update: SQLite knows no row locks."""
    claimed = type(thing).objects.claimable(now).filter(pk=thing.pk).update(
        state=HoldingState.ASSIGNED, cooling_until=None, updated_at=timezone.now()
    )  # fmt: skip
    if not claimed:
        raise NotClaimableError(f"{thing} is not free.")


def _described(assignment: Assignment) -> dict[str, str]:
    number = assignment.number.number if assignment.number else ""
    return {"user": assignment.user.auth0_id or assignment.user.username, "extension": str(assignment.extension), "number": number}
