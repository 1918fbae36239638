"""The dashboard: its figures are those of the calls that its links lead to, on every clock; staff alone see it."""

import html
import itertools
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock
from urllib.parse import urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role, User
from telephony.filters.calls import CallPageFilter
from telephony.models import Call, Domain, Extension, Number, StaleTally
from telephony.services.dashboard.figures import split, statistics
from telephony.services.dashboard.periods import Period, named
from telephony.services.tallies import count_all, note_change
from telephony.tests.live_scene import gateway, listened_to, talk
from telephony.views.dashboard_parts import Drawn
from web import read_only
from web.models import Job

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CLOCKS = ("UTC", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kiritimati")


@pytest.fixture
def extensions(domain: Domain) -> list[Extension]:
    other = Domain.objects.create(name="other.example.com")
    return [
        Extension.objects.create(domain=at, number=number)
        for at, number in ((domain, "1005"), (domain, "1006"), (other, "1006"))
    ]


@pytest.fixture
def staff(client: Client, make_person: Callable) -> Client:
    client.force_login(make_person("sam", Role.STAFF))
    return client


def make(at: datetime, cause: str = "NORMAL_CLEARING", **fields: Any) -> Call:
    talked = cause == "NORMAL_CLEARING"
    values = {
        "direction": "inbound", "answered": talked, "answered_at": at if talked else None, "bill_seconds": 90 if talked else 0,
        "hangup_cause": cause, "outcome": "answered" if talked else "busy",
    }  # fmt: skip
    call = Call.objects.create(call_uuid=str(uuid4()), started_at=at, **values | fields)
    note_change([at])
    return call


def scatter(extensions: list[Extension], around: datetime = NOON) -> None:
    """Make calls of every kind at the edges of hours, days and months of all clocks, and in between."""
    ways = (
        {"direction": "inbound", "callee_extension": extensions[0]},
        {"direction": "outbound", "caller_extension": extensions[1]},
        {"direction": "outbound", "local": True, "caller_extension": extensions[0], "callee_extension": extensions[2]},
    )
    causes = ("NORMAL_CLEARING", "NO_ANSWER", "NORMAL_CLEARING", "USER_BUSY", "")
    for place in range(120):
        at = around + timedelta(minutes=15 * 37 * (place - 60), seconds=-(place % 2))
        make(at, causes[place % len(causes)], **ways[place % len(ways)])


def page(client: Client, path: str = "/dashboard/", clock: str = "UTC") -> str:
    client.cookies["timezone"] = clock
    response = client.get(path)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def listed(address: str, clock: str) -> int:
    """Return how many calls the list shows that an address leads to, by the filter of its page."""
    asked = urlsplit(html.unescape(address))
    assert asked.path == "/"
    request = SimpleNamespace(user=User(role=Role.STAFF))
    with timezone.override(ZoneInfo(clock)):
        filters = CallPageFilter(QueryDict(asked.query), queryset=Call.objects.all(), request=request)
        assert filters.is_valid(), filters.errors
        return int(filters.qs.count())


# -- each figure leads to its calls --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize(
    "query", ["first=2026-11-24&last=2026-11-24", "first=2026-11-20&last=2026-11-27", "first=2026-08-01&last=2026-11-30",
              "first=2025-12-01&last=2026-11-30"],
)  # fmt: skip
def test_every_figure_is_the_number_of_calls_that_its_link_shows(
    staff: Client, extensions: list[Extension], clock: str, query: str
) -> None:
    scatter(extensions)
    count_all()
    text = page(staff, f"/dashboard/?{query}", clock)
    drawn: Drawn = staff.get(f"/dashboard/?{query}").context["drawn"]
    assert drawn.found.total.calls > 0
    assert not drawn.found.is_behind
    assert [listed(card.address, clock) for card in drawn.cards] == [
        drawn.found.total.calls, drawn.found.total.answered, drawn.found.total.answered, drawn.found.total.answered,
        drawn.found.total.unanswered,
    ]  # fmt: skip
    for bar in drawn.bars:
        if bar.figures.calls:
            assert listed(bar.address, clock) == bar.figures.calls
            assert listed(bar.answered, clock) == bar.figures.answered
            assert [listed(address, clock) for _, _, address in bar.ways] == [calls for _, calls, _ in bar.ways]
    for row in (*drawn.failures, *drawn.top):
        assert listed(row.address, clock) == row.figures.calls, row
    assert {row.detail for row in drawn.failures} <= {"NO_ANSWER", "USER_BUSY", "NONE"}
    assert sum(row.figures.calls for row in drawn.failures) == drawn.found.total.unanswered
    # Also those that nobody can press with a mouse.
    assert text.count(html.escape(drawn.bars[0].address)) >= 1


