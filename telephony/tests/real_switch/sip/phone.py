"""A softphone for what no other one can be told to do: prove itself as somebody else, ring on, be busy, transfer."""

import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Final

from telephony.tests.real_switch.sip.calls import CHALLENGES, Call
from telephony.tests.real_switch.sip.messages import SipMessage, proof, token, user_of

PATIENCE_SECONDS: Final = 30.0
Header = tuple[str, str]


class Phone:
    """A user agent on a port of its own; `hertz` is the tone that it speaks.

    What it does with a call that comes in is `policy`: "answer", "ring", "announce" (early media), or a status such as 486 with which it declines.
    """

    def __init__(
        self,
        server: tuple[str, int],
        user: str,
        domain: str,
        password: str = "",
        *,
        hertz: int = 400,
        port: int = 0,
        address: str = "127.0.0.1",
    ) -> None:
        self.server, self.user, self.domain, self.password, self.hertz = server, user, domain, password, hertz
        self.policy: str | int = "answer"
        # What it does instead where a certain number is called, as a carrier knows many.
        self.policies: dict[str, str | int] = {}
        self.incoming: queue.Queue[Call] = queue.Queue()
        self.calls: dict[str, Call] = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.socket.settimeout(0.1)
        self.address, self.port = self.socket.getsockname()
        self._waiting: dict[str, queue.Queue[SipMessage]] = {}
        self._closed = threading.Event()
        self._register_id, self._sequence = token(), 0
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    # -- what a person does with it ----------------------------------------------------------------------------------------

    def register(self, expires: int = 300, *, as_user: str = "") -> int:
        """Register, as somebody else where `as_user` says so, and return the status that decides."""
        of_record = f"<sip:{as_user or self.user}@{self.domain}>"
        answer = self._prove(lambda *proofs: self._register_request(of_record, expires, *proofs))
        return answer.status

    def call(self, number: str, *more: Header, shown: str = "", domain: str = "") -> Call:
        """Call a number; `more` are headers of one's own, `shown` what stands in From instead of one's user."""
        call = Call.outgoing(self, f"sip:{number}@{domain or self.domain}", shown or f"<sip:{self.user}@{self.domain}>", more)
        self.calls[call.call_id] = call
        call.invite()
        return call

    def next_call(self, seconds: float = PATIENCE_SECONDS) -> Call:
        """Return the next call that came in. The story fails where none does."""
        try:
            return self.incoming.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"{self.user} was not called within {seconds} s") from None

    def close(self) -> None:
        """Hang up whatever is open, and go away."""
        for call in list(self.calls.values()):
            call.drop()
        self._closed.set()
        self._thread.join(timeout=5)
        self.socket.close()

    # -- what the calls use ------------------------------------------------------------------------------------------------

    def send(self, message: SipMessage, to: tuple[str, int] | None = None) -> None:
        with contextlib.suppress(ConnectionError, BlockingIOError):
            self.socket.sendto(message.to_bytes(), to or self.server)

    def via(self, branch: str) -> Header:
        return "Via", f"SIP/2.0/UDP {self.address}:{self.port};rport;branch={branch}"

    @property
    def contact(self) -> Header:
        return "Contact", f"<sip:{self.user}@{self.address}:{self.port}>"

    def ask(self, request: SipMessage, to: tuple[str, int] | None = None) -> SipMessage:
        """Send a request and return its final response. The story fails where none comes."""
        answers = self._waiting[request.branch] = queue.Queue()
        self.send(request, to)
        try:
            while (answer := answers.get(timeout=PATIENCE_SECONDS)).status < 200:
                pass
        except queue.Empty:
            raise AssertionError(f"nothing answered {request.start}") from None
        finally:
            del self._waiting[request.branch]
        return answer

    def proof_for(self, challenge: SipMessage, uri: str) -> Header:
        return proof(challenge, challenge.method, uri, self.user, self.password)

    # -- within ------------------------------------------------------------------------------------------------------------

    def _register_request(self, of_record: str, expires: int, *proofs: Header) -> SipMessage:
        self._sequence += 1
        return SipMessage(
            f"REGISTER sip:{self.domain} SIP/2.0",
            [
                self.via(f"z9hG4bK{token()}"), ("Max-Forwards", "70"), ("From", f"{of_record};tag={token()}"), ("To", of_record),
                ("Call-ID", self._register_id), ("CSeq", f"{self._sequence} REGISTER"), self.contact, ("Expires", str(expires)), *proofs,
            ],
        )  # fmt: skip

    def _prove(self, compose: Callable[..., SipMessage]) -> SipMessage:
        """Ask, and once more with a proof where one is wanted."""
        answer = self.ask(compose())
        return self.ask(compose(self.proof_for(answer, f"sip:{self.domain}"))) if answer.status in CHALLENGES else answer

    def _receive(self) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(TimeoutError, ConnectionError):
                data, sender = self.socket.recvfrom(65535)
                if data.strip():
                    self._take(SipMessage.parse(data), sender)

    def _take(self, message: SipMessage, sender: tuple[str, int]) -> None:
        if message.status and message.branch in self._waiting:
            self._waiting[message.branch].put(message)
            return
        call = self.calls.get(message.get("call-id"))
        if call is not None:
            call.take(message, sender)
        elif message.method == "INVITE":
            call = Call.incoming(self, message, sender)
            self.calls[call.call_id] = call
            self.incoming.put(call)
            call.follow(self.policies.get(user_of(f"<{message.uri}>"), self.policy))
        elif not message.status and message.method != "ACK":
            self.send(message.answer(200 if message.method in ("OPTIONS", "NOTIFY") else 481, "Fine", token()), sender)


@contextlib.contextmanager
def opened(*phones: Phone) -> Iterator[tuple[Phone, ...]]:
    """Phones that are put away at the end."""
    with contextlib.ExitStack() as stack:
        for phone in phones:
            stack.callback(phone.close)
        yield phones
