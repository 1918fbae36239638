"""What all parts of the simulated switch share: its identity, its legs, and whom it tells what happens."""

import itertools
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from demo.switch.access_lists import AccessLists
from demo.switch.events import Event, Headers, Switch, event, leg_headers
from demo.switch.faults import Faults
from demo.switch.legs import Leg
from demo.switch.limits import Limits
from demo.switch.orders import Order
from demo.switch.portal import Portal
from demo.switch.registrar import Registrar
from demo.switch.trunks import Trunks


class Call(Protocol):
    """A call that runs."""

    def kill(self, leg: Leg, cause: str) -> None:
        """End one of its legs."""

    def give(self, order: Order) -> None:
        """Have something done to it."""

    def mask(self, leg: Leg, file: str, on: bool) -> bool:
        """Let what a leg records into a file be silence, or the talk; tell whether it records into it."""

    def abandon(self) -> None:
        """End it without a trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the switch is set up.

    `pace` is how long a second of a call takes: 0.02 for tests. `create_delay` is the time between a command and its
    channel, in real seconds: a cancellation in it finds no channel yet. `talk` None lets chance decide. Every
    `calls_every` seconds or so somebody calls by himself, nobody at 0; `numbers` are those of the portal that are called then.
    """

    password: str = "ClueCon"
    port: int = 0
    domain: str = "pbx.example.com"
    gateways: tuple[str, ...] = ("carrier",)
    extensions: tuple[str, ...] = ("1005", "1006")
    numbers: tuple[str, ...] = ()
    portal: Portal | None = None
    pace: float = 1.0
    talk: float | None = None
    create_delay: float = 0.02
    heartbeat: float = 20.0
    calls_every: float = 0.0
    auth_seconds: float = 25.0
    err_log_dir: Path | None = None
    recordings_dir: Path | None = None
    name: str = "fs1"


def now() -> int:
    """Return the time in microseconds."""
    return time.time_ns() // 1000


class Exchange:
    """The core of the switch."""

    def __init__(self, settings: Settings, faults: Faults) -> None:
        self.settings = settings
        self.faults = faults
        self.limits = Limits()
        self.identity = Switch(core_uuid=str(uuid.uuid4()), name=settings.name)
        self.started_at = now()
        self.stopped = threading.Event()
        self.listeners: list[Callable[[Event], None]] = []
        self.originates = 0
        self.sessions = 0
        self.peak = 0
        self.trunks = Trunks(settings.gateways, self.fire_custom)
        self._sequence = itertools.count(1)
        self._lock = threading.RLock()
        self.access_lists = AccessLists()
        self.registrar = Registrar(settings.domain, settings.extensions, self.fire_custom)
        self._legs: dict[str, tuple[Leg, Call]] = {}
        self._calls: set[Call] = set()

    # -- legs --------------------------------------------------------------------------------------------------------------

    def legs(self) -> list[Leg]:
        """Return the living legs, the oldest first."""
        with self._lock:
            return [leg for leg, _ in self._legs.values()]

    def find(self, leg_uuid: str) -> tuple[Leg, Call] | None:
        """Return a living leg and its call."""
        with self._lock:
            return self._legs.get(leg_uuid)

    def add(self, leg: Leg, call: Call) -> bool:
        """Let a leg live; False where one with its uuid does already."""
        with self._lock:
            if leg.uuid in self._legs:
                return False
            self._legs[leg.uuid] = leg, call
            self.peak = max(self.peak, len(self._legs))
            return True

    def move(self, leg: Leg, call: Call) -> None:
        """Let a living leg belong to another call."""
        with self._lock:
            if leg.uuid in self._legs:
                self._legs[leg.uuid] = leg, call

    def remove(self, leg: Leg) -> None:
        """Forget a leg that has ended."""
        with self._lock:
            self._legs.pop(leg.uuid, None)

    def next_session(self) -> int:
        """Count one more leg since the start; return its number."""
        with self._lock:
            self.sessions += 1
            return self.sessions

    def begin(self, call: Call, *, ordered: bool) -> None:
        """Know a call that runs, from before it has a leg; count it where a client ordered it."""
        with self._lock:
            self.originates += ordered
            self._calls.add(call)

    def running(self) -> bool:
        """Tell whether any call is under way, with a leg or before it has one."""
        with self._lock:
            return bool(self._calls)

    def finish(self, call: Call) -> None:
        """Forget a call that is over."""
        with self._lock:
            self._calls.discard(call)

    def restart(self) -> None:
        """Be another process: a new core uuid, and every call is gone without an event and without a record."""
        with self._lock:
            calls = list(self._calls)
            self._legs.clear()
            self.identity = Switch(core_uuid=str(uuid.uuid4()), name=self.settings.name)
            self.started_at = now()
        for call in calls:
            call.abandon()

    def hold(self, leg: Leg, *, held: bool, at: int = 0) -> None:
        """Put a leg on hold, or take it off: now, or at a time of its call's own."""
        at = at or now()
        with self._lock:
            changed = leg.is_held != held
            if changed and held:
                leg.holds.append((at, 0))
                leg.times.last_hold = at
            elif changed:
                leg.holds[-1] = leg.times.last_hold, at
                leg.times.hold_accum += at - leg.times.last_hold
        if changed:
            self.fire_for("CHANNEL_HOLD" if held else "CHANNEL_UNHOLD", leg, at)

    # -- events ------------------------------------------------------------------------------------------------------------

    def event(self, name: str, headers: Headers, at: int | None = None, body: str = "") -> Event:
        """Make an event of now, or of a call's own time."""
        with self._lock:
            return event(name, self.identity, next(self._sequence), at or now(), headers, body)

    def fire(self, made: Event) -> None:
        """Tell whoever listens."""
        with self._lock:
            listeners = list(self.listeners)
        for listener in listeners:
            listener(made)

    def fire_custom(self, subclass: str, headers: Headers) -> Event:
        """Tell of what has a name of its own; return the event."""
        made = self.event("CUSTOM", [("Event-Subclass", subclass), *headers])
        self.fire(made)
        return made

    def fire_for(self, name: str, leg: Leg, at: int, extra: Headers | None = None) -> None:
        """Tell what happened to a leg."""
        self.fire(self.event(name, leg_headers(name, leg) + (extra or []), at))

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Tell this one, too, from now on."""
        with self._lock:
            self.listeners.append(listener)

    def ignore(self, listener: Callable[[Event], None]) -> None:
        """Tell this one nothing any more."""
        with self._lock:
            if listener in self.listeners:
                self.listeners.remove(listener)
