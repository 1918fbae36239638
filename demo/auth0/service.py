"""The running stand-in: started, stopped, taken down for a while, its requests written down."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, NamedTuple, Self

from demo.auth0.endpoints import JWKS_PATH, Endpoints
from demo.auth0.keys import KeyRing, SigningKey
from demo.auth0.memory import Memory
from demo.auth0.messages import Answer, Request
from demo.auth0.server import Server
from demo.auth0.settings import Address, Settings
from demo.auth0.tokens import Tokens

# How an outage looks: nobody listens, every answer is a 503, or there is no answer at all.
Outage = Literal["refuse", "error", "hang"]
REMEMBERED_REQUESTS: Final = 1000
HANG_SECONDS: Final = 30
logger = logging.getLogger(__name__)


class LoggedRequest(NamedTuple):
    """A request as it may be written down: no query, no header, no body."""

    method: str
    path: str
    status: int


class Service:
    """One tenant on one loopback address, in threads of this process."""

    def __init__(
        self, settings: Settings, address: Address, state: Path | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.settings = settings
        self.requests: deque[LoggedRequest] = deque(maxlen=REMEMBERED_REQUESTS)
        self.jwks_requests = 0
        self._address = address
        self._clock = clock
        self._keys = KeyRing(state)
        self._memory = Memory(clock, state)
        self._outage: Outage | None = None
        self._over = threading.Event()
        self._counting = threading.Lock()
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    # -- coming and going ----------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Serve from now on. Raises OSError where the port is taken."""
        self._bind()
        self._listen()
        return self

    def stop(self) -> None:
        """Serve no more; another start takes the same port."""
        self._outage = None
        self._over.set()
        self._close()

    def down(self, how: Outage = "refuse") -> None:
        """Begin an outage, instead of one that is under way; the port stays this stand-in's own."""
        self.up()
        self._over.clear()
        self._outage = how
        if how == "refuse":
            self._close()
            # Bound and not listened on: connections are refused, and nobody else gets the port.
            self._bind()

    def up(self) -> None:
        """End the outage."""
        how, self._outage = self._outage, None
        self._over.set()
        if how == "refuse":
            self._listen()

    def _bind(self) -> None:
        self._server = Server(self._address, self._answering)

    def _answering(self, address: Address) -> Callable[[Request], Answer | None]:
        # Where any free port was asked for, only now is it known which.
        self._address = address
        endpoints = Endpoints(self.base_url, self.settings, self._keys, self._memory, self._tokens)
        return lambda request: self._answer(endpoints, request)

    def _listen(self) -> None:
        if self._server is not None:
            self._server.server_activate()
            self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
            self._thread.start()

    def _close(self) -> None:
        if self._thread is not None and self._server is not None:
            self._server.shutdown()
            self._thread.join()
        if self._server is not None:
            self._server.server_close()
        self._server = self._thread = None

    # -- what it is and what it was asked --------------------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        """What AUTH0_BASE_URL has to be; known once it was started."""
        if not self._address.port:
            raise RuntimeError("the stand-in has no address before it is started")
        return self._address.url

    @property
    def issuer(self) -> str:
        """The `iss` of its tokens."""
        return f"{self.base_url}/"

    @property
    def jwks_url(self) -> str:
        """Where its keys are published."""
        return f"{self.base_url}{JWKS_PATH}"

    @property
    def signing_key(self) -> SigningKey:
        """The key that signs now."""
        return self._keys.current

    @property
    def _tokens(self) -> Tokens:
        return Tokens(self.base_url, self.settings, self._keys, self._memory, self._clock)

    def rotate(self) -> str:
        """Sign with a new key from now on; return its kid."""
        return self._keys.rotate().kid

    def _answer(self, endpoints: Endpoints, request: Request) -> Answer | None:
        known = request.path in endpoints.routes
        with self._counting:
            self.jwks_requests += request.path == JWKS_PATH
        answer = self._while_down() if self._outage else endpoints.answer(request)
        # An address that is not ours is not repeated: it may hold anything.
        line = LoggedRequest(request.method, request.path if known else "(unknown)", answer.status if answer else 0)
        self.requests.append(line)
        logger.info("%s %s %s", *line)
        return answer

    def _while_down(self) -> Answer | None:
        if self._outage == "hang":
            self._over.wait(HANG_SECONDS)
            return None
        return Answer.json({"error": "temporarily_unavailable"}, 503)
