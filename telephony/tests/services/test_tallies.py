"""The tallies are what the calls are, in whatever order records came and whatever became of the calls since."""

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import StringIO
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from telephony.models import (
    Call,
    CallTally,
    Domain,
    Extension,
    ExtensionTally,
    LiveCall,
    LiveChannel,
    StaleTally,
    Switch,
)
from telephony.services import tallies
from telephony.services.intake import Origin, take_in
from telephony.services.live.closing import close_lost
from telephony.services.tallies import count_a_day, count_all, day_of, note_change, quarter_of
from telephony.tests.captures import HANDED_OVER, TABLE, posts_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def counted(span: int) -> dict[tuple[Any, ...], tuple[int, int]]:
    rows = CallTally.objects.filter(span=span).values_list("starts_at", *CallTally.KIND, "calls", "talk_seconds")
    return {tuple(row[:-2]): (row[-2], row[-1]) for row in rows}


def aggregated(begin: Any) -> dict[tuple[Any, ...], tuple[int, int]]:
    """Return what the tallies have to be, counted from the calls by nothing but Python."""
    calls: Counter[tuple[Any, ...]] = Counter()
    seconds: Counter[tuple[Any, ...]] = Counter()
    for call in Call.objects.all():
        key = (begin(call.started_at), call.direction, call.local, call.answered, call.hangup_cause)
        calls[key] += 1
        seconds[key] += call.bill_seconds
    return {key: (calls[key], seconds[key]) for key in calls}


def of_extensions() -> dict[tuple[Any, ...], tuple[int, int, int]]:
    found: dict[tuple[Any, ...], tuple[int, int, int]] = {}
    for call in Call.objects.all():
        for extension in {call.caller_extension_id, call.callee_extension_id} - {None}:
            key = (day_of(call.started_at), extension)
            before = found.get(key, (0, 0, 0))
            found[key] = (before[0] + 1, before[1] + call.answered, before[2] + call.bill_seconds)
    return found


def assert_exact() -> None:
    assert counted(15) == aggregated(quarter_of)
    assert counted(1440) == aggregated(day_of)
    rows = ExtensionTally.objects.values_list("starts_at", "extension", "calls", "answered", "talk_seconds")
    assert {tuple(row[:2]): tuple(row[2:]) for row in rows} == of_extensions()
    assert not StaleTally.objects.exists()


@pytest.fixture
def extensions() -> list[Extension]:
    domain = Domain.objects.get_or_create(name="pbx.example.com")[0]
    return [Extension.objects.create(domain=domain, number=number) for number in ("1005", "1006", "1007")]


def make(at: datetime, *, answered: bool = True, **fields: Any) -> Call:
    values = (
        {"answered_at": at, "bill_seconds": 10, "hangup_cause": "NORMAL_CLEARING"}
        if answered
        else {"hangup_cause": "USER_BUSY"}
    )
    return Call.objects.create(call_uuid=str(uuid4()), direction="inbound", started_at=at, answered=answered, **values | fields)


# -- what comes in ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_in_whatever_order_records_come_the_tallies_are_the_calls(seed: int, extensions: list[Extension]) -> None:
    """Records late, twice, in any order; counted in between at any moment; calls that a late record joins."""
    chance = random.Random(seed)
    posts = [post for scenario in (*TABLE, *HANDED_OVER) for post in posts_of(scenario)]
    posts += chance.sample(posts, 20)
    chance.shuffle(posts)
    for post in posts:
        take_in(post.body, Origin(content_type=post.content_type))
        if chance.random() < 0.1:
            count_a_day()
    assert Call.objects.count() > 20
    assert StaleTally.objects.exists()
    count_all()
    assert_exact()
    assert sum(calls for calls, _ in counted(1440).values()) == Call.objects.count()


def test_counting_again_changes_nothing(extensions: list[Extension]) -> None:
    make(NOON, caller_extension=extensions[0])
    for _ in range(2):
        note_change([NOON])
        count_all()
    before = list(CallTally.objects.order_by("pk").values())
    note_change([NOON])
    count_all()
    assert list(CallTally.objects.order_by("pk").values()) == before
    assert_exact()


