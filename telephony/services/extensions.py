"""Make an extension, give it to somebody, change it, close it and open it again.

What may no longer register there is told the switches at once.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.fields import normalise_number
from telephony.models import Assignment, Domain, Extension, Number, Revocation, RevocationReason
from telephony.models.directory import EXTENSION_NUMBER
from telephony.models.holding import HoldingState
from telephony.services.assignments import POOL, open_assignment, release
from telephony.services.credentials import renew_password
from telephony.services.dialing import forwardable_number, is_service_code
from telephony.services.keeping import record_change
from telephony.services.pool import PoolEmptyError, next_number, unused_number
from telephony.services.revocations.asking import revoke
from telephony.services.talk_limits import OWN_LIMITS
from web.locks import lock_names

# What staff may change of an extension; its domain and number are bound to its password.
CHANGEABLE: Final = ("display_name", "forward_to", "recording", "recording_notice", *OWN_LIMITS)

# Asked for in place of a number: whichever of the pool is next.
NEXT: Final = "next"


class ExtensionExistsError(Exception):
    """The domain has an extension of this number."""

    def __init__(self, extension: Extension) -> None:
        super().__init__(f"{extension} exists already.")


class RestingError(Exception):
    """The extension rests: nobody can use it, and nobody may be given it."""

    def __init__(self, extension: Extension) -> None:
        super().__init__(f"{extension} rests after its last holder: nobody can use it, and there is nothing to close or open.")


class NotHeldError(Exception):
    """Nobody holds the extension: a password would be the next holder's, and known to somebody else."""

    def __init__(self, extension: Extension) -> None:
        super().__init__(f"Nobody holds {extension}: it gets a password once somebody does.")


@transaction.atomic(durable=True)
def add_extension(
    domain: Domain, digits: str = "", *, display_name: str = "", user: User | None = None, number: str = "", actor: User
) -> Extension:
    """Make an extension, of the next unused number where none is named; give it to a person at once where one is.

    All of it or nothing. Raises ValidationError where no extension can have this number, ExtensionExistsError, PoolEmptyError,
    and what `assign_extension` does.
    """
    # What is next is the same question for everybody.
    lock_names([POOL])
    extension = _made(domain, digits, display_name, actor)
    if user is not None:
        _given(extension, user, number, actor)
    return extension


def _made(domain: Domain, digits: str, display_name: str, actor: User) -> Extension:
    wanted = digits or unused_number(domain)
    if wanted is None:
        raise PoolEmptyError("extension_pool_empty", f"Every number of the range exists in {domain}.")
    check_extension_number(wanted)
    extension, is_new = Extension.objects.get_or_create(
        domain=domain, number=wanted, defaults={"display_name": display_name}
    )  # fmt: skip
    if not is_new:
        raise ExtensionExistsError(extension)
    described = {"number": wanted, "domain": domain.name, "display_name": display_name}
    AuditEntry.objects.record("extension.created", extension, actor=actor, after=described)
    return extension


def check_extension_number(digits: str) -> None:
    """Raise ValidationError where no extension of this number can be made."""
    RegexValidator(*EXTENSION_NUMBER)(digits)
    first, last = settings.EXTENSION_RANGE
    if not first <= int(digits) <= last:
        raise ValidationError(f"Extensions have a number from {first} to {last}.")
    if is_service_code(digits):
        raise ValidationError(f"{digits} is dialled to reach help or a service: an extension would stand in its way.")


@transaction.atomic(durable=True)
def assign_extension(extension: Extension, user: User, number: str = "", *, actor: User) -> Assignment:
    """Give an extension to a person, and a number where one is named in any notation, or the `NEXT` one of the pool.

    Raises ValidationError for what is no number of ours, PoolEmptyError, and NotClaimableError.
    """
    lock_names([POOL])
    return _given(extension, user, number, actor)


def _given(extension: Extension, user: User, number: str, actor: User) -> Assignment:
    now = timezone.now()
    if number != NEXT:
        return open_assignment(user, extension, _own_number(number) if number else None, actor=actor, at=now)
    found = next_number(now)
    if found is None:
        raise PoolEmptyError("number_pool_empty", "No number is free.")
    return open_assignment(user, extension, found, actor=actor, at=now)


def _own_number(text: str) -> Number:
    number = Number.objects.filter(number=normalise_number(text)).first()
    if number is None:
        raise ValidationError("This is no number of ours.")
    return number


@transaction.atomic
def change_extension(extension: Extension, changes: Mapping[str, Any], *, actor: User) -> bool:
    """Change what an extension shows, where it is forwarded to, what is recorded and how much it may call; tell whether it is.

    `changes` are columns of `CHANGEABLE`; `forward_to` is a number in any notation, "" for nowhere. Raises what
    `forwardable_number` does.
    """
    wanted = {name: changes[name] for name in CHANGEABLE if name in changes}
    extension.refresh_from_db(from_queryset=Extension.objects.select_for_update())
    if wanted.get("forward_to"):
        # What was set before and may not be called any more is refused only when it is set anew.
        wanted["forward_to"] = _forward(wanted["forward_to"], extension.forward_to)
    before = {name: getattr(extension, name) for name, value in wanted.items() if getattr(extension, name) != value}
    if not before:
        return False
    after = {name: wanted[name] for name in before}
    for name, value in after.items():
        setattr(extension, name, value)
    extension.save(update_fields=[*after, "updated_at"])
    record_change(extension, before, after, actor=actor)
    return True


def _forward(text: str, present: str) -> str:
    return present if text == present else forwardable_number(text)


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
