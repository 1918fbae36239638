"""What one person may call, and how much of it is used up now."""

from datetime import timedelta
from typing import NamedTuple

from django.utils import timezone

from telephony.models import Assignment, CallLink
from telephony.services.talk_limits import allowance_of, link_allowance_of, link_seconds_of, outside_seconds_of


class Use(NamedTuple):
    """One limit: what it is of, how much is used, how much there is; `used` is None where only the switch counts."""

    label: str
    used: int | None
    most: int
    unit: str = ""


def uses_of(held: Assignment) -> list[Use]:
    """Return the limits of whoever holds an extension, for calls outside and for call links; a fixed number of queries."""
    now = timezone.now()
    phones, by_link = allowance_of(held.extension), link_allowance_of(held.extension)
    links = CallLink.objects.of(held.user).dialled()
    under_way = links.under_way(now).count()
    placed = links.filter(created_at__gt=now - timedelta(hours=1)).count()
    return [
        Use("Talk with the outside, in a day", outside_seconds_of(held.user_id) // 60, phones.minutes_a_day, "min"),
        Use("Talk by call links, in a day", link_seconds_of(held.user_id) // 60, by_link.minutes_a_day, "min"),
        Use("Call links in an hour", placed, by_link.an_hour),
        Use("Call links at once", under_way, by_link.at_once),
        Use("Calls to the outside in an hour", None, phones.an_hour),
        Use("Calls to the outside at once", None, phones.at_once),
        Use("Longest call to the outside", None, phones.longest_minutes, "min"),
    ]
