"""The stand-in as a server: whom it answers, what it writes down, how it goes away and comes back."""

import socket
import threading
import time

import jwt
import pytest
import requests

from demo.auth0 import Auth0StandIn
from demo.tests.auth0_client import AFTER_LOGOUT, CALLBACK, VERIFIER, Application, Clock, new_stand_in, refusal


def has_ipv6() -> bool:
    """Tell whether this machine has the other loopback address; many containers have not."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


NAMES = ["localhost", "::1"] if has_ipv6() else ["localhost"]

# -- the server ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", NAMES)
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
    deadline = time.monotonic() + 10
    while auth0.jwks_requests < 2 and time.monotonic() < deadline:
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
