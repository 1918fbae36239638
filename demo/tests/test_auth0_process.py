"""The stand-in as a process: where it may run, what it is told, how it starts and ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from demo.auth0 import Auth0StandIn
from demo.auth0.__main__ import main
from demo.auth0.settings import Address, SettingError, address_from, settings_from

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    "AUTH0_BASE_URL": "http://127.0.0.1:0",
    "AUTH0_CLIENT_ID": "portal",
    "AUTH0_CLIENT_SECRET": "process-secret-canary",
    "AUTH0_AUDIENCE": "https://api.portal.example",
    "PUBLIC_URL": "http://127.0.0.1:8000/",
}


# -- where it may run -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.0.2.1", "127.0.0.1.evil.example", "127.0.0.2", "portal.example"])  # noqa: S104
def test_it_binds_loopback_only(host: str) -> None:
    with pytest.raises(SettingError, match="loopback"):
        Auth0StandIn(host=host)
    with pytest.raises(SettingError, match="loopback"):
        address_from({"AUTH0_BASE_URL": f"http://{host}:8010"}, host, 8010)
    with pytest.raises(SettingError, match="AUTH0_BASE_URL must be exactly the http loopback address"):
        address_from({"AUTH0_BASE_URL": f"http://{host}:8010"})


@pytest.mark.parametrize("environment", [{}, {"AUTH0_BASE_URL": ""}, {"AUTH0_BASE_URL": " "}])
def test_it_does_not_start_unless_a_setting_names_it(environment: dict[str, str]) -> None:
    with pytest.raises(SettingError, match=r"AUTH0_BASE_URL is not set.*exactly the http loopback address.*http://127"):
        address_from(environment, "127.0.0.1", 8010)


@pytest.mark.parametrize(
    "named",
    [
        "https://127.0.0.1:8010", "http://127.0.0.1:8011", "http://localhost:8010", "http://127.0.0.1:8010/x", "127.0.0.1:8010",
        "http://127.0.0.1", "https://tenant.eu.auth0.com", "http://user@127.0.0.1:8010", "http://127.0.0.1:08010",
        "http://127.0.0.1:99999", "http://[::1", "http://127.0.0.1:8010?x", "HTTP://127.0.0.1:8010",
    ],
)  # fmt: skip
def test_the_setting_names_exactly_the_address(named: str) -> None:
    with pytest.raises(SettingError, match="AUTH0_BASE_URL must be exactly"):
        address_from({"AUTH0_BASE_URL": named}, "127.0.0.1", 8010)


def test_addresses_that_are_right() -> None:
    named = {"AUTH0_BASE_URL": "http://127.0.0.1:8010/"}
    assert address_from(named) == address_from(named, "127.0.0.1", 8010) == Address("127.0.0.1", 8010)
    assert address_from({"AUTH0_BASE_URL": "http://[::1]:8010"}).url == "http://[::1]:8010"
    assert address_from({"AUTH0_BASE_URL": "http://localhost:8010"}).bind_host == "127.0.0.1"
    assert address_from({"AUTH0_BASE_URL": "http://127.0.0.1:0"}, port=0).port == 0
    # Any free port is not the one that the portal was told.
    with pytest.raises(SettingError, match="AUTH0_BASE_URL must be exactly"):
        address_from(named, port=0)


def test_the_tenant_is_what_the_portal_was_told() -> None:
    settings = settings_from(ENVIRONMENT | {"AUTH0_ROLES_CLAIM": "https://x.example/roles"}, token_lifetime=60)
    assert settings.clients == {"portal": "process-secret-canary"}
    assert settings.callbacks == ("http://127.0.0.1:8000/complete/auth0/", "http://127.0.0.1:8000/api/v2/auth/callback")
    assert settings.logout_urls == ("http://127.0.0.1:8000/login",)
    assert settings.audiences == ("https://api.portal.example",)
    assert (settings.roles_claim, settings.token_lifetime) == ("https://x.example/roles", 60)
    plain = settings_from({"AUTH0_CLIENT_ID": "a", "AUTH0_CLIENT_SECRET": "b", "PORT": "8123"})
    assert plain.callbacks[0] == "http://127.0.0.1:8123/complete/auth0/"
    assert (plain.audiences, plain.roles_claim, plain.token_lifetime) == ((), "https://mediamagic.dev/roles", 259200)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"AUTH0_CLIENT_ID": ""}, "AUTH0_CLIENT_ID"),
        ({"AUTH0_CLIENT_SECRET": " "}, "AUTH0_CLIENT_SECRET"),
        ({"PUBLIC_URL": "ftp://x"}, "PUBLIC_URL"),
    ],
)
def test_a_tenant_that_is_not_whole(changes: dict[str, str], named: str) -> None:
    with pytest.raises(SettingError, match=named) as error:
        settings_from(ENVIRONMENT | changes)
    assert "canary" not in str(error.value)


def test_it_has_no_address_before_it_starts() -> None:
    with pytest.raises(RuntimeError, match="before it is started"):
        _ = Auth0StandIn().base_url


# -- the process ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-m", "demo.auth0", "--port", "0", "--state", str(tmp_path / "state"), "--token-lifetime", "60"],
        cwd=ROOT, env={"PATH": os.environ["PATH"], **ENVIRONMENT}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield child
    child.kill()
    child.communicate(timeout=10)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_process(process: subprocess.Popen[str], end: signal.Signals) -> None:
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:")
    # What it serves is what it was told: the portal's callbacks, the client, the audience.
    answer = requests.get(
        f"{address}/authorize",
        {
            "client_id": "portal",
            "redirect_uri": "http://127.0.0.1:8000/complete/auth0/",
            "state": "state-canary",
            "prompt": "none",
        },
        allow_redirects=False,
        timeout=10,
    )
    assert answer.headers["Location"].startswith("http://127.0.0.1:8000/complete/auth0/?error=unsupported_response_type")
    wrong = {"grant_type": "refresh_token", "client_id": "portal", "client_secret": "guess-canary", "refresh_token": "canary"}
    assert requests.post(f"{address}/oauth/token", wrong, timeout=10).status_code == 401
    process.send_signal(end)
    output, log = process.communicate(timeout=10)
    assert process.returncode == 0
    assert output == ""
    assert "GET /authorize 302" in log
    assert "canary" not in log


def run_main(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], *arguments: str) -> int:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["demo.auth0", *arguments])
    # As if somebody asked for an end at once.
    monkeypatch.setattr(signal, "signal", lambda number, handler: handler(number, None))
    return main()


def test_the_process_ends_when_it_is_asked_to(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main(monkeypatch, ENVIRONMENT) == 0
    output = capsys.readouterr()
    assert output.out.startswith("http://127.0.0.1:")
    with pytest.raises(requests.ConnectionError):
        requests.get(output.out.strip(), timeout=10)


@pytest.mark.parametrize(
    ("changes", "arguments", "said"),
    [
        ({"AUTH0_BASE_URL": ""}, (), "AUTH0_BASE_URL is not set"),
        ({"AUTH0_BASE_URL": "http://0.0.0.0:0"}, (), "AUTH0_BASE_URL must be exactly the http loopback address"),
        ({"AUTH0_BASE_URL": "https://tenant.eu.auth0.com"}, (), "AUTH0_BASE_URL must be exactly the http loopback address"),
        ({}, ("--host", "0.0.0.0"), "binds loopback only"),  # noqa: S104
        ({}, ("--port", "8010"), "AUTH0_BASE_URL must be exactly"),
        ({"AUTH0_CLIENT_SECRET": ""}, (), "AUTH0_CLIENT_SECRET is not set"),
    ],
)
def test_the_process_says_why_it_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    changes: dict[str, str], arguments: tuple[str, ...], said: str,
) -> None:  # fmt: skip
    assert run_main(monkeypatch, ENVIRONMENT | changes, *arguments) == 2
    output = capsys.readouterr()
    assert said in output.err
    assert output.err.count("\n") == 1
    assert output.out == ""


def test_the_process_says_that_its_port_is_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], auth0: Auth0StandIn
) -> None:
    assert run_main(monkeypatch, ENVIRONMENT | {"AUTH0_BASE_URL": auth0.base_url}) == 1
    assert "cannot listen: Address already in use" in capsys.readouterr().err
