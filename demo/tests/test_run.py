"""`make run`: sets up once, starts, tells how to sign in, stops everything."""

import contextlib
import json
import os
import random
import re
import signal
import socket
import stat
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo import run as running
from demo.environment import SECRETS, make_env_file, remembered, write_private
from demo.run import RunError, Runner, check_port, main, read_settings
from demo.services import AUTH0_OFFSET, SWITCH_OFFSET, services, stand_in_settings

# One after the other: each of them takes the machine's ports and both its cores.
pytestmark = pytest.mark.xdist_group("machine")


def three_free_ports() -> int:
    """Return the first of three ports in a row that are free: the portal's and its stand-ins'."""
    for port in random.sample(range(21000, 32000, 3), 50):
        with contextlib.suppress(RunError):
            for each in (port, port + AUTH0_OFFSET, port + SWITCH_OFFSET):
                check_port(each)
            return port
    raise AssertionError("no three ports in a row are free")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it yet: own folder, own port, own database."""
    port = three_free_ports()
    # What the tests themselves run with is not this machine's.
    for name in (
        *SECRETS,
        "DJANGO_SETTINGS_MODULE",
        "DEBUG",
        "ALLOWED_HOSTS",
        "FREESWITCH_HTTP_USER",
        "AUTH0_DOMAIN",
        "AUTH0_BASE_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENV_FILE", str(tmp_path / ".env"))
    monkeypatch.setenv("PORTAL_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/portal.sqlite3")
    monkeypatch.setenv("RECORDINGS_URL", f"file://{tmp_path}/recordings")
    monkeypatch.setenv("STATIC_ROOT", str(tmp_path / "static"))
    monkeypatch.setenv("PORT", str(port))
    # Nobody calls but the test.
    monkeypatch.setenv("DEMO_CALLS_EVERY", "0")
    return tmp_path


ANSWERS_WITHIN_SECONDS = 20
LINES = (
    "/api/v2/assign-number",
    "/api/v2/call-recording",
    "/api/v2/call-link?source_number=2762087784&destination_number=2403019517",
)


def asked(address: str, key: str) -> Any:
    """Return what the API answers to a key."""
    request = urllib.request.Request(address, headers={"x-mediamagic-key": key})
    with urllib.request.urlopen(request, timeout=ANSWERS_WITHIN_SECONDS) as answer:
        return json.load(answer)


def followed(url: str, key: str, link_id: int) -> list[str]:
    """Return the states of a link until it has ended."""
    states: list[str] = []
    for _ in range(200):
        link = asked(f"{url}/api/v2/call-link/{link_id}", key)
        if link["status"] not in states:
            states.append(link["status"])
        if link["ended_at"]:
            break
        time.sleep(0.2)
    return states


def run_until_ready(then: Callable[[str], None]) -> int:
    """Run in this thread; once the portal is ready, do something in another."""
    url = f"http://127.0.0.1:{os.environ['PORT']}"

    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            try:
                with urllib.request.urlopen(f"{url}/readyz", timeout=2):
                    break
            except OSError:
                time.sleep(0.1)
        # Let the welcome be printed: it comes right after the portal is ready. A signal for a run that is over would
        # end the tests themselves.
        if not over.wait(1):
            then(url)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        return main()
    finally:
        over.set()
        thread.join(ANSWERS_WITHIN_SECONDS)


def test_a_first_and_a_second_run(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = []

    def look_and_stop(url: str) -> None:
        try:
            with urllib.request.urlopen(f"{url}/login", timeout=ANSWERS_WITHIN_SECONDS) as page:
                seen.append(page.read().decode())
            key = json.loads((machine / "var" / "demo.json").read_text())["key"]
            seen.extend(asked(f"{url}{path}", key) for path in LINES)
            seen.append(followed(url, key, seen[-1]["id"]))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    assert run_until_ready(look_and_stop) == 0
    first = capsys.readouterr().out
    assert "Sign in" in seen[0]
    assert (seen[1]["phone_number"], seen[1]["extension"]) == ("17036879447", "1006")
    assert len(seen[2]) > 20
    assert seen[3]["status"] in ("queued", "ringing_source")
    assert seen[4][-1] == "completed", "the link lives from its first ring to its end"
    assert "bridged" in seen[4]
    key = re.search(r"1006, key ([0-9a-f-]{36})", first)[1]
    password = re.search(r"password +(\S+)", first)[1]
    assert first.count(f"--header 'x-mediamagic-key: {key}'") == 3
    for part in ("assign-number'", "call-recording'", "call-link?source_number=2762087784&destination_number=2403019517'"):
        assert f"/api/v2/{part}" in first
    assert stat.S_IMODE((machine / ".env").stat().st_mode) == 0o600
    assert stat.S_IMODE((machine / "var" / "demo.json").stat().st_mode) == 0o600
    assert password not in (machine / "var" / "log" / "server.log").read_text()
    check_port(int(os.environ["PORT"]))

    secrets = (machine / ".env").read_text()
    assert run_until_ready(lambda _: os.kill(os.getpid(), signal.SIGINT)) == 0
    second = capsys.readouterr().out
    assert key in second
    assert password in second
    assert "Made .env" not in second
    assert (machine / ".env").read_text() == secrets
    check_port(int(os.environ["PORT"]))


def test_a_server_that_dies_is_told(machine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runner, "show", lambda *_: None)
    monkeypatch.setattr(running, "server_command", lambda port: ["python3", "-c", "raise SystemExit(3)"])
    assert main() == 1
    assert "did not become ready" in capsys.readouterr().err
    # Ready, and then gone by itself.
    monkeypatch.setattr(running, "wait_until_ready", lambda *_: None)
    assert main() == 1
    assert "The server stopped by itself (status 3)" in capsys.readouterr().err


def test_a_port_that_is_taken(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", int(os.environ["PORT"])))
        other.listen()
        assert main() == 1
    message = capsys.readouterr().err
    assert "is not free" in message
    assert "make run PORT=" in message
    assert not (machine / "portal.sqlite3").exists()


def test_a_switch_and_a_tenant_of_ones_own_are_used_instead(tmp_path: Path) -> None:
    secrets = {"switch_password": "s", "auth0_secret": "a"}
    ours = {"FREESWITCH_ESL_URL": "esl://:x@10.0.0.1", "AUTH0_DOMAIN": "tenant.example.com"}
    assert stand_in_settings(ours, 8000, secrets) == {"PUBLIC_URL": "http://127.0.0.1:8000"}
    assert [service.name for service in services({}, 8000, tmp_path)] == ["listener", "worker"]
    theirs = stand_in_settings({}, 8000, secrets)
    assert theirs["FREESWITCH_ESL_URL"] == "esl://:s@127.0.0.1:8002"
    assert theirs["AUTH0_BASE_URL"] == "http://127.0.0.1:8001"
    assert [service.name for service in services(theirs, 8000, tmp_path)] == ["auth0", "switch", "listener", "worker"]


def test_a_command_that_is_shown_and_fails(machine: Path) -> None:
    with pytest.raises(RunError, match="failed"):
        Runner().show("python3", "-c", "raise SystemExit(4)")


def test_a_command_that_fails_says_why(machine: Path) -> None:
    make_env_file(machine / ".env")
    with pytest.raises(RunError, match=r"manage\.py nonsense failed: .*nonsense"):
        Runner().manage("nonsense")


def test_a_child_that_does_not_listen_is_ended_by_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "STOP_WITHIN_SECONDS", 0.5)
    runner = Runner()
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    child = runner.start(["python3", "-c", deaf])
    time.sleep(0.3)
    runner.stop()
    assert child.returncode is not None


def test_secrets_are_made_once(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert make_env_file(path)
    made = read_settings(path)
    assert set(made) == set(SECRETS)
    assert all(len(value) >= 32 for value in made.values())
    assert len(set(made.values())) == len(SECRETS)
    path.write_text("MINE=1\n# NOT=this\n")
    assert not make_env_file(path)
    assert read_settings(path) == {"MINE": "1"}
    assert read_settings(tmp_path / "none") == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "5"])
def test_what_was_remembered_may_be_damaged(tmp_path: Path, text: str) -> None:
    assert remembered(tmp_path / "none") == {}
    write_private(tmp_path / "f", text)
    assert remembered(tmp_path / "f") == {}
