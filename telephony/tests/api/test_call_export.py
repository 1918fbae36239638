"""`call-recording/export.csv` and `.xlsx`: every call of a filter as a file, by the code that the console's export has."""

import csv
import io
import zipfile
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpResponseBase
from django.test import Client

from accounts.models import AuditEntry
from telephony import exports
from telephony.exports import FORMATS
from telephony.filters.calls import CallFilter
from telephony.models import Call

pytestmark = pytest.mark.django_db

CSV, XLSX = "call-recording/export.csv", "call-recording/export.xlsx"


def body(response: HttpResponseBase) -> bytes:
    assert response.status_code == 200, b"".join(response)
    return b"".join(response)


def rows(response: HttpResponseBase) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body(response).decode("utf-8-sig"))))


def test_every_call_of_the_filter_is_in_it_not_only_a_page(scene: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.paging.DEFAULT_LIMIT", 1)
    response = scene.get("staff", f"{CSV}?answered=true")
    assert (response["Content-Type"], response["Cache-Control"]) == ("text/csv; charset=utf-8", "private, no-store")
    assert response["Content-Disposition"].startswith('attachment; filename="calls-')
    assert response.streaming
    found = rows(response)
    answered = Call.objects.filter(answered=True).order_by("-started_at", "-id")
    assert [int(row["id"]) for row in found] == [call.pk for call in answered]
    assert len(found) > 1
    assert set(found[0]) == set(exports.COLUMNS)


def test_it_is_the_consoles_file(scene: SimpleNamespace, client: Client) -> None:
    sent = body(scene.get("anna", CSV))
    client.force_login(scene.people["anna"])
    assert sent == body(client.get("/calls/export.csv"))
    assert sent.count(b"\r\n") > 1


def test_a_workbook_opens_and_has_no_formula(scene: SimpleNamespace) -> None:
    Call.objects.update(caller_name='=HYPERLINK("http://evil.example")')
    response = scene.get("staff", XLSX)
    assert response["Content-Type"] == FORMATS["xlsx"].content_type
    with zipfile.ZipFile(io.BytesIO(body(response))) as file:
        assert file.testzip() is None
        sheet = file.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == Call.objects.count() + 1
    assert "<f>" not in sheet
    assert not any(cell.startswith("=") for row in rows(scene.get("staff", CSV)) for cell in row.values())


def test_one_takes_ones_own_calls_and_nobody_elses(scene: SimpleNamespace) -> None:
    for who in ("anna", "ben", "eve"):
        taken = {int(row["id"]) for row in rows(scene.get(who, CSV))}
        assert taken == {call["id"] for call in scene.get(who).json()}
        assert taken
        assert who == "anna" or len(taken) < Call.objects.count()
    assert rows(scene.get("eve", f"{CSV}?extension=1005")) == []


def test_who_took_what_is_written_down(scene: SimpleNamespace) -> None:
    body(scene.get("anna", f"{XLSX}?call_direction=outbound&min_duration=1"))
    entry = AuditEntry.objects.get(action="calls.exported")
    assert (entry.actor, entry.after) == (
        scene.people["anna"],
        {"format": "xlsx", "filter": "call_direction=outbound&min_duration=1"},
    )


@pytest.mark.parametrize("path", [CSV, XLSX])
def test_a_wrong_filter_is_refused_by_its_name_and_takes_nothing(scene: SimpleNamespace, path: str) -> None:
    for name, value in (("min_duration", "-1"), ("started_after", "soon"), ("call_from", "1"), ("hangup_cause", "busy")):
        answer = scene.get("anna", f"{path}?{name}={value}")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [name])
    # It has no pages, no format but that of its name, and none of the filters that are the page's alone.
    for query in ("limit=1", "cursor=x", "format=csv", "export=e1", "when=today", "q=100"):
        answer = scene.get("anna", f"{path}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
    assert not AuditEntry.objects.filter(action="calls.exported").exists()


def test_it_takes_every_filter_of_the_list(scene: SimpleNamespace) -> None:
    query = "&".join(f"{name}=" for name in CallFilter.base_filters)
    assert len(rows(scene.get("staff", f"{CSV}?{query}"))) == Call.objects.count()


@pytest.mark.parametrize("path", [CSV, XLSX])
def test_other_verbs_do_nothing(scene: SimpleNamespace, path: str) -> None:
    for method in ("HEAD", "POST", "PUT", "PATCH", "DELETE"):
        answer = scene.get("anna", path, method)
        assert (answer.status_code, answer["Allow"]) == (405, "GET, OPTIONS")
    assert not AuditEntry.objects.filter(action="calls.exported").exists()


@pytest.mark.parametrize(("path", "kind"), [(CSV, "text/csv"), (XLSX, FORMATS["xlsx"].content_type)])
def test_accept_may_name_the_files_type(scene: SimpleNamespace, path: str, kind: str) -> None:
    for accept in (kind, "*/*", "application/json"):
        assert body(scene.get("anna", path, headers={"accept": accept}))
    options = scene.get("anna", path, "OPTIONS", headers={"accept": kind})
    assert (options.status_code, options.content) == (204, b"")
    assert scene.get("anna", path, headers={"accept": "application/xml"}).json()["code"] == "not_acceptable"
    refused = scene.get("anna", f"{path}?local=x", headers={"accept": kind})
    assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("path", [CSV, XLSX])
def test_it_needs_a_proof_that_reads_calls(scene: SimpleNamespace, client: Client, key_of: Any, path: str) -> None:
    assert scene.get("nobody", path).status_code == 401
    client.force_login(scene.people["anna"])
    assert client.get(f"/api/v2/{path}").status_code == 401
    key = key_of(scene.people["anna"], scopes=["calls:write", "admin"])
    assert client.get(f"/api/v2/{path}", headers=key).json()["code"] == "permission_denied"
    assert not AuditEntry.objects.filter(action="calls.exported").exists()
