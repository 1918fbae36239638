"""The stand-in as a server and as a process: where it may run, what it writes down, how it goes away and comes back."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
import requests

from demo.auth0 import Auth0StandIn
from demo.auth0.__main__ import main
from demo.auth0.settings import Address, SettingError, address_from, settings_from
from demo.tests.auth0_client import AFTER_LOGOUT, CALLBACK, VERIFIER, Application, Clock, new_stand_in, refusal

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


# -- the server ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "::1"])
def test_other_names_of_this_machine(host: str) -> None:
    with new_stand_in(host=host) as auth0:
        application = Application(auth0)
        assert application.verified(application.tokens()["access_token"], "https://api.portal.example")


def test_it_answers_to_its_own_name_only(auth0: Auth0StandIn) -> None:
    port = auth0.base_url.rpartition(":")[2]
    for host in ("evil.example", f"evil.example:{port}", f"localhost:{port}", "127.0.0.1", ""):
        answer = requests.get(auth0.jwks_url, headers={"Host": host}, timeout=10)
        assert answer.status_code == 421
        assert "keys" not in answer.text
    assert auth0.jwks_requests == 0


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/authorize", "GET"), ("GET", "/u/login", "POST"), ("GET", "/oauth/token", "POST"), ("DELETE", "/userinfo", "GET, POST"),
        ("POST", "/v2/logout", "GET"), ("PUT", "/.well-known/jwks.json", "GET"), ("HEAD", "/authorize", "GET"),
        ("OPTIONS", "/oauth/token", "POST"), ("PATCH", "/-/rotate", "POST"),
    ],
)  # fmt: skip
def test_wrong_methods(auth0: Auth0StandIn, method: str, path: str, allowed: str) -> None:
    answer = requests.request(method, f"{auth0.base_url}{path}", timeout=10)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/oauth/token/", "/.well-known", "//evil.example", "/u/login/..", "/<script>"])
def test_addresses_that_are_none(auth0: Auth0StandIn, path: str) -> None:
    answer = requests.get(f"{auth0.base_url}{path}", allow_redirects=False, timeout=10)
    assert answer.status_code == 404
    assert "<script" not in answer.text
    assert auth0.requests[-1] == ("GET", "(unknown)", 404)


def test_bodies_that_are_too_large_or_endless(auth0: Auth0StandIn) -> None:
    address = f"{auth0.base_url}/oauth/token"
    host, port = "127.0.0.1", int(auth0.base_url.rpartition(":")[2])
    assert refusal(requests.post(address, b"x" * 65536, timeout=10)) == (400, "invalid_request")
    for headers in (
        "Content-Length: 65537",
        f"Content-Length: {'9' * 5000}",
        "Content-Length: -1",
        "Content-Length: ²",
        "Transfer-Encoding: chunked",
    ):
        with socket.create_connection((host, port), timeout=10) as client:
            client.sendall(f"POST /oauth/token HTTP/1.1\r\nHost: {host}:{port}\r\n{headers}\r\n\r\n".encode("latin-1"))
            assert client.recv(100).split()[1] in (b"411", b"413")
    # No endpoint saw any but the first.
    assert list(auth0.requests) == [("POST", "/oauth/token", 400)]


def test_a_client_that_goes_away_is_nobodys_fault(auth0: Auth0StandIn, caplog: pytest.LogCaptureFixture) -> None:
    host, port = "127.0.0.1", int(auth0.base_url.rpartition(":")[2])
    with socket.create_connection((host, port), timeout=10) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        client.sendall(f"POST /oauth/token HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 10\r\n\r\nx".encode())
    time.sleep(0.2)
    assert requests.get(auth0.jwks_url, timeout=10).ok
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_fault_of_ours_is_written_down(
    auth0: Auth0StandIn, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth0._keys, "jwks", lambda: 1 / 0)
    with pytest.raises(requests.ConnectionError):
        requests.get(auth0.jwks_url, timeout=10)
    assert "ZeroDivisionError" in caplog.text


# -- signing out --------------------------------------------------------------------------------------------------------------


def logout(application: Application, query: str) -> requests.Response:
    return application.visitor.browser.get(f"{application.auth0.base_url}/v2/logout{query}", allow_redirects=False, timeout=10)


@pytest.mark.parametrize("target", [AFTER_LOGOUT, f"{AFTER_LOGOUT}?from=auth0"])
def test_signing_out_ends_the_session_here(application: Application, target: str) -> None:
    application.sign_in()
    cookie = application.visitor.browser.cookies["auth0_stand_in"]
    answer = logout(application, f"?client_id=demo-client&returnTo={requests.utils.quote(target, safe='')}")
    assert (answer.status_code, answer.headers["Location"]) == (302, target)
    assert "auth0_stand_in" not in application.visitor.browser.cookies
    # The cookie is dead also for whoever kept a copy.
    again = requests.get(
        application.authorize_url(prompt="none"), cookies={"auth0_stand_in": cookie}, allow_redirects=False, timeout=10
    )
    assert "login_required" in again.headers["Location"]


def test_signing_out_without_an_address(application: Application) -> None:
    assert logout(application, "?client_id=demo-client").headers["Location"] == AFTER_LOGOUT
    plain = logout(application, "")
    assert (plain.status_code, plain.text) == (200, "OK")


@pytest.mark.parametrize(
    "query",
    [
        "?client_id=demo-client&returnTo=https://evil.example/",
        "?client_id=demo-client&returnTo=//evil.example",
        f"?client_id=demo-client&returnTo={AFTER_LOGOUT}/",
        f"?client_id=demo-client&returnTo={AFTER_LOGOUT}/../x",
        f"?client_id=demo-client&returnTo={AFTER_LOGOUT.upper()}",
        f"?client_id=demo-client&returnTo={CALLBACK}",
        "?client_id=demo-client&returnTo=",
        f"?client_id=somebody&returnTo={AFTER_LOGOUT}",
        f"?returnTo={AFTER_LOGOUT}",
        f"?client_id=demo-client&returnTo={AFTER_LOGOUT}&returnTo=https://evil.example/",
        "?client_id=demo-client&returnTo=%ff",
    ],
)
def test_signing_out_leads_nowhere_else(application: Application, query: str) -> None:
    application.sign_in()
    answer = logout(application, query)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "login_required" in application.ask(prompt="none").headers["Location"]


# -- what it writes down ------------------------------------------------------------------------------------------------------


def test_the_log_has_no_secret(application: Application, auth0: Auth0StandIn, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="demo")
    code = application.sign_in(state="state-canary", nonce="nonce-canary")["code"]
    tokens = application.swap(code).json()
    application.userinfo(tokens["access_token"])
    application.refresh(tokens["refresh_token"])
    requests.get(f"{auth0.base_url}/canary?token=canary", timeout=10)
    written = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("demo"))
    written += repr(list(auth0.requests))
    assert ("POST", "/oauth/token", 200) in auth0.requests
    assert "/oauth/token 200" in written
    for secret in (code, VERIFIER, auth0.client_secret, auth0.settings.password, "canary", *tokens.values()):
        assert str(secret) not in written, secret


def test_key_requests_are_counted(auth0: Auth0StandIn) -> None:
    client = jwt.PyJWKClient(auth0.jwks_url)
    assert auth0.jwks_requests == 0
    client.get_signing_key_from_jwt(auth0.mint())
    client.get_signing_key_from_jwt(auth0.mint())
    assert auth0.jwks_requests == 1


# -- outages --------------------------------------------------------------------------------------------------------------------


def test_an_outage_that_refuses_connections(application: Application, auth0: Auth0StandIn) -> None:
    tokens, address = application.tokens(), auth0.base_url
    auth0.down()
    with pytest.raises(requests.ConnectionError):
        requests.get(auth0.jwks_url, timeout=10)
    with pytest.raises(jwt.PyJWKClientConnectionError):
        jwt.PyJWKClient(auth0.jwks_url).get_jwk_set()
    # Nobody else gets the port meanwhile.
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", int(address.rpartition(":")[2])))
    auth0.up()
    assert auth0.base_url == address
    assert application.refresh(tokens["refresh_token"]).status_code == 200


def test_an_outage_that_answers_errors(auth0: Auth0StandIn) -> None:
    auth0.down("error")
    answer = requests.get(auth0.jwks_url, timeout=10)
    assert answer.status_code == 503
    assert "keys" not in answer.text
    assert auth0.jwks_requests == 1
    auth0.up()
    assert requests.get(auth0.jwks_url, timeout=10).ok


def test_an_outage_that_says_nothing(auth0: Auth0StandIn) -> None:
    auth0.down("hang")
    began = time.monotonic()
    with pytest.raises(requests.Timeout):
        requests.get(auth0.jwks_url, timeout=0.3)
    assert time.monotonic() - began >= 0.3
    freed: list[Exception] = []

    def wait() -> None:
        try:
            requests.get(auth0.jwks_url, timeout=20)
        except requests.ConnectionError as error:
            freed.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    while auth0.jwks_requests < 2:
        time.sleep(0.01)
    auth0.up()
    waiting.join(5)
    assert len(freed) == 1
    assert requests.get(auth0.jwks_url, timeout=10).ok


def test_it_can_be_stopped_and_started_and_stopped_twice(clock: Clock) -> None:
    auth0 = new_stand_in(clock).start()
    application, address = Application(auth0), auth0.base_url
    tokens = application.tokens()
    auth0.stop()
    auth0.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{address}/userinfo", timeout=10)
    auth0.start()
    assert auth0.base_url == address
    assert application.userinfo(tokens["access_token"]).ok
    auth0.down()
    auth0.stop()
    # An outage that ends after the stop starts nothing.
    auth0.up()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{address}/userinfo", timeout=10)
    with auth0:
        assert requests.get(auth0.jwks_url, timeout=10).ok


def test_one_outage_takes_the_place_of_another(auth0: Auth0StandIn) -> None:
    auth0.down()
    auth0.down("error")
    assert requests.get(auth0.jwks_url, timeout=10).status_code == 503
    auth0.down("refuse")
    with pytest.raises(requests.ConnectionError):
        requests.get(auth0.jwks_url, timeout=10)
    auth0.up()
    auth0.up()
    assert requests.get(auth0.jwks_url, timeout=10).ok


def test_a_port_that_is_taken(auth0: Auth0StandIn) -> None:
    with pytest.raises(OSError, match="in use"):
        new_stand_in(port=int(auth0.base_url.rpartition(":")[2])).start()


# -- the process ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-m", "demo.auth0", "--port", "0", "--state", str(tmp_path / "state"), "--token-lifetime", "60"],
        cwd=ROOT, env={"PATH": os.environ["PATH"], **ENVIRONMENT}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield child
    child.kill()
    child.communicate()


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
