"""The figures of a period: summed up from the tallies, so that their cost does not depend on how many calls there are."""

import functools
import operator
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Case, IntegerField, Q, Sum, Value, When
from django.utils import timezone

from telephony.models import CallTally, Extension, ExtensionTally, StaleTally
from telephony.services.dashboard.periods import Part, Period
from telephony.services.tallies import DAY, QUARTER, TASK_KEY, count_a_day, count_all, day_of, extension_sums, quarter_of
from telephony.switch.causes import outcome_of
from web import read_only

TOP: Final = 10
# So much is counted while somebody waits for the page: today, and yesterday where today is young; the rest only as long as
# nobody notices. What then is left is left to a worker.
DAYS_TO_COUNT: Final = 2
SECONDS_TO_COUNT: Final = 0.03
WAYS: Final = ("inbound", "outbound", "internal")
Range = tuple[datetime, datetime]


@dataclass(slots=True)
class Figures:
    """What some calls come to."""

    calls: int = 0
    answered: int = 0
    talk_seconds: int = 0

    def add(self, calls: int, answered: int, talk_seconds: int) -> None:
        """Count more calls in."""
        self.calls += calls
        self.answered += answered
        self.talk_seconds += talk_seconds

    @property
    def unanswered(self) -> int:
        """The calls in which nobody talked."""
        return self.calls - self.answered

    @property
    def answer_rate(self) -> float | None:
        """The answered calls among all, in percent (ASR); None without calls."""
        return 100 * self.answered / self.calls if self.calls else None

    @property
    def average_seconds(self) -> float | None:
        """How long people talked in an answered call (ACD); None without one."""
        return self.talk_seconds / self.answered if self.answered else None

    @property
    def minutes(self) -> float:
        """The minutes of talk."""
        return self.talk_seconds / 60


@dataclass(slots=True)
class Bar:
    """A part of a period, and its calls by way: those from outside, those to outside, and those between extensions."""

    part: Part
    total: Figures = field(default_factory=Figures)
    ways: dict[str, Figures] = field(default_factory=lambda: {way: Figures() for way in WAYS})


@dataclass(frozen=True, slots=True)
class Failure:
    """A cause for which calls were not answered, in words, and how many there were."""

    cause: str
    label: str
    calls: int


@dataclass(frozen=True, slots=True)
class Busy:
    """An extension and its calls."""

    extension: Extension
    figures: Figures


@dataclass(frozen=True, slots=True)
class Statistics:
    """All figures of a period; `is_behind` where some of its calls are still to be counted."""

    period: Period
    before: Range
    total: Figures
    former: Figures
    bars: list[Bar]
    failures: list[Failure]
    top: list[Busy]
    is_behind: bool


def statistics(period: Period, now: datetime | None = None) -> Statistics:
    """Return the figures of a period; what changed of late is counted first, as far as that takes no time."""
    _catch_up()
    parts = period.parts()
    bars, causes, total = [Bar(part) for part in parts], Counter[str](), Figures()
    for number, direction, local, answered, cause, calls, seconds in _sums(parts):
        way = WAYS[2] if local else direction
        for figures in (total, bars[number].total, bars[number].ways[way]):
            figures.add(calls, calls * answered, seconds)
        if not answered:
            causes[cause or "NONE"] += calls
    before, former = period.before(now or timezone.now()), Figures()
    for _, _, _, answered, _, calls, seconds in _sums([Part(*before, "", "")]):
        former.add(calls, calls * answered, seconds)
    return Statistics(
        period=period,
        before=before,
        total=total,
        former=former,
        bars=bars,
        failures=[Failure(cause, _words(cause), calls) for cause, calls in causes.most_common()],
        top=_top(period),
        is_behind=StaleTally.objects.filter(starts_at__gte=quarter_of(before[0]), starts_at__lt=period.end).exists(),
    )


def _catch_up() -> None:
    """Count anew what changed of late; where that is much, a worker does the rest."""
    if read_only.is_on():
        return
    began, days = time.monotonic(), 0
    while days < DAYS_TO_COUNT or time.monotonic() - began < SECONDS_TO_COUNT:
        if not count_a_day():
            return
        days += 1
    if StaleTally.objects.exists():
        count_all.enqueue(key=TASK_KEY)


def _words(cause: str) -> str:
    return "No cause given" if cause == "NONE" else outcome_of(cause, talked=False).label


# -- sums ------------------------------------------------------------------------------------------------------------------


def _sums(parts: Sequence[Part]) -> Iterator[tuple[Any, ...]]:
    """Yield the number of a part, a kind of calls, how many there were in it, and the seconds talked.

    Whole days of UTC are taken as they are; only what is left of a part before and after them is put together from quarter
    hours.
    """
    days: list[Range] = []
    quarters: list[Range] = []
    for part in parts:
        whole, rest = split(part.start, part.end)
        days += whole
        quarters += rest
    ends = [part.end for part in parts]
    for span, ranges in ((CallTally.Span.DAY, days), (CallTally.Span.QUARTER, quarters)):
        if ranges:
            yield from _summed(span, ranges, ends)


def split(start: datetime, end: datetime) -> tuple[list[Range], list[Range]]:
    """Return the whole days of UTC in a time, and what is left of it before and after them."""
    start, end = quarter_of(start), quarter_of(end)
    first, last = day_of(start + DAY - QUARTER), day_of(end)
    if first >= last:
        return [], [(start, end)] if start < end else []
    return [(first, last)], [each for each in ((start, first), (last, end)) if each[0] < each[1]]


def _summed(span: CallTally.Span, ranges: Sequence[Range], ends: Sequence[datetime]) -> Iterable[tuple[Any, ...]]:
    part = Case(*(When(starts_at__lt=end, then=Value(place)) for place, end in enumerate(ends)), output_field=IntegerField())
    tallies = CallTally.objects.filter(within(ranges, "starts_at"), span=span).order_by()
    grouped = tallies.annotate(part=part).values_list("part", *CallTally.KIND)
    return grouped.annotate(Sum("calls"), Sum("talk_seconds"))


def within(ranges: Sequence[Range], column: str) -> Q:
    """Return the condition that a time lies in one of some ranges, which are in order; those that touch are one."""
    joined: list[Range] = []
    for start, end in ranges:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return functools.reduce(operator.or_, (Q(**{f"{column}__gte": start, f"{column}__lt": end}) for start, end in joined))


def _top(period: Period) -> list[Busy]:
    """Return the extensions with most calls; what is left of whole days is less than two days' calls, and counted here."""
    whole, rest = split(period.start, period.end)
    sums: dict[int, Figures] = {}
    if rest:
        for extension, counted in extension_sums(within(rest, "started_at")).items():
            sums.setdefault(extension, Figures()).add(*counted)
    if whole:
        tallies = ExtensionTally.objects.filter(within(whole, "starts_at")).order_by().values_list("extension")
        for extension, *values in tallies.annotate(Sum("calls"), Sum("answered"), Sum("talk_seconds")):
            sums.setdefault(extension, Figures()).add(*values)
    most = sorted(sums.items(), key=lambda found: (-found[1].calls, found[0]))[:TOP]
    known = Extension.objects.select_related("domain").in_bulk([extension for extension, _ in most])
    return [Busy(known[extension], figures) for extension, figures in most]
