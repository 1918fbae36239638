"""Count calls ahead of whoever asks, and anew wherever one of them changed.

Whoever changes, makes or deletes a call says so in the same transaction (`note_change`). What was said is worked off later, a
day of UTC at a time, by whole quarter hours: counting anew cannot be wrong by what happened before, nor by being done twice.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from django.db import models, transaction
from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum

from telephony.models import Call, CallTally, ExtensionTally, StaleTally
from web.jobs import task
from web.locks import lock_names

QUARTER: Final = timedelta(minutes=15)
DAY: Final = timedelta(days=1)
LOCK: Final = "tallies of calls"
TASK_KEY: Final = "tallies"

M = TypeVar("M", bound=models.Model)
Kind = tuple[Any, ...]


def quarter_of(at: datetime) -> datetime:
    """Return when the quarter of an hour began in which a time lies."""
    at = at.astimezone(UTC)
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)


def day_of(at: datetime) -> datetime:
    """Return when the day of UTC began in which a time lies."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def note_change(times: Iterable[datetime]) -> None:
    """Have the calls counted anew that began when these did; in the transaction that changes them."""
    StaleTally.objects.bulk_create(StaleTally(starts_at=at) for at in sorted({quarter_of(time) for time in times}))


# -- counting anew ---------------------------------------------------------------------------------------------------------


@task("calls.tally", lease=timedelta(minutes=30))
def count_all() -> None:
    """Count anew whatever changed."""
    while count_a_day():
        pass


def count_a_day() -> bool:
    """Count anew what changed on the latest day on which anything did; tell whether there was one."""
    # Looking costs nothing; on SQLite a lock waits for every other writer.
    if not StaleTally.objects.exists():
        return False
    with transaction.atomic(durable=True):
        # Of two that count the same, the slower one would put back what it read before.
        lock_names([LOCK])
        newest = StaleTally.objects.aggregate(newest=Max("starts_at"))["newest"]
        if newest is None:
            return False
        day = day_of(newest)
        # Not of a later day either, of which something may have been noted just now: its sum is not made here.
        stale = StaleTally.objects.filter(starts_at__gte=day, starts_at__lt=day + DAY)
        quarters = sorted(set(stale.order_by().values_list("starts_at", flat=True)))
        # Before the calls are read: a change that is committed after this stays noted.
        stale.filter(starts_at__in=quarters).delete()
        _recount(day, quarters)
    return True


def count_whole_day(day: datetime) -> None:
    """Count a day of UTC anew, whether or not anything changed on it."""
    with transaction.atomic(durable=True):
        lock_names([LOCK])
        StaleTally.objects.filter(starts_at__gte=day, starts_at__lt=day + DAY).delete()
        _recount(day, [day + place * QUARTER for place in range(DAY // QUARTER)])


def days_to_count() -> list[datetime]:
    """Return the days of UTC, oldest first, from the first call, or tally, to the last."""
    ends = [
        thing.objects.aggregate(first=Min(column), last=Max(column))
        for thing, column in ((Call, "started_at"), (CallTally, "starts_at"), (ExtensionTally, "starts_at"))
    ]
    found = [end for each in ends for end in each.values() if end is not None]
    if not found:
        return []
    first, last = day_of(min(found)), day_of(max(found))
    return [first + place * DAY for place in range((last - first) // DAY + 1)]


def _recount(day: datetime, quarters: Sequence[datetime]) -> None:
    """Make the tallies of these quarter hours, and those of their day."""
    known = CallTally.objects.filter(span=CallTally.Span.QUARTER, starts_at__in=quarters)
    _replace(known, _call_tallies(quarters), ("starts_at", *CallTally.KIND), ("calls", "talk_seconds"))
    known = CallTally.objects.filter(span=CallTally.Span.DAY, starts_at=day)
    _replace(known, _day_tallies(day), CallTally.KIND, ("calls", "talk_seconds"))
    found = extension_sums(Q(started_at__gte=day, started_at__lt=day + DAY))
    made = (
        ExtensionTally(starts_at=day, extension_id=extension, calls=calls, answered=answered, talk_seconds=seconds)
        for extension, (calls, answered, seconds) in found.items()
    )
    values = ("calls", "answered", "talk_seconds")
    _replace(ExtensionTally.objects.filter(starts_at=day), made, ("extension_id",), values)


def _call_tallies(quarters: Sequence[datetime]) -> Iterator[CallTally]:
    counts: Counter[Kind] = Counter()
    seconds: Counter[Kind] = Counter()
    for first, end in _runs(quarters):
        calls = Call.objects.filter(started_at__gte=first, started_at__lt=end).order_by()
        for started_at, talked, *kind in calls.values_list("started_at", "bill_seconds", *CallTally.KIND).iterator():
            key = (quarter_of(started_at), *kind)
            counts[key] += 1
            seconds[key] += talked
    for key, calls_of_kind in counts.items():
        at, *kind = key
        yield CallTally(
            span=CallTally.Span.QUARTER, starts_at=at, calls=calls_of_kind, talk_seconds=seconds[key],
            **dict(zip(CallTally.KIND, kind, strict=True)),
        )  # fmt: skip


def _runs(quarters: Sequence[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Join quarter hours that follow each other: from when, until before when."""
    first = end = None
    for at in quarters:
        if at != end:
            if first is not None and end is not None:
                yield first, end
            first = at
        end = at + QUARTER
    if first is not None and end is not None:
        yield first, end


def _day_tallies(day: datetime) -> Iterator[CallTally]:
    of_day = CallTally.objects.filter(span=CallTally.Span.QUARTER, starts_at__gte=day, starts_at__lt=day + DAY)
    sums = of_day.order_by().values(*CallTally.KIND).annotate(all_calls=Sum("calls"), all_seconds=Sum("talk_seconds"))
    for kind in sums:
        calls, seconds = kind.pop("all_calls"), kind.pop("all_seconds")
        yield CallTally(span=CallTally.Span.DAY, starts_at=day, calls=calls, talk_seconds=seconds, **kind)


def extension_sums(within: Q) -> dict[int, tuple[int, int, int]]:
    """Return how many calls each extension had, how many of them were answered, and the seconds talked; from the calls."""
    sums: dict[int, tuple[int, int, int]] = {}
    other_side = ~Q(caller_extension=F("callee_extension")) | Q(caller_extension=None)
    for side, more in (("caller_extension", Q()), ("callee_extension", other_side)):
        calls = Call.objects.filter(within, more, **{f"{side}__isnull": False}).order_by()
        counts = {"all": Count("pk"), "talked": Count("pk", filter=Q(answered=True)), "seconds": Sum("bill_seconds")}
        for extension, *values in calls.values_list(side).annotate(**counts):
            before = sums.get(extension, (0, 0, 0))
            sums[extension] = (before[0] + values[0], before[1] + values[1], before[2] + values[2])
    return sums


def _replace(known: QuerySet[M], made: Iterable[M], key: Sequence[str], values: Sequence[str]) -> None:
    """Let rows be those that were made; what is as it was is not written."""
    before = {_values_of(row, key): row for row in known}
    new, changed = [], []
    for row in made:
        was = before.pop(_values_of(row, key), None)
        if was is None:
            new.append(row)
        elif _values_of(was, values) != _values_of(row, values):
            row.pk = was.pk
            changed.append(row)
    objects = known.model._default_manager
    if before:
        objects.filter(pk__in=[row.pk for row in before.values()]).delete()
    objects.bulk_update(changed, values, batch_size=100)
    objects.bulk_create(new, batch_size=500)


def _values_of(row: models.Model, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in names)
