"""What one person may call, and how much of it is used up now."""

from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from telephony.models import CallLink
from telephony.services.talk_limits import link_seconds_of, outside_seconds_of


class Allowance(NamedTuple):
    """One limit: what it is of, how much is used, how much there is; `used` is None where only the switch counts."""

    label: str
    used: int | None
    most: int
    unit: str = ""


def allowances_of(user: User) -> list[Allowance]:
    """Return a person's limits for calls to the outside and for call links; a fixed number of queries."""
    now = timezone.now()
    links = CallLink.objects.of(user).dialled()
    under_way = links.under_way(now).count()
    placed = links.filter(created_at__gt=now - timedelta(hours=1)).count()
    return [
        Allowance("Talk with the outside, in a day", outside_seconds_of(user) // 60, settings.CALL_MINUTES_A_DAY, "min"),
        Allowance("Talk by call links, in a day", link_seconds_of(user) // 60, settings.CALL_LINK_MINUTES_A_DAY, "min"),
        Allowance("Call links in an hour", placed, settings.CALL_LINKS_AN_HOUR),
        Allowance("Call links at once", under_way, settings.CALL_LINKS_AT_ONCE),
        Allowance("Calls to the outside in an hour", None, settings.CALLS_AN_HOUR),
        Allowance("Calls to the outside at once", None, settings.CALLS_AT_ONCE),
        Allowance("Longest call to the outside", None, settings.CALL_MINUTES_LONGEST, "min"),
    ]