@pytest.mark.parametrize("clock", CLOCKS)
def test_the_parts_of_a_period_are_the_whole(clock: str) -> None:
    with timezone.override(ZoneInfo(clock)):
        for first, last in (("2026-10-25", "2026-10-25"), ("2026-03-08", "2026-04-10"), ("2025-11-15", "2026-05-31")):
            period = Period(date.fromisoformat(first), date.fromisoformat(last))
            parts = period.parts()
            assert (parts[0].start, parts[-1].end) == (period.start, period.end)
            assert all(one.end == two.start for one, two in itertools.pairwise(parts))


def test_days_on_which_clocks_change_have_as_many_hours_as_they_last() -> None:
    with timezone.override(ZoneInfo("America/New_York")):
        assert len(Period(date(2026, 3, 8), date(2026, 3, 8)).parts()) == 23
        assert [part.label for part in Period(date(2026, 11, 1), date(2026, 11, 1)).parts()].count("01:00") == 2


def test_whole_days_of_utc_are_taken_as_they_are() -> None:
    day = datetime(2026, 11, 24, tzinfo=UTC)
    hour = timedelta(hours=1)
    assert split(day, day + 48 * hour) == ([(day, day + 48 * hour)], [])
    assert split(day - hour, day + 25 * hour) == (
        [(day, day + 24 * hour)],
        [(day - hour, day), (day + 24 * hour, day + 25 * hour)],
    )
    assert split(day + hour, day + 20 * hour) == ([], [(day + hour, day + 20 * hour)])
    assert split(day - hour, day + hour) == ([], [(day - hour, day + hour)])
    assert split(day, day) == ([], [])


# -- periods -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "first", "grain", "parts"),
    [("today", "2026-11-24", "hour", 24), ("7d", "2026-11-18", "day", 7), ("30d", "2026-10-26", "day", 30), ("12m", "2025-12-01", "month", 12)],
)  # fmt: skip
def test_the_named_periods(slug: str, first: str, grain: str, parts: int) -> None:
    with mock.patch("django.utils.timezone.now", return_value=NOON):
        period = named(slug)
    assert (str(period.first), str(period.last), period.grain, len(period.parts())) == (first, "2026-11-24", grain, parts)


def test_while_a_period_is_running_as_much_of_the_one_before_is_compared() -> None:
    day = datetime(2026, 11, 24, tzinfo=UTC)
    with mock.patch("django.utils.timezone.now", return_value=NOON):
        assert named("today").before(NOON) == (day - timedelta(days=1), NOON - timedelta(days=1))
        start, end = named("12m").before(NOON)
    assert (start, end) == (datetime(2024, 12, 1, tzinfo=UTC), datetime(2025, 11, 24, 12, tzinfo=UTC))
    over = Period(date(2026, 11, 1), date(2026, 11, 7))
    assert over.before(NOON) == (datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))


def test_the_comparison_is_told_in_words(staff: Client) -> None:
    for cause in ("NORMAL_CLEARING", "NORMAL_CLEARING", "USER_BUSY"):
        make(NOON, cause)
    make(NOON - timedelta(days=1))
    make(NOON - timedelta(days=1), "USER_BUSY", bill_seconds=0)
    count_all()
    changes = [card.change for card in staff.get("/dashboard/?first=2026-11-24&last=2026-11-24").context["drawn"].cards]
    assert changes == ["up 50 %", "up 16.7 points", "as before", "up 100 %", "as before"]
    text = page(staff, "/dashboard/?first=2026-11-23&last=2026-11-23")
    assert "none before" in text
    assert "Compared with the day before." in text


@pytest.mark.parametrize(
    "query",
    ["period=decade", "first=junk", "first=2026-02-30", "last=2026-11-24", "first=2026-11-24&last=2026-11-23", "first=0001-01-01",
     "first=2010-01-01&last=2026-11-24", "first=9999-12-31", "first=2026-11-24&last=9999-12-31", "first=%00", "first=' OR 1=1"],
)  # fmt: skip
def test_a_period_that_is_none_is_told_and_the_usual_one_shown(staff: Client, query: str) -> None:
    response = staff.get(f"/dashboard/?{query}")
    assert response.status_code == 200
    assert response.context["drawn"].period.slug == "7d"
    assert 'role="alert"' in response.content.decode()


# -- who, and when there is nothing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/dashboard/", "/dashboard/now"])
def test_it_is_for_staff_alone(client: Client, make_person: Callable, path: str) -> None:
    assert client.get(path).status_code == 302
    client.force_login(make_person("anna"))
    assert client.get(path).status_code == 403
    assert "Dashboard" not in client.get("/").content.decode()
    client.force_login(make_person("sam", Role.STAFF))
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 405
    assert "no-store" in client.get(path)["Cache-Control"]
    rail = client.get("/").content.decode()
    assert rail.index(">Dashboard") if ">Dashboard" in rail else rail.index('href="/dashboard/"') < rail.index('href="/live/"')


