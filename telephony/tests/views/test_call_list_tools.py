"""What the list of calls offers: days, saved filters, columns, what is new, and files."""

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Preference, Role, User
from telephony import exports
from telephony.models import Call
from telephony.tests.captures import TABLE, posts_of

pytestmark = pytest.mark.django_db

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://evil")')


@pytest.fixture
def people(make_person: Callable, hold: Callable, post_cdr: Callable) -> dict[str, User]:
    people = {name: make_person(name) for name in ("anna", "ben", "eve")} | {"staff": make_person("staff", Role.STAFF)}
    hold(people["anna"], "1006", "17036879447")
    hold(people["ben"], "1005")
    for scenario in TABLE:
        for post in posts_of(scenario):
            post_cdr(post)
    return people


@pytest.fixture
def staff(client: Client, people: dict[str, User]) -> Client:
    client.force_login(people["staff"])
    return client


def rows(response: HttpResponse) -> int:
    assert response.status_code == 200
    return response.content.decode().count("<tr>") - 1


def body(response: HttpResponse) -> bytes:
    return b"".join(response.streaming_content)


# -- days ------------------------------------------------------------------------------------------------------------------


def test_days_are_those_of_the_viewers_clock(staff: Client) -> None:
    zone = ZoneInfo("Pacific/Auckland")
    today = timezone.now().astimezone(zone).date()
    first, other = Call.objects.order_by("pk")[:2]
    midnight = datetime(today.year, today.month, today.day, tzinfo=zone)
    for call, at in ((first, midnight + timedelta(seconds=1)), (other, midnight - timedelta(seconds=1))):
        Call.objects.filter(pk=call.pk).update(started_at=at, answered_at=None, answered=False, bill_seconds=0, ended_at=None)
    staff.cookies["timezone"] = "Pacific/Auckland"
    assert rows(staff.get("/?when=today")) == 1
    assert rows(staff.get("/?when=yesterday")) == 1
    assert rows(staff.get(f"/?started_after={today}")) == 1


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "x" * 5000, "\x00"])
def test_a_zone_that_is_none_is_utc(staff: Client, name: str) -> None:
    staff.cookies["timezone"] = name
    assert staff.get("/?when=30d").status_code == 200


@pytest.mark.parametrize("query", ["when=never", "outcome=x", "min_duration=x", "started_after=2026-13-45", "extension=x"])
def test_a_wrong_filter_is_told(staff: Client, query: str) -> None:
    response = staff.get(f"/?{query}")
    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()


def test_what_narrows_the_list_is_shown_and_can_be_removed(staff: Client) -> None:
    text = staff.get("/?outcome=busy&q=1005").content.decode()
    assert 'href="?outcome=busy"' in text
    assert 'href="?q=1005"' in text
    assert rows(staff.get("/?outcome=busy")) == Call.objects.filter(outcome="busy").count() > 0
    assert rows(staff.get("/?switch=nowhere")) == -1 or "No call matches" in staff.get("/?switch=nowhere").content.decode()


# -- what is new -----------------------------------------------------------------------------------------------------------


def test_a_page_learns_that_there_is_a_newer_call(staff: Client) -> None:
    newest = Call.objects.order_by("-started_at", "-id").first()
    assert "HX-Trigger" not in staff.get(f"/calls/newer?first={newest.pk}").headers
    response = staff.get("/calls/newer?first=1000000")
    assert (response.status_code, response["HX-Trigger"]) == (204, "calls-changed")
    assert "HX-Trigger" not in staff.get("/calls/newer?q=999999999&first=1").headers


# -- saved filters and columns ---------------------------------------------------------------------------------------------


def test_a_filter_is_saved_used_and_forgotten(staff: Client, people: dict[str, User]) -> None:
    saved = staff.post("/calls/filters/save", {"name": "Busy <b>", "query": "outcome=busy&cursor=x&evil=1"})
    assert (saved.status_code, saved["Location"]) == (302, "/?outcome=busy")
    text = staff.get("/").content.decode()
    assert "Busy &lt;b&gt;" in text
    assert "?outcome=busy" in text
    other = Client()
    other.force_login(people["anna"])
    assert "Busy &lt;b&gt;" not in other.get("/").content.decode()
    staff.post("/calls/filters/forget", {"name": "Busy <b>"})
    assert "Busy &lt;b&gt;" not in staff.get("/").content.decode()


