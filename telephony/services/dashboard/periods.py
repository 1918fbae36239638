"""The periods of the dashboard, on its reader's clock, and the parts into which they are drawn."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.utils import timezone

from telephony.services.tallies import quarter_of

HOUR: Final = timedelta(hours=1)
DAYS_IN_HOURS: Final = 2
DAYS_IN_DAYS: Final = 62
DAYS_IN_WEEKS: Final = 200
MOST_DAYS: Final = 5 * 366
MONTHS_IN_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a period: from when until before when, and what it is called beneath a bar and in a sentence."""

    start: datetime
    end: datetime
    label: str
    name: str


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days on the reader's clock, first and last included; `slug` where it is one of the named ones."""

    first: date
    last: date
    slug: str = ""

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        """When it begins."""
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """When it is over; not included."""
        return midnight(self.last + timedelta(days=1))

    @property
    def grain(self) -> str:
        """What its parts are: hours, days, weeks or months."""
        steps = ((DAYS_IN_HOURS, "hour"), (DAYS_IN_DAYS, "day"), (DAYS_IN_WEEKS, "week"))
        return "month" if self.slug == "12m" else next((grain for most, grain in steps if self.days <= most), "month")

    def parts(self) -> list[Part]:
        """Return its parts, oldest first; together they are the whole."""
        return list(PARTS[self.grain](self))

    def before(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the period of the same length before: from when, until before when.

        While this one is running, only as much of it as has passed of this one: half a day is not compared with a whole one.
        """
        if self.slug == "12m":
            start = midnight(self.first.replace(year=self.first.year - 1))
        else:
            start = midnight(self.first - timedelta(days=self.days))
        if self.is_running(now):
            return start, min(quarter_of(start + (now - self.start)), self.start)
        return start, self.start

    def is_running(self, now: datetime) -> bool:
        """Tell whether it is not over."""
        return self.start <= now < self.end


def midnight(day: date) -> datetime:
    """Return when a day begins on the reader's clock, in UTC."""
    return timezone.make_aware(datetime.combine(day, time.min)).astimezone(UTC)


def _today(today: date) -> date:
    return today


def _year_ago(today: date) -> date:
    """Return the first day of the month eleven months before."""
    months = today.year * MONTHS_IN_A_YEAR + today.month - MONTHS_IN_A_YEAR
    return date(months // MONTHS_IN_A_YEAR, months % MONTHS_IN_A_YEAR + 1, 1)


# The named periods: how each is called, and on which day it begins; all of them end today.
NAMED: Final[dict[str, tuple[str, Callable[[date], date]]]] = {
    "today": ("Today", _today),
    "7d": ("7 days", lambda today: today - timedelta(days=6)),
    "30d": ("30 days", lambda today: today - timedelta(days=29)),
    "12m": ("12 months", _year_ago),
}
DEFAULT: Final = "7d"


def named(slug: str) -> Period:
    """Return one of the named periods, as of now."""
    today = timezone.localdate()
    return Period(NAMED[slug][1](today), today, slug)


# -- parts -----------------------------------------------------------------------------------------------------------------


def _hours(period: Period) -> Iterator[Part]:
    at, end = period.start, period.end
    while at < end:
        # A day on which clocks are put back has one hour twice; each of them is drawn.
        local = timezone.localtime(at)
        yield Part(at, min(at + HOUR, end), f"{local:%H:%M}", f"{local:%a} {local.day} {local:%b}, {local:%H:%M}")
        at += HOUR


def _days(period: Period) -> Iterator[Part]:
    for place in range(period.days):
        day = period.first + timedelta(days=place)
        yield _part(day, day + timedelta(days=1), f"{day:%a} {day.day}", f"{day:%A} {day.day} {day:%B %Y}")


def _weeks(period: Period) -> Iterator[Part]:
    day = period.first
    while day <= period.last:
        # Weeks begin on Mondays; the first and the last may be shorter.
        following = min(day + timedelta(days=7 - day.weekday()), period.last + timedelta(days=1))
        yield _part(day, following, f"{day.day} {day:%b}", f"week from {day.day} {day:%B %Y}")
        day = following


def _months(period: Period) -> Iterator[Part]:
    day = period.first
    while day <= period.last:
        following = min((day.replace(day=1) + timedelta(days=32)).replace(day=1), period.last + timedelta(days=1))
        yield _part(day, following, f"{day:%b %y}", f"{day:%B %Y}")
        day = following


def _part(day: date, following: date, label: str, name: str) -> Part:
    return Part(midnight(day), midnight(following), label, name)


PARTS: Final[dict[str, Callable[[Period], Iterator[Part]]]] = {
    "hour": _hours,
    "day": _days,
    "week": _weeks,
    "month": _months,
}
