"""Give a person the next number and extension of the pool."""

from datetime import datetime

import phonenumbers
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from telephony.models import Assignment, Domain, Extension, Number
from telephony.models.holding import HoldingState
from telephony.services.assignments import open_assignment, pass_on
from web.locks import lock_names


class PoolEmptyError(Exception):
    """Nothing is left to give; `code` for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def assignment_of(user: User) -> Assignment | None:
    """Return the open assignment in which a person holds a number."""
    return (
        Assignment.objects.open().filter(user=user, number__isnull=False).select_related("user", "extension", "number").first()
    )


def holding_of(user: User) -> Assignment | None:
    """Return what a person holds: number and extension, or the extension alone that staff gave."""
    held = Assignment.objects.open().filter(user=user).select_related("extension", "number")
    return held.order_by(F("number").asc(nulls_last=True), "starts_at", "id").first()


@transaction.atomic(durable=True)
def assign_number(user: User, area_code: str = "") -> tuple[Assignment, bool]:
    """Return the number and extension that a person holds, given from the pool when they hold none yet; tell whether new.

    `area_code` asks for numbers of the home country that begin with it. One transaction takes both or neither. Raises
    PoolEmptyError.
    """
    # One at a time: what is next is the same question for everybody.
    lock_names(["telephony.pool"])
    held = assignment_of(user)
    if held is not None:
        return held, False
    now = timezone.now()
    number = _next_number(now, area_code)
    if number is None:
        where = f" with the area code {area_code}" if area_code else ""
        raise PoolEmptyError("number_pool_empty", f"No number{where} is free.")
    without_number = Assignment.objects.open().filter(user=user, number=None).select_related("extension").first()
    if without_number is not None:
        # Staff gave the extension already: it stays the same one.
        pass_on(without_number, at=now)
        return open_assignment(user, without_number.extension, number, actor=user, at=now), True
    return open_assignment(user, _next_extension(now), number, actor=user, at=now), True


def _next_number(now: datetime, area_code: str) -> Number | None:
    """Return a number that nobody had yet, else the one that has rested longest; each by one step into an index."""
    numbers = Number.objects.all()
    if area_code:
        first = f"{phonenumbers.country_code_for_region(settings.HOME_COUNTRY)}{area_code}"
        numbers = numbers.filter(number__gte=first, number__lt=str(int(first) + 1))
    return (
        numbers.filter(state=HoldingState.FREE).order_by("number").first()
        or numbers.filter(state=HoldingState.COOLING, cooling_until__lte=now).order_by("cooling_until", "number").first()
    )


def _next_extension(now: datetime) -> Extension:
    """Return a free extension: one that exists, else a new one, else the one that has rested longest."""
    domain = Domain.objects.get(name=settings.SIP_DOMAIN)
    first, last = (str(end) for end in settings.EXTENSION_RANGE)
    extensions = Extension.objects.filter(domain=domain, number__gte=first, number__lte=last)
    free = extensions.filter(state=HoldingState.FREE).order_by("number").first()
    if free is not None:
        return free
    digits = _unused(extensions.order_by("-number").values_list("number", flat=True).first(), first, last)
    if digits is None:
        digits = _gap(set(extensions.values_list("number", flat=True)), int(first), int(last))
    if digits is not None:
        return Extension.objects.create(domain=domain, number=digits)
    rested = extensions.filter(state=HoldingState.COOLING, cooling_until__lte=now).order_by("cooling_until", "number").first()
    if rested is None:
        raise PoolEmptyError("extension_pool_empty", "No extension is free.")
    return rested


def _unused(highest: str | None, first: str, last: str) -> str | None:
    """Return the number after the highest one that exists, None beyond the end of the range."""
    following = int(highest) + 1 if highest else int(first)
    return str(following) if following <= int(last) else None


def _gap(taken: set[str], first: int, last: int) -> str | None:
    """Return the lowest number of the range that does not exist."""
    return next((str(digits) for digits in range(first, last + 1) if str(digits) not in taken), None)
