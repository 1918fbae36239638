"""How much one person may talk to the outside within a day: stolen proofs are used to run up bills.

Calls of phones and call links count together, whichever of them is about to be placed.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from telephony.models import Call, Leg
from telephony.models.calls import CallQuerySet

DAY = timedelta(days=1)


def outside_minutes_used_up(user: User) -> bool:
    """Tell whether somebody's phones and links have talked to the outside for as long as they may."""
    return outside_seconds_of(user) >= settings.CALL_MINUTES_A_DAY * 60


def outside_seconds_of(user: User) -> int:
    """Return how long somebody's phones and links have talked to the outside within a day.

    What they pay of other calls counts as well: those that they handed over to the outside, or that were forwarded to there.
    """
    since = timezone.now() - DAY
    own = {"caller_user": user, "direction": Call.Direction.OUTBOUND, "local": False}
    placed = Call.objects.filter(started_at__gt=since, **own)
    paid = Leg.objects.filter(portal_payer_id=user.pk, started_at__gt=since)
    others = paid.exclude(**{f"call__{name}": value for name, value in own.items()})
    return _seconds(placed) + (others.aggregate(total=Sum("billsec"))["total"] or 0)


def link_minutes_used_up(user: User) -> bool:
    """Tell whether somebody's links alone have talked for as long as they may."""
    return link_seconds_of(user) >= settings.CALL_LINK_MINUTES_A_DAY * 60


def link_seconds_of(user: User) -> int:
    """Return how long somebody's links alone have talked within a day."""
    placed = Call.objects.filter(call_link__user=user, call_link__created_at__gt=timezone.now() - DAY)
    return _seconds(placed)


def _seconds(calls: CallQuerySet) -> int:
    return calls.aggregate(total=Sum("bill_seconds"))["total"] or 0
