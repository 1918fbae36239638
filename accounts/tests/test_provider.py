"""Speaking to Auth0: only to it, only briefly, only over few bytes."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from accounts import provider
from accounts.provider import ProviderUnavailableError, ask


class Server(ThreadingHTTPServer):
    """Answers as the test wants, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer: Callable[[BaseHTTPRequestHandler], None] = lambda handler: reply(handler, b"{}")
        self.seen: list[tuple[str, str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, body))
        self.server.answer(self)

    do_POST = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        pass


def reply(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield running
        running.shutdown()
        thread.join(10)


def test_a_document_and_a_form(server: Server) -> None:
    server.answer = lambda handler: reply(handler, b'{"keys": []}', 404)
    assert ask(f"{server.url}/jwks") == (404, {"keys": []})
    assert ask(f"{server.url}/token", {"code": "a b&c", "secret": "ü"}) == (404, {"keys": []})
    assert server.seen == [("GET", "/jwks", b""), ("POST", "/token", b"code=a+b%26c&secret=%C3%BC")]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_led_elsewhere(server: Server, status: int) -> None:
    server.answer = lambda handler: reply(handler, b"{}", status, Location="/elsewhere")
    for form in (None, {"client_secret": "canary"}):
        with pytest.raises(ProviderUnavailableError):
            ask(f"{server.url}/token", form)
    assert [path for _, path, _ in server.seen] == ["/token", "/token"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 500),
        (b"{}", 503),
        (b"", 200),
        (b"<html>", 200),
        (b"[]", 200),
        (b'"x"', 200),
        (b"\xff", 200),
        (b"[" * 100_000, 200),
    ],
)
def test_what_is_no_answer_of_auth0s(server: Server, body: bytes, status: int) -> None:
    server.answer = lambda handler: reply(handler, body, status)
    with pytest.raises(ProviderUnavailableError):
        ask(server.url)


def test_an_answer_too_long(server: Server) -> None:
    server.answer = lambda handler: reply(handler, b'{"a": "' + b"a" * 256 * 1024 + b'"}')
    with pytest.raises(ProviderUnavailableError, match="too long"):
        ask(server.url)
    server.answer = lambda handler: reply(handler, b'{"a": "' + b"a" * 255 * 1024 + b'"}')
    assert ask(server.url).status == 200


def test_an_answer_that_drips_and_one_that_never_comes(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "TIMEOUT_SECONDS", 0.3)
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        while not over.wait(0.05):
            try:
                handler.wfile.write(b" ")
            except OSError:
                return

    for answer in (drip, lambda _: over.wait(5)):
        server.answer = answer
        began = time.monotonic()
        with pytest.raises(ProviderUnavailableError):
            ask(server.url)
        assert time.monotonic() - began < 2
    over.set()


def test_nobody_there_and_nothing_of_the_form_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(ProviderUnavailableError) as caught:
            ask(f"http://127.0.0.1:{closed.getsockname()[1]}/?code=canary", {"client_secret": "canary"})
    assert "canary" not in f"{caught.value!r} {caught.value.__cause__} {caplog.text}"


def test_an_answer_that_is_cut_off(server: Server) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"keys": []}')

    server.answer = cut
    with pytest.raises(ProviderUnavailableError):
        ask(server.url)
