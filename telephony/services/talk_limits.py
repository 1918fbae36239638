"""How much one person may call and talk to the outside: stolen proofs are used to run up bills.

What is counted is the person's, phones and call links together; how much of it there may be says the extension that they hold
with their number, where it has a word of its own, else the settings.
"""

from datetime import timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from telephony.models import Assignment, Call, Extension, Leg
from telephony.models.calls import CallQuerySet

DAY: Final = timedelta(days=1)


class Allowance(NamedTuple):
    """How much may be called: calls at once and in an hour, minutes of talk in a day, minutes of the longest call."""

    at_once: int
    an_hour: int
    minutes_a_day: int
    longest_minutes: int


# Where an extension keeps its own word, in the same order.
OWN_LIMITS: Final = ("calls_at_once", "calls_an_hour", "call_minutes_a_day", "call_minutes_longest")
LIMIT_LABELS: Final = ("Calls at once", "Calls an hour", "Minutes a day", "Longest call, in minutes")


def default_allowance() -> Allowance:
    """Return how much the phones of an extension may call that has no word of its own."""
    return Allowance(settings.CALLS_AT_ONCE, settings.CALLS_AN_HOUR, settings.CALL_MINUTES_A_DAY, settings.CALL_MINUTES_LONGEST)


def default_link_allowance() -> Allowance:
    """Return the same for call links."""
    return Allowance(
        settings.CALL_LINKS_AT_ONCE,
        settings.CALL_LINKS_AN_HOUR,
        settings.CALL_LINK_MINUTES_A_DAY,
        settings.CALL_LINK_MINUTES_LONGEST,
    )


class Limit(NamedTuple):
    """A limit as staff see it: what it is called, the extension's own word (None: the default), and the defaults."""

    label: str
    own: int | None
    default: int
    link_default: int


def limits_of(extension: Extension) -> list[Limit]:
    """Return what limits an extension, in the order of `Allowance`."""
    own = own_limits(extension).values()
    each = zip(LIMIT_LABELS, own, default_allowance(), default_link_allowance(), strict=True)
    return [Limit(label, word, default, link_default) for label, word, default, link_default in each]


def own_limits(extension: Extension) -> dict[str, int | None]:
    """Return an extension's own word on each limit, None where it has none."""
    return {name: getattr(extension, column) for name, column in zip(Allowance._fields, OWN_LIMITS, strict=True)}


def allowance_of(extension: Extension) -> Allowance:
    """Return how much an extension's phones may call outside."""
    return _allowed(extension, default_allowance())


def link_allowance_of(extension: Extension | None) -> Allowance:
    """Return how much may be called by call links of whoever holds an extension."""
    return _allowed(extension, default_link_allowance()) if extension else default_link_allowance()


def _allowed(extension: Extension, default: Allowance) -> Allowance:
    own = {name: limit for name, limit in own_limits(extension).items() if limit is not None}
    return default._replace(**own)


def outside_minutes_used_up(payer: Assignment) -> bool:
    """Tell whether somebody's phones and links have talked to the outside for as long as they may."""
    return outside_seconds_of(payer.user_id) >= allowance_of(payer.extension).minutes_a_day * 60


def outside_seconds_of(user_id: int) -> int:
    """Return how long somebody's phones and links have talked to the outside within a day.

    What they pay of other calls counts as well: those that they handed over to the outside, or that were forwarded to there.
    """
    since = timezone.now() - DAY
    own = {"caller_user": user_id, "direction": Call.Direction.OUTBOUND, "local": False}
    placed = Call.objects.filter(started_at__gt=since, **own)
    paid = Leg.objects.filter(portal_payer_id=user_id, started_at__gt=since)
    others = paid.exclude(**{f"call__{name}": value for name, value in own.items()})
    return _seconds(placed) + (others.aggregate(total=Sum("billsec"))["total"] or 0)


def link_minutes_used_up(payer: Assignment) -> bool:
    """Tell whether somebody's links alone have talked for as long as they may."""
    return link_seconds_of(payer.user_id) >= link_allowance_of(payer.extension).minutes_a_day * 60


def link_seconds_of(user_id: int) -> int:
    """Return how long somebody's links alone have talked within a day."""
    placed = Call.objects.filter(call_link__user=user_id, call_link__created_at__gt=timezone.now() - DAY)
    return _seconds(placed)


def _seconds(calls: CallQuerySet) -> int:
    return calls.aggregate(total=Sum("bill_seconds"))["total"] or 0
