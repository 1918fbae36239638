"""What the dashboard's figures look like: cards, bars and rows, each with the address of the calls that it counts."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from telephony.services.dashboard.figures import Bar, Figures, Statistics
from telephony.services.dashboard.periods import Period
from telephony.templatetags.telephony_format import talk_time

# What each way of a call is called, and what narrows the list of calls down to it.
WAYS: Final = {
    "inbound": ("Inbound", {"call_direction": "inbound", "local": "false"}),
    "outbound": ("Outbound", {"call_direction": "outbound", "local": "false"}),
    "internal": ("Internal", {"local": "true"}),
}
ANSWERED: Final = {"answered": "true"}
UNANSWERED: Final = {"answered": "false"}
NOTHING: Final = "\N{EN DASH}"
# What is less is noise.
LEAST_PERCENT: Final = 0.5
PERIODS_BEFORE: Final = {"today": "yesterday", "7d": "the 7 days before", "30d": "the 30 days before", "12m": "the year before"}


@dataclass(frozen=True, slots=True)
class Card:
    """One figure: what it is, its value, how it compares with the period before, and the calls behind it."""

    label: str
    value: str
    unit: str
    change: str
    address: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it is of, its figures, the calls behind them and, by way, of a bar's parts; `share` in percent."""

    label: str
    figures: Figures
    address: str
    answered: str = ""
    ways: tuple[tuple[str, int, str], ...] = ()
    share: float = 0
    detail: str = ""

    @property
    def rate(self) -> str:
        """The answer rate, in words."""
        return percent(self.figures.answer_rate)

    @property
    def average(self) -> str:
        """The average length of talk, in words."""
        return length(self.figures.average_seconds)


class Drawn:
    """The figures of a period, as the page shows them."""

    def __init__(self, found: Statistics) -> None:
        self.found = found
        self.period = found.period
        self.ways = [(way, label) for way, (label, _) in WAYS.items()]

    @property
    def title(self) -> str:
        """The days, in words."""
        first, last = self.period.first, self.period.last
        if first == last:
            return f"{first:%A} {first.day} {first:%B %Y}"
        same_year = first.year == last.year
        return f"{first.day} {first:%B}{'' if same_year else f' {first.year}'} to {last.day} {last:%B %Y}"

    @property
    def compared_with(self) -> str:
        """What the figures are compared with, in words."""
        before = PERIODS_BEFORE.get(self.period.slug) or f"the {self.period.days} days before"
        if self.period.days == 1 and not self.period.slug:
            before = "the day before"
        return f"{before}, up to the same time" if self.period.is_running(timezone.now()) else before

    @property
    def cards(self) -> list[Card]:
        """The figures of the whole period."""
        now, former, every = self.found.total, self.found.former, self.period
        average = now.average_seconds
        answered = of_period(every, **ANSWERED)
        return [
            Card("Calls", f"{now.calls:,}", "", change(now.calls, former.calls), of_period(every)),
            Card("Answered", percent(now.answer_rate), "", points(now.answer_rate, former.answer_rate), answered),
            Card("Average talk", length(average), "", change(average, former.average_seconds), answered),
            Card("Talk", f"{round(now.minutes):,}", "min", change(now.talk_seconds, former.talk_seconds), answered),
            Card(
                "Not answered", f"{now.unanswered:,}", "", change(now.unanswered, former.unanswered),
                of_period(every, **UNANSWERED),
            ),
        ]  # fmt: skip

    @cached_property
    def bars(self) -> list[Row]:
        """The parts of the period, oldest first."""
        return [self._bar(bar) for bar in self.found.bars]

    def _bar(self, bar: Bar) -> Row:
        ways = tuple((way, bar.ways[way].calls, of_bar(self.period, bar, **narrowed)) for way, (_, narrowed) in WAYS.items())
        address = of_bar(self.period, bar)
        return Row(bar.part.name, bar.total, address, answered=of_bar(self.period, bar, **ANSWERED), ways=ways)

    @property
    def failures(self) -> list[Row]:
        """Why calls were not answered, the most frequent cause first."""
        most = max((failure.calls for failure in self.found.failures), default=1)
        return [
            Row(
                failure.label, Figures(failure.calls), of_period(self.period, hangup_cause=failure.cause, **UNANSWERED),
                share=round(100 * failure.calls / most, 2), detail=failure.cause,
            )
            for failure in self.found.failures
        ]  # fmt: skip

    @property
    def top(self) -> list[Row]:
        """The extensions with most calls."""
        most = max((busy.figures.calls for busy in self.found.top), default=1)
        return [
            Row(
                busy.extension.number, busy.figures, of_period(self.period, extension=str(busy.extension)),
                answered=of_period(self.period, extension=str(busy.extension), **ANSWERED),
                share=round(100 * busy.figures.calls / most, 2), detail=busy.extension.domain.name,
            )
            for busy in self.found.top
        ]  # fmt: skip

    def chart(self) -> dict[str, Any]:
        """Return what the charts are drawn from."""
        return {
            "labels": [bar.part.label for bar in self.found.bars],
            "names": [bar.label for bar in self.bars],
            "ways": [
                {"way": way, "label": label, "calls": [bar.ways[place][1] for bar in self.bars],
                 "addresses": [bar.ways[place][2] for bar in self.bars]}
                for place, (way, label) in enumerate(self.ways)
            ],
            "rates": [None if bar.figures.answer_rate is None else round(bar.figures.answer_rate, 1) for bar in self.bars],
            "rate_addresses": [bar.answered for bar in self.bars],
        }  # fmt: skip


# -- addresses -------------------------------------------------------------------------------------------------------------


def of_period(period: Period, **narrowed: str) -> str:
    """Return the address of the list of a period's calls."""
    return _calls(f"{period.first}", f"{period.last + timedelta(days=1)}", narrowed)


def of_bar(period: Period, bar: Bar, **narrowed: str) -> str:
    """Return the address of the list of a bar's calls: by days where it has whole ones, as its reader would write it."""
    write = _instant if period.grain == "hour" else _day
    return _calls(write(bar.part.start), write(bar.part.end), narrowed)


def _calls(start: str, end: str, narrowed: dict[str, str]) -> str:
    return f"{reverse('call-list')}?{urlencode({'started_after': start, 'started_before': end} | narrowed)}"


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _day(at: datetime) -> str:
    return f"{timezone.localdate(at)}"


# -- words -----------------------------------------------------------------------------------------------------------------


def percent(value: float | None) -> str:
    """Write percent; a dash where there is nothing to tell."""
    return NOTHING if value is None else f"{value:.1f} %"


def length(seconds: float | None) -> str:
    """Write a length of time; a dash where there is nothing to tell."""
    return NOTHING if seconds is None else talk_time(round(seconds))


def change(value: float | None, before: float | None) -> str:
    """Say how a figure compares with what it was."""
    if not before or value is None:
        return "none before" if value else "as before"
    by = 100 * (value - before) / before
    return _way(by, f"{abs(by):,.0f} %")


def points(value: float | None, before: float | None) -> str:
    """Say how a share compares with what it was, in percentage points."""
    if value is None or before is None:
        return "none before" if value is not None else "as before"
    by = value - before
    return _way(by, f"{abs(by):.1f} points")


def _way(by: float, words: str) -> str:
    return "as before" if abs(by) < LEAST_PERCENT else f"{'up' if by > 0 else 'down'} {words}"
