"""Importing numbers on the console: nothing is in the pool before it was shown, and only its uploader sees it."""

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
from web.jobs import load_tasks, work_one
from web.models import Job

pytestmark = pytest.mark.django_db

FILE = "number,provider\n(276) 208-7784,Acme\nnonsense,Acme\n1.2762E+10,Acme\n2762087784,Acme\n17036879447,Acme\n+442079460018,Other\n"


@pytest.fixture
def sam(make_person: Callable[..., User], client: Client) -> User:
    Number.objects.create(number="17036879447", provider=Provider.objects.create(name="Old Carrier"))
    person = make_person("sam", Role.STAFF)
    client.force_login(person)
    return person


def send(client: Client, content: str | bytes, **fields: str) -> Any:
    file = SimpleUploadedFile("numbers.csv", content if isinstance(content, bytes) else content.encode(), "text/csv")
    return client.post("/numbers/import", {"file": file, "provider": "", "column": "number"} | fields, follow=True)


def many(lines: int) -> str:
    return "number\n" + "".join(f"+1703{5550000 + place}\n" for place in range(lines))


def test_a_file_is_rehearsed_and_only_then_imported(client: Client, sam: User) -> None:
    response = send(client, FILE)
    text = response.content.decode()
    assert "Import these numbers?" in text
    for said in ("nonsense", "It is not a phone number", "spreadsheet has rounded it", "+1 276-208-7784", "Import 2 numbers"):
        assert said in text
    for said in ("is given more than once", "is in the pool already", "Would be created: Acme, Other", "1 is another provider"):
        assert said in text
    assert Number.objects.count() == 1
    assert not Provider.objects.filter(name="Acme").exists()
    done = client.post(response.request["PATH_INFO"], follow=True).content.decode()
    assert "Imported" in done
    assert "nonsense" in done
    assert set(Number.objects.values_list("number", flat=True)) == {"12762087784", "17036879447", "442079460018"}
    imported = NumberImport.objects.get()
    assert (imported.state, imported.added, imported.known, imported.wrong) == ("done", 2, 2, 2)
    assert bytes(imported.content) == b"", "the file is kept no longer than it is needed"
    assert {entry.actor for entry in AuditEntry.objects.filter(action="numbers.added")} == {sam}
    assert AuditEntry.objects.filter(action="numbers.import_confirmed").exists()
    assert "was begun before" in client.post(response.request["PATH_INFO"], follow=True).content.decode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"), (b"PK\x03\x04rest", "spreadsheet"), (b"name,city\na,b\n", "no column &#x27;number&#x27;"),
        (b"number\n\x00\x00\x00\n", "no text"), (b"\x89PNG\r\n\x1a\n\x00\x00", "no text"),
        (b"number\n2762087784\n", "say whose numbers they are"), (b"number,number,provider\n1,2,3\n", "more than once"),
    ],
)  # fmt: skip
def test_what_is_no_such_file_is_refused_with_the_reason(client: Client, sam: User, content: bytes, said: str) -> None:
    assert said in send(client, content).content.decode()
    assert not NumberImport.objects.exists()


def test_too_large_a_file_is_refused(client: Client, sam: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_imports, "MOST_LINES", 3)
    assert "more than 3 lines" in send(client, many(5), provider="Acme").content.decode()
    monkeypatch.setattr("telephony.forms.numbers.MOST_BYTES", 20)
    assert "larger than" in send(client, many(5), provider="Acme").content.decode()
    assert not NumberImport.objects.exists()


def test_without_a_file_or_with_a_wrong_provider_it_says_so(client: Client, sam: User) -> None:
    assert "required" in client.post("/numbers/import", {"column": "number"}).content.decode()
    assert "printable" in send(client, many(1), provider="a\u0007b").content.decode()
    assert "at most 100" in send(client, many(1), provider="x" * 101).content.decode()


def test_what_a_line_says_is_text_and_no_formula(client: Client, sam: User) -> None:
    hostile = 'number,provider\n<script>alert(1)</script>,Acme\n"=HYPERLINK(1)",Acme\n$${x},Acme\n2762087784,<b>Evil</b>\n'
    response = send(client, hostile)
    text = response.content.decode()
    assert "alert(1)" in text
    assert "<script>alert" not in text
    assert "<b>Evil" not in text
    wrong = b"".join(client.get(f"{response.request['PATH_INFO']}wrong.csv")).decode("utf-8-sig")
    assert wrong.splitlines()[0] == "line,number,provider,country,error"
    assert "'=HYPERLINK(1)" in wrong
    assert wrong.count("\n") == 4


def test_a_name_of_a_file_is_text(client: Client, sam: User) -> None:
    file = SimpleUploadedFile("<img src=x>.csv", b"number\n2762087784\n")
    text = client.post("/numbers/import", {"file": file, "provider": "Acme", "column": "number"}, follow=True).content.decode()
    assert "<img src=x" not in text