def test_a_call_that_changes_moves_and_goes_is_followed(extensions: list[Extension]) -> None:
    call = make(NOON, caller_extension=extensions[0], callee_extension=extensions[0])
    other = make(NOON + timedelta(minutes=14, seconds=59), answered=False, callee_extension=extensions[1])
    note_change([call.started_at, other.started_at])
    assert StaleTally.objects.count() == 1
    count_all()
    assert ExtensionTally.objects.get(extension=extensions[0]).calls == 1
    assert_exact()
    moved = NOON - timedelta(days=3)
    Call.objects.filter(pk=call.pk).update(started_at=moved, bill_seconds=99, caller_extension=extensions[2])
    note_change([NOON, moved])
    count_all()
    assert_exact()
    other.delete()
    note_change([NOON])
    count_all()
    assert_exact()
    assert set(CallTally.objects.values_list("starts_at", flat=True)) == {quarter_of(moved), day_of(moved)}


def test_a_record_that_moves_its_call_has_both_times_counted_anew() -> None:
    first, second = [post for post in posts_of("local-answered") if "json" in post.content_type]
    take_in(first.body, Origin(content_type=first.content_type))
    call, long_ago = Call.objects.get(), NOON - timedelta(days=400)
    Call.objects.update(started_at=long_ago)
    note_change([call.started_at, long_ago])
    count_all()
    assert_exact()
    # It sums the call up anew, and so moves it back.
    take_in(second.body, Origin(content_type=second.content_type))
    count_all()
    assert Call.objects.get().started_at != long_ago
    assert_exact()


def test_of_calls_that_a_record_joins_one_is_counted_and_the_other_no_more() -> None:
    for scenario in ("local-rejected", "outbound-answered"):
        take_in(posts_of(scenario)[2].body, Origin(content_type="application/json"))
    first, second = Call.objects.order_by("pk")
    # Both were captured within a quarter of an hour.
    long_ago = NOON - timedelta(days=400)
    note_change([second.started_at, long_ago])
    Call.objects.filter(pk=second.pk).update(started_at=long_ago)
    count_all()
    assert sum(calls for calls, _ in counted(1440).values()) == 2
    body = json.loads(posts_of("local-answered")[0].body)
    body["variables"] |= {"originating_leg_uuid": first.call_uuid, "bridge_uuid": second.call_uuid}
    take_in(json.dumps(body).encode(), Origin(content_type="application/json"))
    assert Call.objects.count() == 1
    count_all()
    assert_exact()


def test_a_call_that_its_switch_lost_is_counted(extensions: list[Extension]) -> None:
    switch = Switch.objects.create(name="fs1", core_uuid="new")
    live = LiveCall.objects.create(
        switch=switch, core_uuid="old", call_uuid=str(uuid4()), started_at=NOON, caller_number="1006"
    )
    LiveChannel.objects.create(switch=switch, call=live, uuid=live.call_uuid, started_at=NOON, core_uuid="old")
    assert close_lost(switch, "new", NOON + timedelta(minutes=1)) == 1
    assert Call.objects.get().hangup_cause == "UNKNOWN"
    count_all()
    assert_exact()


# -- whoever dies, and whoever comes at the same moment ------------------------------------------------------------------------


