"""Alive, ready, and what every answer has."""

import logging
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from portal import health

pytestmark = pytest.mark.django_db


def test_alive_needs_no_database(client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.RECORDINGS_ROOT = tmp_path / "new"
    response = client.get("/readyz")
    assert response.json() == {"status": "ok", "checks": {"database": "ok", "migrations": "ok", "storage": "ok"}}


def test_not_ready_names_the_part_and_no_secret(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def away() -> None:
        raise OperationalError("password=canary refused")

    def behind() -> None:
        raise health.NotReadyError("2 migrations are not applied: run manage.py migrate")

    monkeypatch.setitem(health.CHECKS, "database", away)
    monkeypatch.setitem(health.CHECKS, "migrations", behind)
    (tmp_path / "file").write_text("")
    settings.RECORDINGS_ROOT = tmp_path / "file" / "folder"
    response = client.get("/readyz")
    assert response.status_code == 503
    checks = response.json()["checks"]
    assert checks["database"] == "failed: OperationalError"
    assert checks["storage"] == "failed: NotADirectoryError"
    assert "migrate" in checks["migrations"]
    assert b"canary" not in response.content
    assert client.get("/healthz").status_code == 200


def test_migrations_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_: [1, 2])
    with pytest.raises(health.NotReadyError, match="2 migrations"):
        health.check_migrations()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_only_reading(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2_3", True), ("a" * 64, True), ("a" * 65, False), ("a b", False), ("é", False), ("", False)]
)
def test_the_request_id(client: Client, given: str, kept: bool) -> None:
    answered = client.get("/healthz", headers={"x-request-id": given})["X-Request-ID"]
    assert (answered == given) is kept
    assert answered


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v2/nothing", "application/problem+json"),
        ("/freeswitch/nothing", "application/problem+json"),
        ("/nothing", "text/html; charset=utf-8"),
    ],
)
def test_nothing_there(client: Client, path: str, kind: str) -> None:
    response = client.get(path)
    assert (response.status_code, response["Content-Type"]) == (404, kind)


@pytest.mark.parametrize(
    ("path", "kind"), [("/api/v2/call-recording", "application/problem+json"), ("/login", "text/html; charset=utf-8")]
)
def test_a_fault_of_ours_shows_nothing_of_it(
    path: str, kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr("django.contrib.auth.views.LoginView.dispatch", broken)
    monkeypatch.setattr("telephony.api.call_recordings.CallRecordingList.initial", broken)
    with caplog.at_level(logging.ERROR):
        response = Client(raise_request_exception=False).get(path)
    assert (response.status_code, response["Content-Type"]) == (500, kind)
    assert b"canary" not in response.content
    assert response["X-Request-ID"]


@pytest.mark.parametrize("path", ["/api/v2/call-recording", "/login"])
def test_a_strange_host(path: str) -> None:
    response = Client(raise_request_exception=False).get(path, headers={"host": "evil.example"})
    assert response.status_code == 400
    assert b"evil.example" not in response.content


def test_a_database_that_is_away_is_a_503_of_the_api(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("no route")

    monkeypatch.setattr("accounts.authentication.api_key_digest", away)
    response = client.get("/api/v2/call-recording", headers={"x-mediamagic-key": "3e6bc8f5-181d-4c52-9d6d-46965011989d"})
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
    assert "Retry-After" in response


def test_a_forbidden_page_wears_the_look(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/logout").status_code == 403
