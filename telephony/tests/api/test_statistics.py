"""`statistics`: its figures are those of the dashboard, and of the calls that the list has; for staff alone."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role, User
from telephony.models import Call, Domain, Extension, StaleTally
from telephony.services.dashboard.figures import statistics
from telephony.services.dashboard.periods import Period
from telephony.services.tallies import count_all, note_change
from telephony.tests.live_scene import gateway, listened_to, talk

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 6, 16, 12, 0, tzinfo=UTC)
CLOCKS = ("UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati")
JUNE = {"first": "2026-06-01", "last": "2026-06-30"}

Get = Callable[..., HttpResponse]


@pytest.fixture
def extensions(domain: Domain) -> list[Extension]:
    return [Extension.objects.create(domain=domain, number=number) for number in ("1005", "1006")]


@pytest.fixture
def get(make_person: Callable[..., User], key_of: Callable[..., dict[str, str]], client: Client) -> Get:
    key = key_of(make_person("sam", Role.STAFF))

    def ask(path: str = "statistics", **query: Any) -> HttpResponse:
        return client.get(f"/api/v2/{path}", query, headers=key)

    return ask


def make(at: datetime, cause: str = "NORMAL_CLEARING", **fields: Any) -> Call:
    talked = cause == "NORMAL_CLEARING"
    values = {
        "direction": "inbound", "answered": talked, "answered_at": at if talked else None, "bill_seconds": 90 if talked else 0,
        "hangup_cause": cause,
        "outcome": "answered" if talked else "busy",
    }  # fmt: skip
    call = Call.objects.create(call_uuid=str(uuid4()), started_at=at, **values | fields)
    note_change([at])
    return call


def scatter(extensions: list[Extension]) -> None:
    """Make calls of every kind at the edges of hours and days of all clocks, and in between."""
    ways = (
        {"direction": "inbound", "callee_extension": extensions[0]},
        {"direction": "outbound", "caller_extension": extensions[1]},
        {"direction": "outbound", "local": True, "caller_extension": extensions[0], "callee_extension": extensions[1]},
    )
    causes = ("NORMAL_CLEARING", "NO_ANSWER", "NORMAL_CLEARING", "USER_BUSY", "")
    for place in range(60):
        at = NOON + timedelta(minutes=15 * 37 * (place - 30), seconds=-(place % 2))
        make(at, causes[place % len(causes)], **ways[place % len(ways)])
    count_all()


def test_the_figures_of_a_few_calls(get: Get, extensions: list[Extension]) -> None:
    make(NOON, callee_extension=extensions[0])
    make(NOON, bill_seconds=30, direction="outbound", caller_extension=extensions[1])
    make(NOON, "USER_BUSY", direction="outbound", local=True, caller_extension=extensions[1], callee_extension=extensions[0])
    make(NOON - timedelta(days=30), "")
    answer = get(**JUNE).json()
    assert answer["total"] == {
        "calls": 3, "answered": 2, "unanswered": 1, "answer_rate": 66.67, "average_seconds": 60.0, "talk_seconds": 120,
        "minutes": 2.0, "inbound": 1, "outbound": 1, "internal": 1,
    }  # fmt: skip
    before = answer["before"]
    assert (before["starts_at"], before["ends_at"]) == ("2026-05-02T00:00:00Z", "2026-06-01T00:00:00Z")
    assert (before["calls"], before["answer_rate"], before["average_seconds"]) == (1, 0.0, None)
    assert answer["failures"] == [{"hangup_cause": "USER_BUSY", "meaning": "Busy", "calls": 1}]
    assert [(each["number"], each["calls"], each["answered"]) for each in answer["extensions"]] == [
        ("1005", 2, 1),
        ("1006", 2, 1),
    ]
    assert (answer["period"], answer["grain"], answer["is_behind"], answer["time_zone"]) == ("", "day", False, "UTC")
    [day] = [part for part in answer["parts"] if part["calls"]]
    assert (day["starts_at"], day["ends_at"]) == ("2026-06-16T00:00:00Z", "2026-06-17T00:00:00Z")
    assert len(answer["parts"]) == 30


def test_without_calls_nothing_is_divided(get: Get) -> None:
    total = get().json()["total"]
    assert (total["calls"], total["answer_rate"], total["average_seconds"]) == (0, None, None)


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("days", [{"first": "2026-06-16", "last": "2026-06-16"}, {"first": "2026-06-02", "last": "2026-06-27"}])
def test_every_figure_is_the_number_of_calls_that_the_list_has(
    get: Get, extensions: list[Extension], clock: str, days: dict[str, str]
) -> None:
    scatter(extensions)
    answer = get(**days, time_zone=clock).json()
    assert answer["total"]["calls"] > 0

    def listed(part: dict[str, Any], **narrowed: str) -> int:
        query = {"started_after": part["starts_at"], "started_before": part["ends_at"], "limit": 200} | narrowed
        return len(get("call-recording", **query).json())

    for part in [answer | answer["total"], answer["before"], *[each for each in answer["parts"] if each["calls"]][:4]]:
        assert part["calls"] == listed(part)
        assert part["answered"] == listed(part, answered="true")
        assert part["unanswered"] == listed(part, answered="false")
        if "internal" in part:
            assert part["internal"] == listed(part, local="true")
            assert part["inbound"] == listed(part, local="false", call_direction="inbound")
            assert part["outbound"] == listed(part, local="false", call_direction="outbound")
    for failure in answer["failures"]:
        assert failure["calls"] == listed(answer, answered="false", hangup_cause=failure["hangup_cause"])
    for busy in answer["extensions"]:
        assert busy["calls"] == listed(answer, extension=busy["number"])


def test_it_is_what_the_dashboard_shows(get: Get, extensions: list[Extension]) -> None:
    scatter(extensions)
    answer = get(**JUNE, time_zone="Asia/Kathmandu").json()
    with timezone.override(ZoneInfo("Asia/Kathmandu")):
        shown = statistics(Period(date(2026, 6, 1), date(2026, 6, 30)))
    assert answer["total"]["talk_seconds"] == shown.total.talk_seconds > 0
    assert [part["calls"] for part in answer["parts"]] == [bar.total.calls for bar in shown.bars]
    assert answer["starts_at"] == "2026-05-31T18:15:00Z"


def test_the_named_periods_end_today_on_the_clock_that_is_named(get: Get) -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    with mock.patch("django.utils.timezone.now", return_value=late):
        for period, grain, parts in (("today", "hour", 24), ("7d", "day", 7), ("30d", "day", 30), ("12m", "month", 12)):
            answer = get(period=period).json()
            assert (answer["period"], answer["last"], answer["grain"]) == (period, "2026-11-24", grain)
            assert len(answer["parts"]) == parts
        assert get().json()["period"] == get(period="", first="", last="").json()["period"] == "7d"
        assert get(time_zone="Europe/Berlin").json()["last"] == "2026-11-25"
        assert get(first="2026-11-20", time_zone="Europe/Berlin").json()["last"] == "2026-11-25"


def test_the_clock_of_one_request_is_not_the_next_ones(get: Get) -> None:
    assert get(**JUNE, time_zone="Asia/Kathmandu").json()["starts_at"] == "2026-05-31T18:15:00Z"
    assert get(**JUNE).json()["starts_at"] == "2026-06-01T00:00:00Z"
    assert get(time_zone="No/Where").status_code == 400
    assert timezone.get_current_timezone_name() == "UTC"


WRONG = (
    ("period", {"period": "8d"}),
    ("period", {"period": "7d", "first": "2026-11-01"}),
    ("first", {"first": "yesterday"}),
    ("first", {"first": "2026-02-30"}),
    ("first", {"last": "2026-11-01"}),
    ("first", {"first": "2026-11-02", "last": "2026-11-01"}),
    ("first", {"first": "2020-01-01", "last": "2026-11-01"}),
    ("first", {"first": "0001-01-01"}),
    ("last", {"first": "2026-11-01", "last": "9" * 40}),
    *(("time_zone", {"time_zone": name}) for name in ("Mars/Base", "", "utc ", "../../etc/passwd", "Europe", "a" * 1000)),
)


@pytest.mark.parametrize(("field", "query"), WRONG)
def test_bad_input_names_the_field(get: Get, field: str, query: dict[str, str]) -> None:
    answer = get(**query)
    assert (answer.status_code, answer.json()["code"], list(answer.json()["errors"])) == (400, "invalid_input", [field])


def test_what_changed_is_counted_when_a_program_looks(get: Get) -> None:
    make(NOON)
    assert StaleTally.objects.exists()
    answer = get(**JUNE).json()
    assert (answer["total"]["calls"], answer["is_behind"]) == (1, False)
    assert not StaleTally.objects.exists()


def test_the_number_of_queries_does_not_depend_on_how_many_calls_there_are(get: Get, extensions: list[Extension]) -> None:
    make(NOON, callee_extension=extensions[0])
    count_all()
    get(**JUNE)
    with CaptureQueriesContext(connection) as for_one:
        get(**JUNE)
    scatter(extensions)
    with CaptureQueriesContext(connection) as for_many:
        assert get(**JUNE).json()["total"]["calls"] > 20
    assert len(for_many) == len(for_one)


# -- how things stand ------------------------------------------------------------------------------------------------------


def test_how_things_stand(get: Get, settings: Any, make_person: Callable, hold: Callable) -> None:
    [switch] = listened_to(settings, "fs1")
    talk(switch, hold(make_person("anna"), "1006", "17036879447"), None)
    gateway(switch, is_up=False)
    answer = get("statistics/now").json()
    assert (answer["live_calls"], answer["current"]) == (1, True)
    assert (answer["numbers"]["assigned"], answer["extensions"]["assigned"]) == (1, 1)
    assert [(each["name"], each["hearing"]) for each in answer["switches"]] == [("fs1", "heard")]
    assert [each["code"] for each in answer["alarms"]] == ["gateway_down"]
    assert (answer["quarantine"], answer["unmeasured"], answer["spool"]["files"], answer["last_cdr"]) == (0, 0, 0, None)


def test_where_a_switch_is_not_heard_the_calls_are_not_said_to_be_all(get: Get, settings: Any) -> None:
    [first, _] = listened_to(settings, "fs1", "fs2")
    assert get("statistics/now").json()["current"] is True
    first.is_up = False
    first.save()
    answer = get("statistics/now").json()
    assert answer["current"] is False
    assert "switch_away" in {each["code"] for each in answer["alarms"]}
    settings.FREESWITCH_ESL_ALL = ()
    assert get("statistics/now").json()["current"] is False, "nobody is listened to"


@pytest.mark.parametrize("path", ["statistics", "statistics/now"])
def test_it_is_for_staff_alone(client: Client, make_person: Callable, key_of: Callable, path: str) -> None:
    sam, address = make_person("sam", Role.STAFF), f"/api/v2/{path}"
    assert client.get(address).status_code == 401
    client.force_login(sam)
    assert client.get(address).status_code == 401, "a session is no proof"
    for key in (key_of(make_person("anna")), key_of(sam, scopes=["calls:read"])):
        assert client.get(address, headers=key).json()["code"] == "permission_denied"
    key = key_of(sam, scopes=["admin"])
    assert client.get(address, headers=key).status_code == 200
    assert client.post(address, {}, content_type="application/json", headers=key).status_code == 405
    assert client.get(address, {"limit": "1"}, headers=key).json()["code"] == "unknown_parameter"
