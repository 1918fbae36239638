"""Registered cell phones: who set which, and what may be one."""

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import AuditEntry, User
from telephony.models import CellPhone, Number
from telephony.services.dialing import callable_number
from web.locks import lock_names


def cell_phone_of(user: User) -> str:
    """Return the E.164 digits of a person's registered cell phone, "" where there is none."""
    return CellPhone.objects.filter(user=user).values_list("number", flat=True).first() or ""


def check_cell_phone(digits: str) -> None:
    """Raise ValidationError where a number cannot be somebody's cell phone: from our own nobody calls from outside."""
    if Number.objects.filter(number=digits).exists():
        raise ValidationError("This is a number of ours: give that of your cell phone.")


@transaction.atomic
def register_cell_phone(user: User, text: str, *, actor: User | None = None) -> str:
    """Register a person's cell phone in place of the one before; return its E.164 digits.

    Raises ValidationError for what is no number, or one of ours, and DestinationNotAllowedError for one that could not be
    called back.
    """
    digits = callable_number(text)
    check_cell_phone(digits)
    lock_names([f"telephony.cell_phone:{user.pk}"])
    before = cell_phone_of(user)
    if digits != before:
        phone, _ = CellPhone.objects.update_or_create(user=user, defaults={"number": digits})
        AuditEntry.objects.record(
            "cell_phone.registered", phone, actor=actor, before={"number": before}, after={"number": digits}
        )
    return digits


@transaction.atomic
def forget_cell_phone(user: User, *, actor: User | None = None) -> None:
    """Forget a person's cell phone; the same again changes nothing."""
    phone = CellPhone.objects.filter(user=user).first()
    if phone is not None:
        AuditEntry.objects.record("cell_phone.forgotten", phone, actor=actor, before={"number": phone.number})
        phone.delete()
