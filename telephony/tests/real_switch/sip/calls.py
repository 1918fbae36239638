"""One call of a softphone: from its INVITE to its end, with hold and transfers in between."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from telephony.tests.real_switch import programs
from telephony.tests.real_switch.sip.messages import SipMessage, parameter, token, uri_of
from telephony.tests.real_switch.sip.sound import Stream

if TYPE_CHECKING:
    from telephony.tests.real_switch.sip.phone import Header, Phone

PATIENCE_SECONDS: Final = 30.0
CHALLENGES: Final = (401, 407)
SDP: Final = ("Content-Type", "application/sdp")


class Call:
    """A call as one of its two phones sees it; `status` is the last response to its INVITE, 0 while there is none."""

    def __init__(self, phone: "Phone", call_id: str, local: str, remote: str, *, placed: bool) -> None:
        self.phone, self.call_id, self.local, self.remote, self.placed = phone, call_id, local, remote, placed
        self.target, self.peer = "", phone.server
        self.status, self.reason = 0, ""
        self.ended = self.hung_up_by_us = False
        self.messages: list[SipMessage] = []
        self.stream = Stream(phone.hertz)
        self.invitation: SipMessage | None = None
        self._more: tuple[Header, ...] = ()
        self._sequence = self._version = 0
        self._settled: set[str] = set()
        self._changed = threading.Condition()
        self._answering: dict[str, SipMessage] = {}

    @classmethod
    def outgoing(cls, phone: "Phone", uri: str, shown: str, more: "tuple[Header, ...]") -> "Call":
        call = cls(phone, token(), f"{shown};tag={token()}", f"<{uri}>", placed=True)
        call.target, call._more = uri, more
        return call

    @classmethod
    def incoming(cls, phone: "Phone", invite: SipMessage, sender: tuple[str, int]) -> "Call":
        call = cls(phone, invite.get("call-id"), f"{invite.get('to')};tag={token()}", invite.get("from"), placed=False)
        call.target, call.peer, call.invitation = uri_of(invite.get("contact")), sender, invite
        call.messages.append(invite)
        call.stream.send_to(invite.body)
        return call

    # -- waiting -----------------------------------------------------------------------------------------------------------

    def until(self, happened: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> "Call":
        """Wait until something has happened. The story fails where it does not."""
        with self._changed:
            assert self._changed.wait_for(happened, seconds), (
                f"{self.phone.user}: {what} did not happen; {self.status} {self.reason}"
            )
        return self

    def until_ringing(self) -> "Call":
        return self.until(lambda: self.status in (180, 183) or self.status >= 200, "ringing")

    def until_answered(self) -> "Call":
        self.until(lambda: self.status >= 200, "an answer")
        assert self.status == 200, f"{self.phone.user}: {self.status} {self.reason}"
        return self

    def until_refused(self, seconds: float = 60.0) -> int:
        """Wait for the status that ends a call that nobody answered, and return it."""
        self.until(lambda: self.status >= 300, "a refusal", seconds)
        return self.status

    def until_ended(self, seconds: float = PATIENCE_SECONDS) -> "Call":
        return self.until(lambda: self.ended, "the end", seconds)

    def until_heard(self, packets: int) -> "Call":
        """Wait until so much more was heard, 50 packets a second."""
        wanted = self.stream.received + packets
        programs.until(lambda: self.stream.received >= wanted, f"{packets} packets at {self.phone.user}")
        return self

    def until_hears(self, hertz: int, packets: int = 25) -> "Call":
        """Wait until so much of somebody's tone was heard from now on."""
        since = self.stream.received
        programs.until(lambda: len(self.stream.heard(hertz, since)) >= packets, f"tone of {hertz} Hz at {self.phone.user}")
        return self

    # -- acting ------------------------------------------------------------------------------------------------------------

    def invite(self, *proofs: "Header") -> None:
        """Send the INVITE of a call of ours."""
        self.invitation = self._request("INVITE", SDP, *self._more, *proofs, body=self.stream.offer())
        self.phone.send(self.invitation)

    def follow(self, policy: str | int) -> None:
        """Do with a call that came in what the phone is set to."""
        if isinstance(policy, int):
            self.refuse(policy)
            return
        if policy == "announce":
            self.respond(183, "Session Progress", SDP, body=self.stream.offer())
            return
        self.respond(180, "Ringing")
        if policy == "answer":
            self.answer()

    def respond(self, status: int, reason: str, *more: "Header", body: str = "") -> None:
        """Answer the INVITE that came in."""
        assert self.invitation is not None
        tag = parameter(self.local, "tag")
        response = self.invitation.answer(status, reason, tag, self.phone.contact, *more, body=body)
        self._answering[self.invitation.get("cseq")] = response
        self.phone.send(response, self.peer)
        self._note(status, reason)

    def answer(self) -> "Call":
        self.respond(200, "OK", SDP, body=self.stream.offer())
        return self

    def refuse(self, status: int) -> None:
        self.respond(status, "Not now")
        self._end()

    def hang_up(self) -> None:
        """End a call at whatever stage it is."""
        if self.ended:
            return
        self.hung_up_by_us = True
        if self.status == 200:
            self.phone.ask(self._request("BYE"), self.peer)
            self._end()
        elif self.placed:
            assert self.invitation is not None
            cancel = SipMessage(
                f"CANCEL {self.invitation.uri} SIP/2.0",
                [*(h for h in self.invitation.headers if h[0] in ("Via", "From", "To", "Call-ID", "Max-Forwards")),
                 ("CSeq", f"{self._sequence} CANCEL")],
            )  # fmt: skip
            self.phone.send(cancel, self.peer)
            self.until_ended()
        else:
            self.refuse(480)

    def drop(self) -> None:
        """Vanish without a word where nobody is left to say it to."""
        if not self.ended and self.status == 200:
            self.phone.send(self._request("BYE"), self.peer)
        self.stream.close()

    def hold(self) -> None:
        self._offer_again("sendonly")

    def resume(self) -> None:
        self._offer_again("sendrecv")

    def transfer(self, uri: str, other: "Call | None" = None) -> int:
        """Send whom we talk with to an address, in the place of another call of ours where one is given; return the status."""
        target = uri
        if other is not None:
            far, near = parameter(other.remote, "tag"), parameter(other.local, "tag")
            target = f"{uri}?Replaces={other.call_id}%3Bto-tag%3D{far}%3Bfrom-tag%3D{near}"
        referred = ("Referred-By", f"<sip:{self.phone.user}@{self.phone.domain}>")
        return self.phone.ask(self._request("REFER", ("Refer-To", f"<{target}>"), referred), self.peer).status

    def press(self, key: str) -> None:
        self.stream.press(key)

    # -- what comes in -----------------------------------------------------------------------------------------------------

    def take(self, message: SipMessage, sender: tuple[str, int]) -> None:
        """Take a message of this call that no request waits for."""
        self.messages.append(message)
        if message.status:
            self._take_response(message)
        elif message.method == "INVITE":
            self._take_invite(message, sender)
        elif message.method == "CANCEL":
            self.phone.send(message.answer(200, "OK", parameter(self.local, "tag")), sender)
            if self.status < 200:
                self.respond(487, "Request Terminated")
                self._end()
        elif message.method != "ACK":
            self.phone.send(message.answer(200, "OK", parameter(self.local, "tag")), sender)
            if message.method == "BYE":
                self._end()

    def _take_invite(self, message: SipMessage, sender: tuple[str, int]) -> None:
        before = self._answering.get(message.get("cseq"))
        if before is not None:
            self.phone.send(before, sender)
            return
        if self.invitation is not None and message.get("cseq") == self.invitation.get("cseq") and not self.placed:
            return
        self.stream.send_to(message.body)
        self._version += 1
        answer = message.answer(
            200, "OK", parameter(self.local, "tag"), self.phone.contact, SDP, body=self.stream.offer("sendrecv", self._version)
        )
        self._answering[message.get("cseq")] = answer
        self.phone.send(answer, sender)

    def _take_response(self, response: SipMessage) -> None:
        """Take a response to our INVITE; those to other requests are waited for by `Phone.ask`."""
        if response.method != "INVITE":
            return
        if response.status >= 200:
            self._acknowledge(response)
            if response.branch in self._settled:
                return
            self._settled.add(response.branch)
        if response.status in CHALLENGES and len(self._settled) == 1 and self.invitation is not None:
            self.invite(self.phone.proof_for(response, self.invitation.uri))
            return
        if response.status < 300 and response.get("contact"):
            self.target, self.remote = uri_of(response.get("contact")), response.get("to")
            self.stream.send_to(response.body)
        self._note(response.status, response.start.split(" ", 2)[2])
        if response.status >= 300:
            self._end()

    def _acknowledge(self, response: SipMessage) -> None:
        """Send the ACK: of a refusal along the INVITE's own way, of an answer as a request of its own."""
        assert self.invitation is not None
        good = response.status < 300
        headers = [
            self.phone.via(f"z9hG4bK{token()}") if good else ("Via", self.invitation.get("via")),
            ("Max-Forwards", "70"), ("From", self.local), ("To", response.get("to")), ("Call-ID", self.call_id),
            ("CSeq", f"{response.get('cseq').split()[0]} ACK"),
        ]  # fmt: skip
        uri = uri_of(response.get("contact")) if good else self.invitation.uri
        self.phone.send(SipMessage(f"ACK {uri} SIP/2.0", headers), self.peer)

    # -- within ------------------------------------------------------------------------------------------------------------

    def _request(self, method: str, *more: "Header", body: str = "") -> SipMessage:
        self._sequence += 1
        return SipMessage(
            f"{method} {self.target} SIP/2.0",
            [
                self.phone.via(f"z9hG4bK{token()}"), ("Max-Forwards", "70"), ("From", self.local), ("To", self.remote),
                ("Call-ID", self.call_id), ("CSeq", f"{self._sequence} {method}"), self.phone.contact,
                ("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, REFER, UPDATE"), ("Supported", "replaces"), *more,
            ],
            body,
        )  # fmt: skip

    def _offer_again(self, direction: str) -> None:
        self._version += 1
        request = self._request("INVITE", SDP, body=self.stream.offer(direction, self._version + 1))
        answer = self.phone.ask(request, self.peer)
        assert answer.status == 200, answer.start
        self._acknowledge(answer)

    def _note(self, status: int, reason: str) -> None:
        with self._changed:
            self.status, self.reason = status, reason
            self._changed.notify_all()

    def _end(self) -> None:
        with self._changed:
            self.ended = True
            self._changed.notify_all()