def test_nothing_to_import_is_said(client: Client, sam: User) -> None:
    text = send(client, "number\n17036879447\n", provider="Acme").content.decode()
    assert "There is nothing to import" in text
    assert "Import 0" not in text


def test_it_is_its_uploaders_alone(client: Client, sam: User, make_person: Callable) -> None:
    path = send(client, FILE).request["PATH_INFO"]
    client.force_login(make_person("ada", Role.ADMIN))
    assert client.get(path).status_code == client.post(path).status_code == client.get(f"{path}wrong.csv").status_code == 404
    assert "numbers.csv" not in client.get("/numbers/import").content.decode()
    assert Number.objects.count() == 1


def test_a_long_file_is_left_to_a_worker_and_its_progress_is_shown(client: Client, sam: User) -> None:
    load_tasks()
    response = send(client, many(2_500), provider="Acme")
    path = response.request["PATH_INFO"]
    text = response.content.decode()
    assert "Checking the file" in text
    assert f'hx-get="{path}" hx-trigger="every 1s"' in text
    assert "is not ready yet" in client.post(path, follow=True).content.decode()
    NumberImport.objects.update(updated_at=timezone.now() - timedelta(minutes=1))
    assert "manage.py worker" in client.get(path).content.decode()
    assert work_one()
    assert "Import 2,500 numbers" in client.get(path).content.decode()
    assert "Importing" in client.post(path, follow=True).content.decode()
    assert Number.objects.count() == 1
    assert work_one()
    text = client.get(path).content.decode()
    assert "Imported" in text
    assert "every 1s" not in text
    assert Number.objects.count() == 2_501
    assert not Job.objects.exists()


def test_a_killed_import_goes_on_from_the_last_batch(client: Client, sam: User, monkeypatch: pytest.MonkeyPatch) -> None:
    path = send(client, many(900), provider="Acme").request["PATH_INFO"]
    monkeypatch.setattr(number_imports, "LINES_AT_ONCE", 300)
    add, calls = number_imports.add_numbers, []

    def die_at_the_second(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            raise SystemExit
        return add(*args, **kwargs)

    monkeypatch.setattr(number_imports, "add_numbers", die_at_the_second)
    client.post(path)
    imported = NumberImport.objects.get()
    with pytest.raises(SystemExit):
        number_imports.carry_out_import(imported.pk)
    imported.refresh_from_db()
    assert (imported.state, imported.added, imported.position) == ("working", 300, 301)
    number_imports.carry_out_import(imported.pk)
    imported.refresh_from_db()
    assert (imported.state, imported.added, imported.known, imported.wrong) == ("done", 900, 0, 0)
    assert Number.objects.filter(provider__name="Acme").count() == 900
    number_imports.carry_out_import(imported.pk)
    number_imports.check_import(imported.pk)
    imported.refresh_from_db()
    assert (imported.state, imported.added) == ("done", 900)


def test_a_long_import_is_handed_on_from_job_to_job(client: Client, sam: User, monkeypatch: pytest.MonkeyPatch) -> None:
    load_tasks()
    path = send(client, many(900), provider="Acme").request["PATH_INFO"]
    monkeypatch.setattr(number_imports, "LINES_AT_ONCE", 300)
    monkeypatch.setattr(number_imports, "SPELL", -1.0)
    client.post(path)
    runs = 0
    while work_one():
        runs += 1
    imported = NumberImport.objects.get()
    assert (runs, imported.state, imported.added, imported.known) == (4, "done", 900, 0)


def test_a_check_that_somebody_began_anew_is_left_to_him(client: Client, sam: User, monkeypatch: pytest.MonkeyPatch) -> None:
    path = send(client, many(1_100), provider="Acme").request["PATH_INFO"]
    imported = NumberImport.objects.get()
    preview = number_imports.preview_numbers

    def overtaken(*args: Any) -> Any:
        monkeypatch.setattr(number_imports, "preview_numbers", preview)
        number_imports.check_import(imported.pk)
        return preview(*args)

    monkeypatch.setattr(number_imports, "preview_numbers", overtaken)
    number_imports.check_import(imported.pk)
    assert "Import 1,100 numbers" in client.get(path).content.decode()


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_lines_are_counted_whatever_ends_them(client: Client, sam: User, ends: str, encoding: str) -> None:
    content = ends.join(["number;Stra\u00dfe", "2762087784;x", "+1 703 687 9448;y"]).encode(encoding)
    assert "Import 2 numbers" in send(client, content, provider="Acme").content.decode()


def test_many_wrong_lines_are_bounded(client: Client, sam: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_imports, "MOST_WRONG", 150)
    text = send(client, "number\n" + "x\n" * 400, provider="Acme").content.decode()
    assert text.count("letters, extensions and parameters") == 100
    assert "And 300 more" in text
    assert len(NumberImport.objects.get().wrong_lines) == 150
