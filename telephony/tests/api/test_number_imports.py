"""`numbers/imports`: a file is rehearsed, and nothing of it is in the pool before its uploader says so."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from telephony.models import Number, NumberImport, Provider
from telephony.services import number_imports
from web import negotiation
from web.jobs import load_tasks, work_one
from web.models import ReadOnlyMode

pytestmark = pytest.mark.django_db

PATH = "/api/v2/numbers/imports"
FILE = (
    "number,provider\n(276) 208-7784,Acme\nnonsense,Acme\n=1+1,Acme\n2762087784,Acme\n17036879447,Acme\n+442079460018,Other\n"
)


@pytest.fixture
def sam(make_person: Callable[..., User]) -> User:
    Number.objects.create(number="17036879447", provider=Provider.objects.create(name="Old Carrier"))
    return make_person("sam", Role.STAFF)


@pytest.fixture
def staff(sam: User, key_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    return key_of(sam)


def send(client: Client, headers: dict[str, str], content: str | bytes, name: str = "numbers.csv", **members: Any) -> Any:
    """Send a file as a form."""
    content = content if isinstance(content, bytes) else content.encode()
    file = SimpleUploadedFile(name, content, "text/csv")
    return client.post(PATH, {"file": file} | members, headers=headers)


def post(client: Client, headers: dict[str, str], body: Any, path: str = "", **extra: str) -> Any:
    data = json.dumps(body)
    return client.generic("POST", f"{PATH}{path}", data, content_type="application/json", headers=headers | extra)


def confirm(client: Client, headers: dict[str, str], imported: Any, **extra: str) -> Any:
    return post(client, headers, {}, f"/{imported.json()['id']}/confirm", **extra)


def many(lines: int) -> str:
    return "number\n" + "".join(f"+1703{5550000 + place}\n" for place in range(lines))


def counted(answer: Any) -> dict[str, int]:
    return {name: answer.json()[name] for name in ("added", "known", "kept_elsewhere", "wrong")}


def test_a_file_is_rehearsed_and_only_then_imported(client: Client, sam: User, staff: dict[str, str]) -> None:
    asked = send(client, staff, FILE, "mine.csv")
    said = asked.json()
    assert (asked.status_code, said["state"], said["file_name"], said["provider"], said["column"]) == (
        201, "asked", "mine.csv", "", "number",
    )  # fmt: skip
    assert counted(asked) == {"added": 2, "known": 2, "kept_elsewhere": 1, "wrong": 2}
    assert said["new_providers"] == ["Acme", "Other"]
    assert said["samples"][0] == {"line": 2, "text": "(276) 208-7784", "number": "12762087784"}
    assert [(each["line"], each["number"], each["provider"]) for each in said["wrong_lines"]] == [
        (3, "nonsense", "Acme"), (4, "=1+1", "Acme"),
    ]  # fmt: skip
    assert said["wrong_lines"][0]["error"]
    assert [each["line"] for each in said["passed_over"]] == [5, 6]
    assert Number.objects.count() == 1
    done = confirm(client, staff, asked)
    assert (done.status_code, done.json()["state"], counted(done)) == (200, "done", counted(asked))
    assert set(Number.objects.values_list("number", flat=True)) == {"12762087784", "17036879447", "442079460018"}
    assert {entry.actor for entry in AuditEntry.objects.filter(action="numbers.added")} == {sam}
    assert client.get(f"{PATH}/{said['id']}", headers=staff).json() == done.json()
    assert bytes(NumberImport.objects.get().content) == b""
    again = confirm(client, staff, asked)
    assert (again.status_code, again.json()["code"]) == (409, "not_waiting")
    assert AuditEntry.objects.filter(action="numbers.import_confirmed").count() == 1


def test_in_json_the_file_is_its_text(client: Client, staff: dict[str, str]) -> None:
    asked = post(client, staff, {"file": "Phone;country\n2762087784;us\n", "provider": "Acme", "column": "phone"})
    assert (asked.status_code, asked.json()["file_name"], counted(asked)["added"]) == (201, "numbers.csv", 1)
    confirm(client, staff, asked)
    assert Number.objects.get(number="12762087784").provider.name == "Acme"


def test_the_wrong_lines_are_a_file_that_no_spreadsheet_runs_and_that_can_be_imported(
    client: Client, staff: dict[str, str]
) -> None:
    path = f"{PATH}/{send(client, staff, FILE).json()['id']}/wrong-lines"
    answer = client.get(path, headers=staff)
    assert (answer["Content-Type"], answer["Content-Disposition"]) == (
        "text/csv; charset=utf-8", 'attachment; filename="wrong-lines.csv"',
    )  # fmt: skip
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert [line.partition(",")[0] for line in lines] == ["line", "3", "4"]
    assert lines[2].startswith("4,'=1+1,Acme,")
    corrected = answer.content.replace(b"nonsense", b"2402149578")
    # The column of mistakes is passed over.
    assert counted(send(client, staff, corrected)) == {"added": 1, "known": 0, "kept_elsewhere": 0, "wrong": 1}
    for accept, status in (("text/csv", 200), ("application/json", 200), ("application/xml", 406)):
        assert client.get(path, headers=staff | {"accept": accept}).status_code == status
    assert client.get(path, headers=staff | {"if-none-match": answer["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"), (b"PK\x03\x04rest", "spreadsheet"), (b"name,city\na,b\n", "no column 'number'"),
        (b"number\n\x00\x00\x00\n", "no text"), (b"\x89PNG\r\n\x1a\n\x00\x00", "no text"),
        (b"number\n2762087784\n", "say whose numbers they are"), (b"number,number,provider\n1,2,3\n", "more than once"),
    ],
)  # fmt: skip
def test_what_is_no_such_file_is_refused_with_the_reason(
    client: Client, staff: dict[str, str], content: bytes, said: str
) -> None:
    answer = send(client, staff, content)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["file"])
    assert said in answer.json()["errors"]["file"][0]
    assert not NumberImport.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "file"), ({"file": None}, "file"), ({"file": 5}, "file"), ({"file": ["number"]}, "file"), ({"file": {"name": "x"}}, "file"),
        ({"file": ""}, "file"), ({"file": "number\n1\n", "provider": "a" * 101}, "provider"),
        ({"file": "number\n1\n", "provider": "a\tb"}, "provider"), ({"file": "number\n1\n", "provider": None}, "provider"),
        ({"file": "number\n1\n", "column": ""}, "column"), ({"file": "number\n1\n", "column": "c" * 101}, "column"),
        ({"file": "number\n1\n", "owner": 1}, "owner"), ({"file": "number\n1\n", "state": "done"}, "state"),
    ],
)  # fmt: skip
def test_bad_members_are_refused(client: Client, staff: dict[str, str], body: dict[str, Any], field: str) -> None:
    answer = post(client, staff, body)
    assert (answer.status_code, answer.json()["code"], list(answer.json()["errors"])) == (400, "invalid_input", [field])
    assert not NumberImport.objects.exists()


def test_bad_forms_are_refused(client: Client, staff: dict[str, str]) -> None:
    for members, code in (
        ({"owner": "1"}, "invalid_input"), ({"provider": ["A", "B"]}, "parse_error"), ({"provider": "a\0b"}, "parse_error"),
        ({"provider": SimpleUploadedFile("a", b"Acme")}, "invalid_input"),
    ):  # fmt: skip
        answer = send(client, staff, FILE, **members)
        assert (answer.status_code, answer.json()["code"]) == (400, code), members
    for content_type, data in (
        ("multipart/form-data", b"x"), ("multipart/form-data; boundary=b", b"x"), ("multipart/form-data; boundary=b", b"--b\r\n\r\n"),
    ):  # fmt: skip
        assert client.generic("POST", PATH, data, content_type=content_type, headers=staff).status_code == 400
    answer = client.generic("POST", PATH, FILE, content_type="text/csv", headers=staff)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert not NumberImport.objects.exists()


def test_a_form_is_taken_for_files_alone(client: Client, staff: dict[str, str]) -> None:
    answer = client.post("/api/v2/numbers", {"number": "2762087784", "provider": "Acme"}, headers=staff)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_too_large_a_file_is_refused(client: Client, staff: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_imports, "MOST_BYTES", 1000)
    assert "larger than" in send(client, staff, many(100)).json()["errors"]["file"][0]
    monkeypatch.setattr(number_imports, "MOST_LINES", 10)
    assert "more than 10 lines" in send(client, staff, many(11)).json()["errors"]["file"][0]
    monkeypatch.setattr(negotiation, "MOST_UPLOADED", 1000)
    answer = send(client, staff, many(100))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert not NumberImport.objects.exists()


def test_sent_again_it_is_one_import_and_another_file_is_another_body(client: Client, staff: dict[str, str]) -> None:
    once = staff | {"Idempotency-Key": "k"}
    first, again = send(client, once, FILE), send(client, once, FILE)
    assert (again.status_code, again.json(), again["Idempotent-Replayed"]) == (201, first.json(), "true")
    assert NumberImport.objects.count() == 1
    for other in (
        send(client, once, FILE + "12025550123,A\n"),
        send(client, once, FILE, "other.csv"),
        send(client, once, FILE, provider="A"),
    ):
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    done, repeated = (confirm(client, staff, first, **{"Idempotency-Key": "c"}) for _ in range(2))
    assert (repeated.status_code, repeated.json(), repeated["Idempotent-Replayed"]) == (200, done.json(), "true")


def test_a_long_file_is_left_to_a_worker(client: Client, staff: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_imports, "LINES_AT_ONCE", 10)
    load_tasks()
    asked = send(client, staff, many(15), provider="Acme")
    path = f"{PATH}/{asked.json()['id']}"
    assert (asked.status_code, asked.json()["state"]) == (202, "checking")
    early = confirm(client, staff, asked)
    assert (early.status_code, early.json()["code"]) == (409, "not_waiting")
    NumberImport.objects.update(updated_at=timezone.now() - timedelta(minutes=1))
    assert client.get(path, headers=staff).json()["stalled"]
    assert work_one()
    assert counted(client.get(path, headers=staff))["added"] == 15
    working = confirm(client, staff, asked)
    assert (working.status_code, working.json()["state"]) == (202, "working")
    assert Number.objects.count() == 1
    assert work_one()
    assert client.get(path, headers=staff).json()["state"] == "done"
    assert Number.objects.count() == 16


def test_an_import_is_nobody_elses(client: Client, staff: dict[str, str], make_person: Callable, key_of: Callable) -> None:
    asked = send(client, staff, FILE)
    path = f"{PATH}/{asked.json()['id']}"
    for name, role in (("ada", Role.ADMIN), ("tom", Role.STAFF)):
        other = key_of(make_person(name, role))
        assert client.get(path, headers=other).status_code == 404
        assert client.get(f"{path}/wrong-lines", headers=other).status_code == 404
        assert confirm(client, other, asked).status_code == 404
    assert Number.objects.count() == 1


def test_people_who_are_no_staff_import_nothing(client: Client, make_person: Callable, key_of: Callable) -> None:
    assert send(client, key_of(make_person("eve")), FILE).status_code == 403
    assert send(client, {}, FILE).status_code == 401
    assert not NumberImport.objects.exists()


def test_other_verbs_and_bodies_are_refused(client: Client, staff: dict[str, str]) -> None:
    asked = send(client, staff, FILE)
    path = f"{PATH}/{asked.json()['id']}"
    assert client.get(PATH, headers=staff).status_code == 405
    assert client.delete(path, headers=staff).status_code == 405
    assert client.get(f"{path}/confirm", headers=staff).status_code == 405
    assert post(client, staff, {"force": True}, f"/{asked.json()['id']}/confirm").status_code == 400
    assert post(client, staff, {}, "/999/confirm").status_code == 404
    assert Number.objects.count() == 1


def test_nothing_is_kept_while_the_portal_only_reads(client: Client, staff: dict[str, str]) -> None:
    ReadOnlyMode.objects.create(is_on=True)
    assert send(client, staff, FILE).json()["code"] == "read_only"
    assert not NumberImport.objects.exists()
