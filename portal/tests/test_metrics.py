"""`/metrics`: who may read it, that it says how things are, and nothing of anybody."""

import ipaddress
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client import CollectorRegistry, values
from prometheus_client.multiprocess import MultiProcessCollector

from accounts.tests.auth0 import new_stand_in
from portal import metrics_files
from portal.tests.running import Portal
from telephony.models import Assignment, Call, Domain, Extension, Gateway, Number, Provider, Quarantine, StaleTally, Switch
from telephony.tests.live_scene import gateway, listened_to, register, talk
from web.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def token(settings: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {settings.MAINTENANCE_TOKEN}"}


@pytest.fixture
def networks(settings: Any) -> None:
    settings.METRICS_ALLOWED_CIDRS = [ipaddress.ip_network(network) for network in ("192.0.2.0/24", "2001:db8::/32")]


def value_of(text: str, name: str, **labels: str) -> float:
    """Return the value of a sample."""
    for line in text.splitlines():
        found = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? (\S+)", line)
        if found and found[1] == name and dict(re.findall(r'(\w+)="([^"]*)"', found[2] or "")) == labels:
            return float(found[3])
    raise AssertionError(f"no {name} {labels}")


# -- who ---------------------------------------------------------------------------------------------------------------------


def test_the_operators_token_opens_it(client: Client, token: dict[str, str]) -> None:
    response = client.get("/metrics", headers=token)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "no-store" in response["Cache-Control"]
    assert "sessionid" not in response.cookies
    assert client.head("/metrics", headers=token).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic abc", "bearer ÿ", "Bearer " + "x" * 10_000])
def test_without_it_nobody_comes_in(client: Client, header: str) -> None:
    response = client.get("/metrics", headers={"authorization": header.encode().decode("latin-1")} if header else {})
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="maintenance"'
    assert b"portal_" not in response.content


def test_a_session_opens_nothing(client: Client, django_user_model: Any) -> None:
    client.force_login(django_user_model.objects.create_superuser("boss"))
    assert client.get("/metrics").status_code == 401


def test_two_proofs_are_one_too_many(client: Client, token: dict[str, str]) -> None:
    assert client.get("/metrics", headers=token | {"x-mediamagic-key": "x"}).status_code == 400


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_other_verbs(client: Client, token: dict[str, str], method: str) -> None:
    assert getattr(client, method)("/metrics", headers=token).status_code == 405
    assert getattr(client, method)("/metrics").status_code == 401


def test_with_neither_token_nor_network_there_is_no_such_address(client: Client, settings: Any, token: dict[str, str]) -> None:
    settings.MAINTENANCE_TOKEN = ""
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers=token).status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize(
    ("address", "with_token", "without"),
    [("192.0.2.9", 200, 200), ("2001:db8::9", 200, 200), ("::ffff:192.0.2.9", 200, 200), ("192.0.3.9", 401, 404), ("127.0.0.1", 401, 404)],
)  # fmt: skip
def test_an_allowed_network_needs_no_token(
    client: Client, settings: Any, networks: None, address: str, with_token: int, without: int
) -> None:
    assert client.get("/metrics", REMOTE_ADDR=address).status_code == with_token
    settings.MAINTENANCE_TOKEN = ""
    assert client.get("/metrics", REMOTE_ADDR=address).status_code == without


@pytest.mark.parametrize("remote", ["192.0.2.9", "203.0.113.9"])
def test_what_a_stranger_forwards_is_not_from_there(client: Client, networks: None, remote: str) -> None:
    assert client.get("/metrics", REMOTE_ADDR=remote, headers={"x-forwarded-for": "192.0.2.9"}).status_code == 401


def test_a_wrong_token_is_refused_also_from_there(client: Client, networks: None) -> None:
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.9", headers={"authorization": "Bearer wrong"}).status_code == 401


def test_nobody_is_redirected_to_https(client: Client, settings: Any, token: dict[str, str]) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/metrics", headers=token).status_code == 200


# -- what ----------------------------------------------------------------------------------------------------------------------


