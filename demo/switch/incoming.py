"""A call that a carrier sends to one of our numbers: what is done with it the portal's plan says."""

import uuid

from demo.switch.calls import LiveCall
from demo.switch.dial_strings import Endpoint, Originate
from demo.switch.exchange import Exchange
from demo.switch.legs import inbound_leg
from demo.switch.scenarios import ANSWERS

CONTEXT = "public"


def _nobody_asked(result: str, at: int) -> None:
    """Tell nobody the result: no command placed the call."""


class IncomingCall(LiveCall):
    """A caller outside, who waits for as long as nobody answers, and a number of ours."""

    is_ordered = False

    def __init__(self, exchange: Exchange, caller: str, number: str) -> None:
        source = Endpoint(caller, gateway=exchange.settings.gateways[0])
        super().__init__(exchange, Originate(source, destination=number, context=CONTEXT), _nobody_asked)
        self.leg_uuid = str(uuid.uuid4())

    def _place(self) -> None:
        caller, number = self.originate.source, self.originate.destination
        leg = inbound_leg(self.leg_uuid, caller, number, self._clock, self.exchange.next_session(), context=CONTEXT)
        self._outcomes[leg.uuid] = ANSWERS
        self.exchange.add(leg, self)
        self.exchange.fire_for("CHANNEL_CREATE", leg, self._clock)
        self._drive(leg)
