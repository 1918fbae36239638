"""The stand-in's HTTP server: on loopback, for its own name only, with nothing secret in what it writes down."""

import logging
import socket
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Final

from demo.auth0.messages import Answer, Request
from demo.auth0.settings import Address

MOST_BODY: Final = 64 * 1024
CLIENT_SECONDS: Final = 10
# On every answer: nothing here is for a cache, and no address is for anybody else to read.
HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)
logger = logging.getLogger(__name__)


class Handler(BaseHTTPRequestHandler):
    """Turns bytes into a request and an answer into bytes."""

    server: "Server"
    timeout = CLIENT_SECONDS

    def serve(self) -> None:
        """Answer one request."""
        answer = self._refusal() or self.server.answer(self._request())
        # None plays dead: the connection ends without a word.
        if answer is not None:
            self._send(answer)

    # The library looks for these names; which method an address takes is the endpoints' to say.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve  # noqa: N815

    def _refusal(self) -> Answer | None:
        """Refuse what no endpoint should see."""
        netloc = self.server.address.netloc
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Host", "").lower() != netloc:
            # Another name that leads here (DNS rebinding), or simply the wrong one of localhost and 127.0.0.1.
            return Answer.json({"error": "misdirected", "error_description": f"This is http://{netloc} only"}, 421)
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            return Answer.json({"error": "invalid_request", "error_description": "A Content-Length is needed"}, 411)
        if len(length) > len(str(MOST_BODY)) or int(length) > MOST_BODY:
            return Answer.json({"error": "invalid_request", "error_description": "The body is too large"}, 413)
        return None

    def _request(self) -> Request:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        return Request(self.command, path, query, headers, body)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in (*answer.headers, *HEADERS, ("Content-Length", str(len(answer.body)))):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def version_string(self) -> str:
        """Say what answers, and not which version of what."""
        return "Auth0StandIn"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Write nothing: the library would write down whole addresses, with the codes in them."""


class Server(ThreadingHTTPServer):
    """Serves one address, bound at once and listened on once it is activated; `answering` is told which it became."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: Address, answering: Callable[[Address], Callable[[Request], Answer | None]]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address.bind_host else socket.AF_INET
        super().__init__((address.bind_host, address.port), Handler, bind_and_activate=False)
        try:
            self.server_bind()
        except OSError:
            self.server_close()
            raise
        self.address = Address(address.host, self.server_address[1])
        self.answer = answering(self.address)

    def server_bind(self) -> None:
        """Bind without the look-up of this machine's name that HTTPServer does."""
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Write down a fault of ours, and nothing where a client just went away."""
        error = sys.exception()
        if not isinstance(error, (ConnectionError, TimeoutError)):
            logger.error("A request could not be answered", exc_info=error)