def test_it_tells_how_things_stand_and_nothing_of_anybody(
    client: Client, token: dict[str, str], settings: Any, django_user_model: Any
) -> None:
    now = timezone.now()
    [switch] = listened_to(settings, "fs1", last_cdr_at=now - timedelta(seconds=100))
    domain = Domain.objects.get_or_create(name="pbx.example.com")[0]
    Gateway.objects.get_or_create(name="carrier", defaults={"domain": domain})
    anna = Assignment.objects.create(
        user=django_user_model.objects.create_user("Anna Canary", name="Anna Canary"), starts_at=now,
        extension=Extension.objects.create(domain=domain, number="1006", state="assigned"),
        number=Number.objects.create(number="17036879447", provider=Provider.objects.create(name="Acme"), state="assigned"),
    )  # fmt: skip
    gateway(switch, is_up=False)
    talk(switch, anna, None, caller_name="Canary Caller", state="held")
    register(switch, anna)
    for age, cause in ((5, "busy"), (30, "busy"), (59, "answered"), (61, "busy")):
        answered = {"answered": True, "answered_at": now} if cause == "answered" else {}
        Call.objects.create(call_uuid=f"{age}", direction="inbound", started_at=now - timedelta(minutes=age), outcome=cause,
                            caller_number="12025550123", caller_name="Canary Caller", **answered)  # fmt: skip
    Number.objects.create(number="17036879448", provider=anna.number.provider)
    Quarantine.objects.create(kind="cdr", sha256="0" * 64, body=b"x", reason="Canary", size_bytes=1)
    Job.objects.create(task="x", run_at=now - timedelta(seconds=50))
    StaleTally.objects.create(starts_at=now)
    text = client.get("/metrics", headers=token).content.decode()
    for wanted, name, labels in (
        (1, "portal_database_up", {}),
        (0, "portal_read_only", {}),
        (2, "portal_calls_last_hour", {"direction": "inbound", "outcome": "busy"}),
        (1, "portal_calls_last_hour", {"direction": "inbound", "outcome": "answered"}),
        (0, "portal_calls_last_hour", {"direction": "outbound", "outcome": "no_answer"}),
        (1, "portal_live_calls", {"switch": "fs1", "state": "held"}),
        (0, "portal_live_calls", {"switch": "fs1", "state": "ringing"}),
        (1, "portal_registrations", {"switch": "fs1"}),
        (0, "portal_gateway_up", {"gateway": "carrier", "switch": "fs1"}),
        (1, "portal_switch_up", {"switch": "fs1"}),
        (2, "portal_switch_sessions", {"switch": "fs1"}),
        (1000, "portal_switch_max_sessions", {"switch": "fs1"}),
        (1, "portal_quarantine", {}),
        (0, "portal_spool_files", {}),
        (1, "portal_pool", {"kind": "number", "state": "free"}),
        (1, "portal_pool", {"kind": "extension", "state": "assigned"}),
        (1, "portal_jobs", {"state": "waiting"}),
        (0, "portal_jobs", {"state": "set_aside"}),
        (1, "portal_alarms", {"code": "gateway_down"}),
        (1, "portal_alarms_open", {}),
        (1, "portal_stale_quarter_hours", {}),
    ):
        assert value_of(text, name, **labels) == wanted, (name, labels)
    assert 99 <= value_of(text, "portal_last_record_age_seconds") < 160
    assert 49 <= value_of(text, "portal_jobs_oldest_due_seconds") < 110
    for canary in ("Canary", "canary", "1006", "17036879447", "12025550123", "192.0.2.7"):
        assert not re.search(rf"(?<![0-9.]){re.escape(canary)}", text), "neither as a label nor as what is counted by"


def test_a_switch_that_is_away_is_down(client: Client, token: dict[str, str], settings: Any) -> None:
    listened_to(settings, "fs1", is_up=False)
    assert value_of(client.get("/metrics", headers=token).content.decode(), "portal_switch_up", switch="fs1") == 0


def test_requests_are_counted_by_view_and_status(client: Client, token: dict[str, str]) -> None:
    def counted() -> float:
        text = client.get("/metrics", headers=token).content.decode()
        try:
            return value_of(
                text, "django_http_responses_total_by_status_view_method_total", status="200", view="healthz", method="GET"
            )
        except AssertionError:
            return 0

    before = counted()
    for _ in range(3):
        client.get("/healthz?secret=canary")
    assert counted() == before + 3
    client.get("/nothing/canary-path")
    text = client.get("/metrics", headers=token).content.decode()
    assert "django_http_requests_latency_seconds_by_view_method_bucket" in text
    assert "canary" not in text


def test_while_the_database_is_away_it_says_so(client: Client, token: dict[str, str]) -> None:
    with mock.patch("portal.metrics.measures", side_effect=OperationalError("gone")):
        response = client.get("/metrics", headers=token)
    text = response.content.decode()
    assert (response.status_code, value_of(text, "portal_database_up")) == (200, 0)
    assert "portal_pool" not in text
    assert "django_http_requests_total_by_method" in text