def test_what_is_rolled_back_is_not_noted() -> None:
    post = posts_of("local-answered")[0]
    with mock.patch("telephony.services.intake.settle", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        take_in(post.body, Origin(content_type=post.content_type))
    assert not StaleTally.objects.exists()
    assert not Call.objects.exists()


def test_whoever_dies_while_counting_leaves_it_to_be_counted() -> None:
    make(NOON)
    note_change([NOON])
    with mock.patch("telephony.services.tallies._day_tallies", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        count_a_day()
    assert StaleTally.objects.exists()
    assert not CallTally.objects.exists()
    count_all()
    assert_exact()


@pytest.mark.django_db(transaction=True)
def test_of_those_who_count_at_once_none_puts_back_what_it_read_before() -> None:
    """One counts while calls come in and others count: in the end all is counted."""
    begun = threading.Barrier(4)

    def come_in(place: int) -> None:
        try:
            begun.wait(10)
            for turn in range(6):
                with transaction.atomic():
                    call = make(NOON + timedelta(minutes=place + turn))
                    note_change([call.started_at])
                count_a_day()
        finally:
            connection.close()

    threads = [threading.Thread(target=come_in, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    count_all()
    assert Call.objects.count() == 24
    assert_exact()


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_committed_while_its_hour_is_counted_stays_noted() -> None:
    """Only PostgreSQL lets both happen at once; on SQLite whoever comes waits."""
    make(NOON)
    note_change([NOON])
    real = tallies._recount
    late: list[threading.Thread] = []

    def come_in() -> None:
        try:
            with transaction.atomic():
                make(NOON)
                note_change([NOON])
        finally:
            connection.close()

    def recount(*arguments: Any) -> None:
        real(*arguments)
        late.append(threading.Thread(target=come_in))
        late[0].start()
        if connection.vendor == "postgresql":
            late[0].join(10)

    with mock.patch("telephony.services.tallies._recount", recount):
        assert count_a_day()
    late[0].join(30)
    assert StaleTally.objects.count() == 1
    count_all()
    assert_exact()


def test_what_is_noted_of_a_later_day_while_one_is_counted_is_left_to_its_own_turn() -> None:
    """At midnight the day to be counted is chosen, and then the first call of the next comes."""
    make(NOON)
    note_change([NOON])

    def come_in(at: datetime) -> datetime:
        if not Call.objects.filter(started_at__gt=NOON).exists():
            note_change([make(NOON + timedelta(days=1)).started_at])
        return day_of(at)

    with mock.patch("telephony.services.tallies.day_of", come_in):
        assert count_a_day()
    assert StaleTally.objects.count() == 1
    count_all()
    assert_exact()


# -- the command, the migration, and what it costs -----------------------------------------------------------------------------


def test_the_command_counts_everything_anew(extensions: list[Extension]) -> None:
    for days in range(4):
        make(NOON - timedelta(days=days), caller_extension=extensions[0])
    # Of before, and of no call there is.
    CallTally.objects.create(span=1440, starts_at=day_of(NOON - timedelta(days=9)), direction="inbound", local=False, answered=True,
                             hangup_cause="", calls=7, talk_seconds=1)  # fmt: skip
    note_change([NOON])
    output = StringIO()
    call_command("recountcalls", stdout=output)
    assert output.getvalue() == "10 days counted\n"
    assert_exact()


def test_the_command_has_nothing_to_do_without_calls() -> None:
    output = StringIO()
    call_command("recountcalls", stdout=output)
    assert output.getvalue() == "0 days counted\n"


def quarters() -> Iterator[datetime]:
    return import_module("telephony.migrations.0022_count_the_calls_there_are").quarters(Call.objects)


def test_the_calls_of_before_are_noted_by_the_migration() -> None:
    assert list(quarters()) == []
    for minutes in (0, 1, 14, 15, 200):
        make(NOON + timedelta(minutes=minutes))
    assert list(quarters()) == [NOON, NOON + timedelta(minutes=15), NOON + timedelta(minutes=195)]


def test_nothing_to_count_costs_one_look(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert not count_a_day()


def test_counting_a_quarter_hour_reads_by_the_index_and_writes_only_what_changed() -> None:
    for _ in range(3):
        make(NOON)
    note_change([NOON])
    count_all()
    first = CallTally.objects.get(span=15)
    make(NOON, answered=False)
    note_change([NOON])
    count_all()
    assert CallTally.objects.get(span=15, answered=True) == first
    assert CallTally.objects.filter(span=15).count() == 2


def test_quarter_hours_begin_where_every_clock_has_them() -> None:
    at = datetime(2026, 11, 24, 9, 44, 59, 999999, tzinfo=UTC)
    assert quarter_of(at) == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    # Nepal is five hours and three quarters ahead.
    kathmandu = datetime(2026, 11, 24, 0, 0, tzinfo=timezone.get_fixed_timezone(345))
    assert quarter_of(kathmandu) == kathmandu
