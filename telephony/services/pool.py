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
from telephony.services.assignments import POOL, NotClaimableError, open_assignment, pass_on
from telephony.services.dialing import is_service_code
from web.locks import lock_names

# As many as staff may have made by hand in between: the row of those that the pool makes goes on behind one of them.
RECENTLY_MADE = 10


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
    held = Assignment.objects.open().filter(user=user).select_related("extension__domain", "number")
    return held.order_by(F("number").asc(nulls_last=True), "starts_at", "id").first()


@transaction.atomic(durable=True)
def assign_number(user: User, area_code: str = "") -> tuple[Assignment, bool]:
    """Return the number and extension that a person holds, given from the pool when they hold none yet; tell whether new.

    `area_code` asks for numbers of the home country that begin with it. One transaction takes both or neither. Raises
    PoolEmptyError, and NotClaimableError for whom somebody has just deactivated, or whose extension is closed.
    """
    # One at a time: what is next is the same question for everybody.
    lock_names([POOL])
    held = holding_of(user)
    if held is not None and held.number is not None:
        held.user = user
        return held, False
    if held is not None and held.extension.state == HoldingState.DISABLED:
        # With another assignment it would be open again.
        raise NotClaimableError(f"{held.extension} is closed.", "extension_closed")
    now = timezone.now()
    number = next_number(now, area_code)
    if number is None:
        where = f" with the area code {area_code}" if area_code else ""
        raise PoolEmptyError("number_pool_empty", f"No number{where} is free.")
    return _opened(user, held, number, actor=user, now=now), True


@transaction.atomic(durable=True)
def assign_to(user: User, number: Number, extension: Extension | None = None, *, actor: User) -> Assignment:
    """Give a person this number, with this extension; else with the one that they hold, else with the next free one.

    Raises NotClaimableError where it cannot be, and PoolEmptyError where no extension is left.
    """
    lock_names([POOL])
    held = Assignment.objects.open().filter(user=user).select_related("user", "extension__domain", "number")
    # First of all: for a number that cannot be given no extension is to be made.
    if held.exclude(number=None).exists():
        raise NotClaimableError(f"{user} has a number already.", "person_has_number")
    now = timezone.now()
    if not Number.objects.claimable(now).filter(pk=number.pk).exists():
        raise NotClaimableError(f"{number} is not free.", "number_not_free")
    theirs = held.filter(**({"extension": extension} if extension else {})).order_by("starts_at", "pk").first()
    if theirs is None and extension is not None:
        return open_assignment(user, extension, number, actor=actor, at=now)
    return _opened(user, theirs, number, actor=actor, now=now)


def _opened(user: User, held: Assignment | None, number: Number, *, actor: User, now: datetime) -> Assignment:
    """Give a number with the extension that somebody holds already, which stays the same one, or with the next one."""
    if held is None:
        return open_assignment(user, _next_extension(now), number, actor=actor, at=now)
    if held.extension.state == HoldingState.DISABLED:
        # With another assignment it would be open again.
        raise NotClaimableError(f"{held.extension} is closed.", "extension_closed")
    pass_on(held, actor=actor, at=now)
    return open_assignment(user, held.extension, number, actor=actor, at=now)


def next_number(now: datetime, area_code: str = "") -> Number | None:
    """Return a number that nobody had yet, else the one that has rested longest; each by one step into an index.

    Of those of an area code it is the lowest one that has rested: no index finds the longest rested among them.
    """
    if not area_code:
        return Number.objects.free().order_by("number").first() or (
            Number.objects.rested(now).order_by("cooling_until", "number").first()
        )  # fmt: skip
    first = f"{phonenumbers.country_code_for_region(settings.HOME_COUNTRY)}{_without_trunk_prefix(area_code)}"
    of_area = Number.objects.filter(number__gte=first, number__lt=str(int(first) + 1)).order_by("number")
    return of_area.free().first() or of_area.rested(now).first()


def _without_trunk_prefix(area_code: str) -> str:
    """Return an area code as it stands in E.164, for who wrote the digit before it that is dialled inside the country."""
    prefix = phonenumbers.ndd_prefix_for_region(settings.HOME_COUNTRY, strip_non_digits=True)
    # Where it is another digit, area codes begin with that one too.
    return area_code.removeprefix(prefix) if prefix in ("0", "1") else area_code


def _next_extension(now: datetime) -> Extension:
    """Return a free extension: one that exists, else a new one, else the one that has rested longest.

    Gaps among those that exist are searched for last: only that takes longer the more there are.
    """
    domain = Domain.objects.filter(name=settings.SIP_DOMAIN).first()
    if domain is None:
        raise PoolEmptyError("extension_pool_empty", f"The domain {settings.SIP_DOMAIN} does not exist.")
    extensions = Extension.objects.filter(domain=domain).numbered(*settings.EXTENSION_RANGE)
    found = extensions.free().order_by("number").first() or _made(domain, _following(domain))
    found = found or extensions.rested(now).order_by("cooling_until", "number").first()
    found = found or _made(domain, _lowest_gap(domain))
    if found is None:
        raise PoolEmptyError("extension_pool_empty", "No extension is free.")
    return found


def unused_number(domain: Domain) -> str | None:
    """Return a number of the range that no extension of a domain has yet; None where each has been made."""
    return _following(domain) or _lowest_gap(domain)


def _lowest_gap(domain: Domain) -> str | None:
    """Return the lowest number that follows one of a domain's and is neither made nor a service's."""
    first, last = settings.EXTENSION_RANGE
    of_domain = Extension.objects.filter(domain=domain)
    gaps = of_domain.numbered(first, last).gaps(last)
    lowest = gaps.first()
    if lowest is None or not is_service_code(lowest):
        return lowest
    for gap in gaps:
        # What comes behind a service's number follows none that is made.
        beyond = (str(number) for number in range(int(gap), last + 1) if not is_service_code(str(number)))
        following = next(beyond, None)
        if following is not None and not of_domain.filter(number=following).exists():
            return following
    return None


def _following(domain: Domain) -> str | None:
    """Return a number that follows one of those made last, or begins the range, and does not exist yet."""
    first, last = settings.EXTENSION_RANGE
    # Without a filter: the index of a domain's extensions knows no order of making, so all of them would be sorted.
    made = Extension.objects.order_by("-pk").values_list("domain_id", "number")[:RECENTLY_MADE]
    following = {first, *(int(number) + 1 for owner, number in made if owner == domain.pk)}
    wanted = {str(number) for number in following if first <= number <= last}
    taken = Extension.objects.filter(domain=domain, number__in=wanted).order_by().values_list("number", flat=True)
    return min((digits for digits in wanted - set(taken) if not is_service_code(digits)), default=None)


def _made(domain: Domain, digits: str | None) -> Extension | None:
    # Staff may make the very same at this moment.
    return Extension.objects.get_or_create(domain=domain, number=digits)[0] if digits else None
