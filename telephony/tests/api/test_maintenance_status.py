"""`maintenance/status`: how the portal stands."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as portal_settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from telephony.models import Domain, Extension, Number, Provider, Quarantine, Switch
from telephony.services import quarantine
from telephony.services.status import spool
from web import read_only

pytestmark = pytest.mark.django_db

PATH = "/api/v2/maintenance/status"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.RECORDINGS_ROOT = tmp_path
    return tmp_path / ".incoming"


def get(client: Client, **headers: str) -> HttpResponse:
    return client.get(PATH, headers=headers or {"authorization": f"Bearer {portal_settings.MAINTENANCE_TOKEN}"})


def test_a_new_portal(client: Client) -> None:
    response = get(client)
    assert response.status_code == 200
    answer = response.json()
    database = answer.pop("database")
    assert (database["vendor"], set(database)) == (connection.vendor, {"vendor", "version"})
    assert database["version"][0].isdigit()
    empty = {"free": 0, "assigned": 0, "cooling": 0, "disabled": 0}
    assert answer == {
        "version": portal_settings.VERSION,
        "pool": empty,
        "extensions": empty,
        "switches": [],
        "gateways": [],
        "alarms": [],
        "last_cdr": None,
        "quarantine": 0,
        "spool": {"files": 0, "bytes": 0, "oldest": None},
        "jobs": {"waiting": 0, "set_aside": 0, "oldest_due": None},
        "read_only": False,
    }
    assert portal_settings.DATABASES["default"]["NAME"] not in response.content.decode()


def test_what_is_there_is_counted(client: Client, domain: Domain, folder: Path) -> None:
    acme = Provider.objects.create(name="Acme")
    soon = timezone.now() + timedelta(days=1)
    for last, state in enumerate(("free", "free", "free", "assigned", "disabled", "cooling", "cooling")):
        until = soon if state == "cooling" else None
        Number.objects.create(number=f"1703687944{last}", provider=acme, state=state, cooling_until=until)
    Extension.objects.create(domain=domain, number="1000", state="assigned")
    earlier, later = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 2, 12, 0, 0, 250_000, tzinfo=UTC)
    Switch.objects.create(name="b", core_uuid="core-b", last_cdr_at=later)
    Switch.objects.create(name="a", core_uuid="core-a", last_cdr_at=earlier)
    Switch.objects.create(name="c")
    for number, state in enumerate(("new", "new", "discarded", "retried")):
        entry = quarantine.keep(Quarantine.Kind.CDR, b"%d" % number, "junk")
        Quarantine.objects.filter(pk=entry.pk).update(state=state)
    folder.mkdir()
    for name, at in (("x.part", earlier), ("y.part", later)):
        (folder / name).write_bytes(b"12345")
        os.utime(folder / name, (at.timestamp(), at.timestamp()))
    read_only.turn(on=True)

    answer = get(client).json()
    assert answer["pool"] == {"free": 3, "assigned": 1, "cooling": 2, "disabled": 1}
    assert answer["extensions"] == {"free": 0, "assigned": 1, "cooling": 0, "disabled": 0}
    unheard = {
        "event_socket": "", "is_up": False, "last_heard_at": None, "started_at": None, "version": "", "sessions": 0, "max_sessions": 0,
    }  # fmt: skip
    assert answer["switches"] == [
        {"name": "a", "core_uuid": "core-a", "last_cdr_at": "2026-01-01T12:00:00Z"} | unheard,
        {"name": "b", "core_uuid": "core-b", "last_cdr_at": "2026-01-02T12:00:00.250000Z"} | unheard,
        {"name": "c", "core_uuid": "", "last_cdr_at": None} | unheard,
    ]
    assert answer["last_cdr"] == "2026-01-02T12:00:00.250000Z"
    assert (answer["quarantine"], answer["read_only"]) == (2, True)
    assert answer["spool"] == {"files": 2, "bytes": 10, "oldest": "2026-01-01T12:00:00Z"}


def test_the_counts_read_no_table(client: Client, domain: Domain) -> None:
    acme = Provider.objects.create(name="Acme")
    Number.objects.bulk_create(Number(number=f"1703{n:07}", provider=acme) for n in range(2_000_000, 2_002_000))
    Extension.objects.bulk_create(Extension(domain=domain, number=f"{n}") for n in range(1000, 3000))
    with CaptureQueriesContext(connection) as queries:
        get(client)
    counts = [query["sql"] for query in queries if "COUNT(*)" in query["sql"]]
    assert len(counts) == 4
    assert len(queries) == 8
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Of a table that was never vacuumed it would rather read everything.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
        for sql in counts:
            cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}")
            plan = str(cursor.fetchall())
            assert "COVERING INDEX" in plan or "Index Only Scan" in plan, plan


def test_a_part_that_is_published_meanwhile(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    (folder / "x.part").symlink_to(folder / "gone")
    assert spool() == (0, 0, None)


def test_only_the_operator_sees_it(client: Client, make_person: Callable, key_of: Callable, settings: Any) -> None:
    admin = key_of(make_person("root", "admin"))
    for headers in (admin, {"authorization": "Bearer wrong"}, {"authorization": ""}):
        response = get(client, **headers)
        assert response.status_code == 401
        assert b"database" not in response.content
    settings.MAINTENANCE_TOKEN = ""
    assert get(client, authorization="Bearer x").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_verbs_and_parameters(client: Client, method: str) -> None:
    token = {"authorization": f"Bearer {portal_settings.MAINTENANCE_TOKEN}"}
    assert client.generic(method, PATH, headers=token).status_code == 405
    assert client.get(f"{PATH}?x=1", headers=token).status_code == 400
    assert client.head(PATH, headers=token).status_code == 200
