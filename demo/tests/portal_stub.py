"""What the simulated switch takes for the portal: keeps what it gets, answers what the test says."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs

from demo.tests.conversations import CAPTURES

NOT_FOUND = b'<document type="freeswitch/xml"><section name="result"><result status="not found"/></section></document>'
DIRECTORY = (CAPTURES / "call-link-answered" / "01-directory-user_call.answer.xml").read_bytes()


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def fields(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}


@dataclass
class PortalStub:
    """Answers by the beginning of the path; `answers` may be changed while it runs."""

    requests: list[Request] = field(default_factory=list)
    answers: dict[str, tuple[int, bytes]] = field(
        default_factory=lambda: {
            "/freeswitch/xml": (200, DIRECTORY), "/freeswitch/cdr": (200, b""), "/freeswitch/recordings": (201, b""),
        }
    )  # fmt: skip

    def __enter__(self) -> Self:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stub.requests.append(Request(self.command, self.path, self.headers.items(), body))
                status, answer = next((stub.answers[path] for path in stub.answers if self.path.startswith(path)), (404, b""))
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_PUT = _serve  # noqa: N815 - http.server wants it

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.005})
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def got(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path.startswith(path)]

    @property
    def records(self) -> list[Request]:
        return self.got("/freeswitch/cdr")