def test_without_calls_it_says_so(staff: Client) -> None:
    text = page(staff)
    for words in (
        "No calls in this time",
        "Every call was answered.",
        "No extension had a call.",
        "No switch is followed.",
        "none yet",
    ):
        assert words in text


def test_how_things_stand_is_told_in_its_part(staff: Client, settings: Any, make_person: Callable, hold: Callable) -> None:
    [switch] = listened_to(settings, "fs1")
    gateway(switch)
    anna = hold(make_person("anna"), "1006", "17036879447")
    talk(switch, anna, None)
    Number.objects.create(number="17036879448", provider=anna.number.provider)
    text = page(staff, "/dashboard/now")
    assert "<html" not in text
    assert 'id="now-calls">1<' in text
    assert re.search(r"Free</dt> <dd><a href=\"/numbers/\?state=free\" >1<", text)
    assert "Heard" in text
    assert "No alarm." in text
    settings.FREESWITCH_ESL_ALL += settings.FREESWITCH_ESL_ALL
    switch.is_up = False
    switch.save()
    text = page(staff, "/dashboard/now")
    assert "Away" in text
    assert "not every switch is heard" in text
    assert re.search(r"[12] alarms?<", text)


def test_the_links_of_how_things_stand_lead_somewhere(staff: Client) -> None:
    for address in set(re.findall(r'href="([^"]+)"', page(staff, "/dashboard/now"))):
        assert not address.startswith("/admin/"), address
        assert staff.get(html.unescape(address)).status_code == 200, address


# -- what it costs, and what is still to be counted --------------------------------------------------------------------------------


def test_the_number_of_queries_does_not_depend_on_how_many_calls_there_are(staff: Client, extensions: list[Extension]) -> None:
    def queries() -> int:
        count_all()
        with CaptureQueriesContext(connection) as found:
            page(staff, "/dashboard/?first=2026-11-20&last=2026-11-27")
        return len(found)

    make(NOON, caller_extension=extensions[0])
    few = queries()
    scatter(extensions)
    assert queries() == few


def test_what_changed_is_counted_when_somebody_looks(staff: Client) -> None:
    make(NOON)
    make(NOON - timedelta(days=1))
    assert statistics(Period(date(2026, 11, 24), date(2026, 11, 24))).total.calls == 1
    assert not StaleTally.objects.exists()


def test_what_takes_too_long_is_left_to_a_worker_and_told(staff: Client) -> None:
    for days in range(5):
        make(NOON - timedelta(days=days))
    with mock.patch("telephony.services.dashboard.figures.SECONDS_TO_COUNT", 0):
        text = page(staff, "/dashboard/?first=2026-11-01&last=2026-11-30")
        page(staff)
    assert "still being counted" in text
    assert Job.objects.get().task == "calls.tally"
    count_all()
    assert "still being counted" not in page(staff, "/dashboard/?first=2026-11-01&last=2026-11-30")


def test_a_portal_that_only_reads_counts_nothing(staff: Client) -> None:
    make(NOON)
    read_only.turn(on=True)
    text = page(staff, "/dashboard/?first=2026-11-24&last=2026-11-24")
    assert "still being counted" in text
    assert StaleTally.objects.exists()
    assert not Job.objects.exists()


def test_what_the_charts_are_drawn_from_is_text_to_the_page(staff: Client, extensions: list[Extension]) -> None:
    make(NOON, "</script><script>alert(1)</script>", callee_extension=extensions[0])
    text = page(staff, "/dashboard/?first=2026-11-24&last=2026-11-24")
    assert "<script>alert" not in text
    data = json.loads(re.search(r'<script id="chart-data" type="application/json">(.*?)</script>', text)[1])
    assert data["ways"][0]["calls"][12] == 1
    assert urlsplit(data["ways"][0]["addresses"][12]).path == "/"
    assert data["rates"][:13] == [None] * 12 + [0.0]


def test_extensions_of_one_number_are_told_apart(staff: Client, extensions: list[Extension]) -> None:
    for extension, calls in zip(extensions, (0, 2, 3), strict=True):
        for _ in range(calls):
            make(NOON, caller_extension=extension)
    top = staff.get("/dashboard/?first=2026-11-24&last=2026-11-24").context["drawn"].top
    assert [(row.label, row.detail, row.figures.calls) for row in top] == [
        ("1006", "other.example.com", 3), ("1006", "pbx.example.com", 2),
    ]  # fmt: skip
    assert [listed(row.address, "UTC") for row in top] == [3, 2]


def test_a_part_of_a_day_stays_in_the_filter_of_the_list(staff: Client) -> None:
    make(NOON)
    text = page(staff, "/?started_after=2026-11-24T12:00:00Z&started_before=2026-11-24T13:00:00Z&answered=true")
    assert re.search(r'<input type="text" name="started_after" value="2026-11-24T12:00:00Z"', text)
    assert 'type="date"' not in text
    assert "Answered</span> yes" in text
