"""The simulated switch as a whole: start it, use it, stop it."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from demo.switch import listings
from demo.switch.dial_strings import Endpoint
from demo.switch.event_socket import EventSocket
from demo.switch.exchange import Exchange, Settings
from demo.switch.faults import Faults
from demo.switch.incoming import IncomingCall
from demo.switch.legs import Leg
from demo.switch.orders import HandOver, Hold, Join, Kill, Order
from demo.switch.placed import PlacedCall, Traffic

_NAP_SECONDS = 0.02


class SimulatedSwitch:
    """A switch that runs in threads of this process, spoken to over its socket.

    What it was told can be looked up: `commands`, `bytes_received`, and how many `originates` it executed.
    """

    def __init__(self, settings: Settings | None = None, fault: str = "") -> None:
        self.faults = Faults(fault)
        self.exchange = Exchange(settings or Settings(), self.faults)
        self._server = EventSocket(self.exchange)

    @property
    def port(self) -> int:
        """Return the port of the event socket."""
        return self._server.port

    @property
    def core_uuid(self) -> str:
        """Return the uuid that a restart changes."""
        return self.exchange.identity.core_uuid

    @property
    def originates(self) -> int:
        """Return how many calls were placed on a client's behalf."""
        return self.exchange.originates

    @property
    def commands(self) -> list[str]:
        """Return every command that came, in order, passwords and all."""
        return list(self._server.commands)

    @property
    def bytes_received(self) -> int:
        """Return how many bytes all clients sent."""
        return self._server.bytes_received

    def start(self) -> Self:
        """Listen, and beat. Raises OSError where the port is taken."""
        self._server.start()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()
        Traffic(self.exchange).start()
        return self

    def stop(self) -> None:
        """Stop listening and give every call up, without its record."""
        self.exchange.stopped.set()
        self._server.stop()
        self.exchange.restart()

    def call_in(self, caller: str, number: str) -> str:
        """Have somebody outside call one of the portal's numbers; return the uuid of their leg."""
        call = IncomingCall(self.exchange, caller, number)
        call.start()
        return call.leg_uuid

    def end_calls(self, within: float) -> bool:
        """Hang up every call, as a switch does that is told to end; tell whether all were reported in so many seconds."""
        for leg in self.exchange.legs():
            if found := self.exchange.find(leg.uuid):
                found[1].kill(leg, "SYSTEM_SHUTDOWN")
        deadline = time.monotonic() + within
        while self.exchange.running() and time.monotonic() < deadline:
            time.sleep(_NAP_SECONDS)
        return not self.exchange.running()

    # -- what people do with their phones ----------------------------------------------------------------------------------

    def dial(self, extension: str, number: str) -> str:
        """Dial a number at an extension's phone; return the uuid of its leg."""
        call = PlacedCall(self.exchange, Endpoint(extension, self.exchange.settings.domain), number)
        call.start()
        return call.uuid

    def other_end(self, leg_uuid: str) -> str:
        """Return the uuid of the leg with which this one talks, "" where it talks with none."""
        found = self.exchange.find(leg_uuid)
        return found[0].other.uuid if found and found[0].other else ""

    def hold(self, leg_uuid: str) -> bool:
        """Press hold on the phone of a leg; like what follows it tells whether there is such a leg."""
        return self._give(leg_uuid, lambda leg: Hold(leg, begins=True))

    def unhold(self, leg_uuid: str) -> bool:
        """Take back whom it holds."""
        return self._give(leg_uuid, lambda leg: Hold(leg, begins=False))

    def hand_over(self, leg_uuid: str, number: str) -> bool:
        """Transfer to a number whom the phone of a leg talks to, blindly."""
        return self._give(leg_uuid, lambda leg: HandOver(leg, number))

    def join(self, leg_uuid: str, consulted_uuid: str) -> bool:
        """Transfer whom the phone of a leg talks to to whom it talks to on its second one."""
        consulted = self.exchange.find(consulted_uuid)
        return consulted is not None and self._give(leg_uuid, lambda leg: Join(leg, consulted[0]))

    def hang_up(self, leg_uuid: str) -> bool:
        """Hang the phone of a leg up."""
        return self._give(leg_uuid, lambda leg: Kill(leg, "NORMAL_CLEARING"))

    def _give(self, leg_uuid: str, order: Callable[[Leg], Order]) -> bool:
        found = self.exchange.find(leg_uuid)
        if found is None:
            return False
        leg, call = found
        call.give(order(leg))
        return True

    def restart(self) -> None:
        """Be another process all of a sudden: clients are cut off, calls are gone without a record."""
        self.exchange.restart()
        self._server.close_all()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _beat(self) -> None:
        while not self.exchange.stopped.wait(self.exchange.settings.heartbeat):
            self.exchange.fire(self.exchange.event("HEARTBEAT", listings.heartbeat(self.exchange)))