def test_the_number_of_queries_is_fixed(client: Client, token: dict[str, str], settings: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get("/metrics", headers=token).status_code == 200
        return len(found)

    [switch] = listened_to(settings, "fs1")
    few = queries()
    for place in range(20):
        talk(switch, None, None)
        register(switch, None, contact=str(place))
        Switch.objects.create(name=f"other{place}")
    assert queries() == few <= 25


# -- of several workers ----------------------------------------------------------------------------------------------------------


def scrape(portal: Portal, proof: dict[str, str]) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{portal.port}/metrics", headers=proof)
    with urllib.request.urlopen(request, timeout=30) as response:
        return str(response.read().decode())


def patiently(portal: Portal, proof: dict[str, str]) -> str:
    """Ask again where a worker was gone before it had answered."""
    for _ in range(40):
        try:
            return scrape(portal, proof)
        except OSError:
            time.sleep(0.25)
    raise AssertionError("nobody answers")


def answered(text: str) -> float:
    return value_of(text, "django_http_responses_total_by_status_view_method_total", status="200", view="healthz", method="GET")


@pytest.mark.xdist_group("machine")
def test_every_worker_tells_what_all_were_asked_also_those_that_were_killed(tmp_path: Path, token: dict[str, str]) -> None:
    with new_stand_in() as auth0:
        portal = Portal(tmp_path, auth0)
        portal.environment["GRANIAN_RESPAWN_FAILED_WORKERS"] = "true"
        portal.environment["METRICS_DIR"] = str(tmp_path / "metrics")
        (tmp_path / "metrics" / "999999999-1").mkdir(parents=True)
        with portal.running():
            for _ in range(60):
                urllib.request.urlopen(f"http://127.0.0.1:{portal.port}/healthz", timeout=30).close()
            assert {answered(scrape(portal, token)) for _ in range(12)} == {60}
            [folder] = (tmp_path / "metrics").iterdir()
            workers = {int(lock.read_text()) for lock in folder.glob("*.lock")}
            assert len(workers) > 1, "only one of them was started"
            os.kill(min(workers), signal.SIGKILL)
            assert {answered(text) for _ in range(6) if (text := patiently(portal, token))} == {60}


# -- where they count ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def counting(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.METRICS_DIR = tmp_path / "metrics"
    monkeypatch.delenv(metrics_files.VARIABLE, raising=False)
    monkeypatch.setattr(metrics_files, "_places", {})
    # What is counted by this process goes on being counted where it was.
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    return tmp_path / "metrics"


def test_the_folder_of_a_server_that_is_no_more_is_removed(counting: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    here = os.getpid()
    for name in (f"{gone.pid}-1", f"{here}-1", f"{here}-{metrics_files._began(here)}", "notes"):
        (counting / name).mkdir(parents=True)
    metrics_files.share_counts()
    own = f"{os.getppid()}-{metrics_files._began(os.getppid())}"
    assert {each.name for each in counting.iterdir()} == {own, f"{here}-{metrics_files._began(here)}", "notes"}
    assert os.environ.pop(metrics_files.VARIABLE) == str(counting / own)


WORKER = """
import sys
from pathlib import Path
from django.conf import settings
settings.configure(HAS_METRICS=True, METRICS_DIR=Path(sys.argv[1]))
from portal.metrics_files import share_counts
share_counts()
from prometheus_client import Counter
Counter("asked", "How often.").inc()
print("counted", flush=True)
sys.stdin.read()
"""


@contextmanager
def worker(folder: Path) -> Iterator[None]:
    """A worker that has counted one request, and is killed in the end."""
    command = [sys.executable, "-c", WORKER, str(folder)]
    options: dict[str, Any] = {"cwd": Path(metrics_files.__file__).parents[1], "text": True}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "counted\n"
        yield
        process.kill()


def test_whoever_comes_after_a_worker_that_is_gone_counts_on_in_its_files(tmp_path: Path) -> None:
    for _ in range(3):
        with worker(tmp_path), worker(tmp_path):
            pass
    [folder] = tmp_path.iterdir()
    assert {each.name for each in folder.iterdir()} == {"1.lock", "2.lock", "counter_1.db", "counter_2.db"}
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    assert registry.get_sample_value("asked_total") == 6


def test_without_metrics_nothing_is_made(counting: Path, settings: Any) -> None:
    settings.HAS_METRICS = False
    metrics_files.share_counts()
    assert not counting.exists()
    assert metrics_files.VARIABLE not in os.environ


def test_a_folder_that_the_operator_names_himself_is_left_alone(counting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(metrics_files.VARIABLE, "/elsewhere")
    metrics_files.share_counts()
    assert not counting.exists()


def test_a_folder_that_cannot_be_made_is_named(counting: Path) -> None:
    counting.write_text("a file")
    with pytest.raises(ImproperlyConfigured, match="METRICS_DIR"):
        metrics_files.share_counts()
