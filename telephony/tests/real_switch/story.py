"""One story: who takes part in it, and what the portal tells of it afterwards."""

import contextlib
import io
import time
import urllib.request
import wave
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from telephony.tests.real_switch import programs
from telephony.tests.real_switch.exchange import DOMAIN, Exchange
from telephony.tests.real_switch.sip.calls import Call
from telephony.tests.real_switch.sip.phone import Phone
from telephony.tests.real_switch.sip.sound import loudness_of

# What each speaks, in Hz: by it one hears in a recording who was on which channel.
TONES: Final = {"ann": 400, "bob": 600, "eve": 850, "joe": 750, "carrier": 1100, "spare": 1300}
OUTSIDE: Final = "12403019517"


@dataclass
class Sound:
    """A recording as the portal plays it."""

    rate: int
    channels: list[list[int]]

    @property
    def seconds(self) -> float:
        return len(self.channels[0]) / self.rate

    def share(self, channel: int, hertz: int) -> float:
        """Return in which part of a channel (0 is the caller's) there is mostly this tone, from 0 to 1."""
        sound, step = self.channels[channel], self.rate // 10
        pieces = [sound[place : place + step] for place in range(0, len(sound) - step, step)]
        return sum(loudness_of(piece, hertz, self.rate) > 0.5 for piece in pieces) / len(pieces)

    def speaks(self, channel: int, who: str) -> bool:
        """Tell whether somebody speaks for most of the time on a channel."""
        return self.share(channel, TONES[who]) > 0.5


class Story:
    """Its phones are registered when they are taken, and put away at its end."""

    def __init__(self, exchange: Exchange, stack: contextlib.ExitStack) -> None:
        self.exchange, self._stack = exchange, stack
        self._before = {call["id"] for call in exchange.calls("staff")}

    # -- who takes part ----------------------------------------------------------------------------------------------------

    def phone(self, name: str, policy: str | int = "answer", **options: Any) -> Phone:
        """Return somebody's phone, registered."""
        phone = self.exchange.phone(name, hertz=TONES[name], **options)
        self._stack.callback(phone.close)
        phone.policy = policy
        assert phone.register() == 200
        self._stack.callback(phone.register, 0)
        return phone

    def carrier(self, policy: str | int = "answer", *, spare: bool = False) -> Phone:
        """Return a carrier: it takes what comes through its gateway, and calls our numbers."""
        port = self.exchange.carriers[1 if spare else 0]
        name = "spare" if spare else "carrier"
        carrier = Phone(
            ("127.0.0.1", self.exchange.switch.carrier_port), OUTSIDE, "carrier.example.net", port=port, hertz=TONES[name]
        )
        self._stack.callback(carrier.close)
        carrier.policy = policy
        return carrier

    def link(self, name: str, source: str, destination: str) -> "Link":
        """Place a call link for somebody."""
        body = {"source_number": source, "destination_number": destination}
        placed = self.exchange.ask("call-link", "POST", body, by=name)
        return Link(self.exchange, name, placed["id"], placed["call_uuid"])

    # -- what came of it ---------------------------------------------------------------------------------------------------

    def new_calls(self) -> list[dict[str, Any]]:
        """Return the calls of this story, as staff see them, once all of them are over."""
        self.exchange.switch.until_idle()
        return [call for call in self.exchange.calls("staff") if call["id"] not in self._before]

    def only_call(self, **expected: Any) -> dict[str, Any]:
        """Return the story's call. The story fails where it is not exactly one, or not as expected."""
        calls = self.new_calls()
        assert len(calls) == 1, calls
        assert {name: calls[0][name] for name in expected} == expected
        return calls[0]

    def no_call(self) -> None:
        assert self.new_calls() == []

    def seen_by(self, name: str, call: dict[str, Any]) -> dict[str, Any] | None:
        """Return a call as somebody sees it, None where they do not."""
        return next((each for each in self.exchange.calls(name) if each["id"] == call["id"]), None)

    def detail(self, call: dict[str, Any]) -> dict[str, Any]:
        return dict(self.exchange.ask(f"call-recording/{call['id']}"))

    def recording(self, call: dict[str, Any]) -> Sound:
        """Return what the address in the call's list entry plays; the switch puts the audio when it has hung up."""
        address = programs.until(lambda: (self.seen_by("staff", call) or {}).get("recording"), "recording")
        with urllib.request.urlopen(address, timeout=10) as response, wave.open(io.BytesIO(response.read())) as file:
            assert (file.getnchannels(), file.getsampwidth()) == (2, 2)
            rate = file.getframerate()
            samples = array("h", file.readframes(file.getnframes()))
        return Sound(rate, [list(samples[0::2]), list(samples[1::2])])


@dataclass
class Link:
    """A call link as its owner follows it."""

    exchange: Exchange
    owner: str
    id: int
    call_uuid: str

    def now(self) -> dict[str, Any]:
        return dict(self.exchange.ask(f"call-link/{self.id}", by=self.owner))

    def until(self, *states: str, seconds: float = 30.0) -> dict[str, Any]:
        """Wait until the link is in one of these states, and return it."""
        programs.until(lambda: self.now()["status"] in states, f"link that is {' or '.join(states)}", seconds)
        return self.now()

    def ended(self, status: str, cause: str) -> None:
        """Check how the link ended, once no leg is alive; the switch's records may still correct what its events told."""
        self.until("completed", "failed", "cancelled", "expired")
        self.exchange.switch.until_idle()
        found = self.now()
        assert (found["status"], found["hangup_cause"]) == (status, cause)

    def hang_up(self) -> None:
        self.exchange.ask(f"call-link/{self.id}", "DELETE", by=self.owner)


@contextlib.contextmanager
def talk(call: Call, packets: int = 100) -> Iterator[dict[str, float]]:
    """A talk in which the caller hears so many packets, and how many seconds it lasted on the caller's clock."""
    call.until_answered()
    began, clock = time.monotonic(), {"seconds": 0.0}
    call.until_heard(packets)
    yield clock
    call.until_ended()
    clock["seconds"] = time.monotonic() - began


@contextlib.contextmanager
def told(exchange: Exchange) -> Iterator[Story]:
    """A story in which nobody talks any more when it is over, however it ended."""
    with contextlib.ExitStack() as stack:
        stack.callback(exchange.switch.until_idle)
        stack.callback(exchange.switch.ask, "hupall")
        yield Story(exchange, stack)


__all__ = ["DOMAIN", "OUTSIDE", "TONES", "Sound", "Story", "talk", "told"]
