"""What staff do with one number: add it, change what is said of it, give it to somebody, take it back, take it out of use."""

from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import Assignment, Number, Provider
from telephony.models.holding import HoldingState
from telephony.services.assignments import release, set_disabled
from telephony.services.inventory import Offer, is_of, read_offer
from telephony.services.keeping import record_change


class NumberExistsError(Exception):
    """The number is in the pool already."""

    def __init__(self, number: Number) -> None:
        super().__init__(f"{number} is in the pool already, of {number.provider}.")
        self.number = number


class NumberRefusedError(Exception):
    """What was asked for cannot be done with the number as it is; `code` for programs, the message says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Wishes(NamedTuple):
    """What is to be said of a number; None leaves it as it is. A provider of a new name is created."""

    provider: str | None = None
    country: str | None = None
    recording: str | None = None
    recording_notice: bool | None = None


def add_number(text: str, provider: str, country: str = "", *, actor: User) -> Number:
    """Add a number to the pool, written in the notation of `country` ("" for home); its provider is created when new.

    Raises WrongOfferError where it is none, and NumberExistsError.
    """
    wanted = read_offer(Offer(text, provider, country))
    known = Number.objects.select_related("provider").filter(number=wanted.digits)
    try:
        with transaction.atomic():
            whose, _ = Provider.objects.get_or_create(name=provider)
            number = Number.objects.create(number=wanted.digits, provider=whose, country=country or wanted.country)
            after = {"provider": provider, "country": number.country}
            AuditEntry.objects.record("number.added", number, actor=actor, after=after)
    except IntegrityError:
        raise NumberExistsError(known.get()) from None
    return number


@transaction.atomic
def change_number(number: Number, wishes: Wishes, *, actor: User, disabled: bool | None = None) -> bool:
    """Change what is said of a number, and take it out of use or bring it back: all or nothing.

    Tell whether anything was not so already. Raises NumberRefusedError where it is no number of the country, or is held.
    """
    turned = disabled is not None and (disable_number if disabled else enable_number)(number, actor=actor)
    if wishes.country and not is_of(number.number, wishes.country):
        raise NumberRefusedError("number_of_another_country", f"{number} is no number of {wishes.country}.")
    # Under lock: of two who change the same at once, each writes down what he found.
    current = Number.objects.select_for_update(of=("self",)).select_related("provider").get(pk=number.pk)
    wanted = {name: value for name, value in wishes._asdict().items() if value is not None}
    before = {name: _said(current, name) for name in wanted}
    changes = {name: value for name, value in wanted.items() if value != before[name]}
    if not changes:
        return turned
    values: dict[str, Any] = dict(changes)
    if "provider" in values:
        values["provider"] = Provider.objects.get_or_create(name=values["provider"])[0]
    Number.objects.filter(pk=number.pk).update(**values, updated_at=timezone.now())
    before = {name: before[name] for name in changes}
    record_change(current, before, changes, actor=actor)
    return True


def release_number(number: Number, *, actor: User) -> bool:
    """Take a number, and the extension with it, back from who holds them; tell whether anybody did."""
    held = Assignment.objects.open().filter(number=number).select_related("user", "extension__domain", "number").first()
    return held is not None and release(held, actor=actor)


def disable_number(number: Number, *, actor: User) -> bool:
    """Take a number out of use; tell whether it was in use. Raises NumberRefusedError where somebody holds it, or it rests."""
    if set_disabled(number, disabled=True, actor=actor):
        return True
    current = Number.objects.for_listing().get(pk=number.pk)
    if current.state == HoldingState.DISABLED:
        return False
    raise NumberRefusedError("number_not_free", current.why_not_free() or f"{current} is not free.")


def enable_number(number: Number, *, actor: User) -> bool:
    """Bring a number back into use; tell whether it was out of it."""
    return set_disabled(number, disabled=False, actor=actor)


def _said(number: Number, name: str) -> Any:
    return number.provider.name if name == "provider" else getattr(number, name)