def test_a_filter_without_a_name_and_one_too_many_are_refused(staff: Client, people: dict[str, User]) -> None:
    staff.post("/calls/filters/save", {"name": "  ", "query": "q=123"})
    assert not Preference.objects.exists()
    for n in range(31):
        staff.post("/calls/filters/save", {"name": f"n{n}", "query": "q=123"})
    assert len(Preference.objects.get().value) == 30
    assert staff.get("/calls/filters/save").status_code == 405


def test_columns_are_chosen(staff: Client) -> None:
    assert "col-provider" not in staff.get("/").content.decode()
    staff.post("/calls/columns", {"column": ["caller", "provider", "nonsense"], "query": "q=1005"})
    text = staff.get("/").content.decode()
    assert "col-provider" in text
    assert "col-talk" not in text
    staff.post("/calls/columns", {})
    assert "col-talk" in staff.get("/").content.decode()


# -- files -----------------------------------------------------------------------------------------------------------------


def test_a_csv_of_the_whole_filter(staff: Client, people: dict[str, User], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.views.calls.ROWS", 2)
    response = staff.get("/calls/export.csv?outcome=answered&export=e1")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="calls-')
    found = list(csv.DictReader(io.StringIO(body(response).decode("utf-8-sig"))))
    assert len(found) == Call.objects.filter(outcome="answered").count() > 2
    assert set(found[0]) == set(exports.COLUMNS)
    assert {row["from_owner"] for row in found} >= {"anna"}
    entry = AuditEntry.objects.get(action="calls.exported")
    assert (entry.actor, entry.after) == (people["staff"], {"format": "csv", "filter": "outcome=answered"})
    done = staff.get("/calls/export-progress?export=e1").content.decode()
    assert f"{len(found)} calls" in done


def test_a_workbook_opens(staff: Client) -> None:
    response = staff.get("/calls/export.xlsx")
    with zipfile.ZipFile(io.BytesIO(body(response))) as file:
        assert file.testzip() is None
        sheet = file.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == Call.objects.count() + 1
    assert "<f>" not in sheet


@pytest.mark.parametrize("name", FORMULAS)
def test_no_cell_is_a_formula(staff: Client, name: str) -> None:
    Call.objects.update(caller_name=name)
    for row in csv.reader(io.StringIO(body(staff.get("/calls/export.csv")).decode("utf-8-sig"))):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
    with zipfile.ZipFile(io.BytesIO(body(staff.get("/calls/export.xlsx")))) as file:
        assert "<f>" not in file.read("xl/worksheets/sheet1.xml").decode()


def test_a_person_exports_their_own_calls_alone(client: Client, people: dict[str, User]) -> None:
    client.force_login(people["eve"])
    assert len(body(client.get("/calls/export.csv")).splitlines()) == 1
    client.force_login(people["ben"])
    found = list(csv.DictReader(io.StringIO(body(client.get("/calls/export.csv")).decode("utf-8-sig"))))
    assert 0 < len(found) < Call.objects.count()
    client.logout()
    assert client.get("/calls/export.csv").status_code == 302


def test_an_export_with_a_wrong_filter_is_refused(staff: Client) -> None:
    response = staff.get("/calls/export.csv?outcome=x")
    assert response.status_code == 400
    assert "outcome" in response.content.decode()
    assert not AuditEntry.objects.filter(action="calls.exported").exists()
    head = staff.head("/calls/export.csv")
    assert (head.status_code, body(head)) == (200, b"")
    assert not AuditEntry.objects.filter(action="calls.exported").exists()


def test_the_progress_of_somebody_else_is_not_told(staff: Client, people: dict[str, User]) -> None:
    body(staff.get("/calls/export.csv?export=mine"))
    other = Client()
    other.force_login(people["eve"])
    assert "0 calls" in other.get("/calls/export-progress?export=mine").content.decode()


def test_more_than_a_workbook_holds_is_said(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_WORKBOOK_ROWS", 3)
    with zipfile.ZipFile(io.BytesIO(body(staff.get("/calls/export.xlsx")))) as file:
        sheet = file.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == 5
    assert "narrow the filter" in sheet


def test_calls_of_an_export_take_the_same_number_of_queries(staff: Client, django_assert_max_num_queries: Callable) -> None:
    with django_assert_max_num_queries(8):
        body(staff.get("/calls/export.csv"))
