"""Send one message to a target: by an address that was checked, within one deadline, following nothing."""

import http.client
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import certifi

from webhooks.targets import Address, Network, Target, TargetError, is_allowed

# For everything together: the connection, TLS, the request and the answer.
TOTAL_SECONDS: Final = 10.0
RESOLVED_WITHIN_SECONDS: Final = 5.0
MOST_READ: Final = 64 * 1024
KEPT: Final = 2 * 1024
# Told alike of a name that there is not and of one that leads inside: else the names of the inside could be tried out.
LEADS_NOWHERE: Final = "The host's name leads to no address that webhooks may reach."


class UnreachableError(Exception):
    """There was no answer; the message says why, and nothing that the owner of the webhook could not know."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver answered: its status, and the first bytes of its body as text."""

    status: int
    text: str


def post(target: Target, headers: Mapping[str, str], body: bytes, allowed: Sequence[Network]) -> Answer:
    """Send a message. Raises UnreachableError where no answer came, TargetError where the target may not be reached."""
    deadline = time.monotonic() + TOTAL_SECONDS
    addresses = resolve(target, allowed)
    problem = UnreachableError("Nobody listens there.")
    for address in addresses:
        connection = _Pinned(target, address, deadline)
        try:
            return _ask(connection, target, headers, body, deadline)
        except UnreachableError as error:
            # Only where no byte of the message was sent is another address of the host tried.
            if connection.connected or time.monotonic() >= deadline:
                raise
            problem = error
    raise problem


def resolve(target: Target, allowed: Sequence[Network]) -> list[Address]:
    """Return the addresses of a target's host. Raises TargetError where any of them may not be reached, UnreachableError."""
    addresses = [ipaddress.ip_address(host) for host in dict.fromkeys(_looked_up(target.host, target.port))]
    if not all(is_allowed(address, allowed) for address in addresses):
        raise TargetError(LEADS_NOWHERE)
    if target.scheme == "http" and not all(address.is_loopback for address in addresses):
        raise TargetError("Only https is spoken to other machines.")
    return addresses


def _looked_up(host: str, port: int) -> list[str]:
    """Ask the resolver, and wait for it no longer than some seconds: it knows no deadline of its own."""
    answers: queue.SimpleQueue[list[Any] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP))
        except (OSError, UnicodeError) as error:
            answers.put(OSError(str(error)))

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        found = answers.get(timeout=RESOLVED_WITHIN_SECONDS)
    except queue.Empty:
        raise UnreachableError("The host's name was not resolved in time.") from None
    if isinstance(found, OSError) or not found:
        raise UnreachableError(LEADS_NOWHERE)
    return [entry[4][0].partition("%")[0] for entry in found]


@cache
def trust() -> ssl.SSLContext:
    """Return how receivers prove who they are: by certificates that browsers take, or that this machine does."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever the host's name leads to by now; `Host` and TLS have the name."""

    def __init__(self, target: Target, address: Address, deadline: float) -> None:
        super().__init__(target.host, target.port, timeout=TOTAL_SECONDS)
        self._target, self._address, self._deadline = target, address, deadline
        self.connected = self.was_cut = False
        self._watch: threading.Timer | None = None

    def connect(self) -> None:
        """Connect, and see to it that nothing goes on beyond the deadline, however slowly it drips."""
        left = max(0.1, self._deadline - time.monotonic())
        raw = socket.create_connection((str(self._address), self.port), timeout=left)
        # What ends the connection ends this very socket: the one that TLS wraps would first say good-bye.
        self.sock = self._wrapped(raw) if self._target.scheme == "https" else raw
        self._watch = threading.Timer(max(0.1, self._deadline - time.monotonic()), self._cut)
        self._watch.daemon = True
        self._watch.start()
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.do_handshake()
        self.connected = True

    def _wrapped(self, raw: socket.socket) -> ssl.SSLSocket:
        return trust().wrap_socket(raw, server_hostname=self._target.host, do_handshake_on_connect=False)

    def _cut(self) -> None:
        self.was_cut = True
        sock = self.sock
        if sock is not None:
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                # The other end was quicker.
                return

    def close(self) -> None:
        """Close it, and watch it no longer."""
        if self._watch is not None:
            self._watch.cancel()
        super().close()


def _ask(connection: _Pinned, target: Target, headers: Mapping[str, str], body: bytes, deadline: float) -> Answer:
    try:
        connection.request("POST", target.path, body, {"Host": target.authority, **headers})
        response = connection.getresponse()
        if connection.was_cut:
            # What came of its head looks like a whole one.
            raise TimeoutError
        return Answer(response.status, _first_of(response))
    except ssl.SSLCertVerificationError as error:
        raise UnreachableError(f"The certificate is not valid for this host: {error.verify_message}.") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= deadline - 0.05 or isinstance(error, TimeoutError):
            raise UnreachableError(f"No answer came within {TOTAL_SECONDS:.0f} seconds.") from None
        raise UnreachableError(_why(error)) from None
    finally:
        connection.close()


def _first_of(response: http.client.HTTPResponse) -> str:
    """Return the first bytes of a body as text; nothing where it breaks off: the status is what counts."""
    try:
        head = response.read(MOST_READ)[:KEPT]
    except (OSError, http.client.HTTPException, ValueError):
        return ""
    return head.decode("utf-8", "replace").replace("\0", "")


def _why(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "Nobody listens there: the connection was refused."
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or 'the connection was closed'}."
    if isinstance(error, http.client.HTTPException) and not isinstance(error, ConnectionError):
        return "What came back is no answer of HTTP."
    return "The connection was closed before an answer came."
