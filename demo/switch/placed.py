"""Calls that nobody on the event socket asked for: a phone or a carrier places them, and the portal says where they go."""

import random
import threading
import uuid

from demo.switch import stages
from demo.switch.calls import LiveCall
from demo.switch.dial_strings import Endpoint, Originate
from demo.switch.directory import UnreachableError, user_variables
from demo.switch.exchange import Exchange
from demo.switch.legs import Leg, Quality, inbound_leg
from demo.switch.scenarios import ANSWERS

# Whom people outside call from, and are called at, in the simulator's own traffic: numbers that answer.
OUTSIDE = ("12025550123", "12025550147", "17035550162", "12405550175", "15715550188")


def _unheard(result: str, at: int) -> None:
    """Tell nobody what became of a command: there was none."""


class PlacedCall(LiveCall):
    """A call from a phone of an extension, or from a carrier, to what was dialled."""

    is_ordered = False

    def __init__(self, exchange: Exchange, caller: Endpoint, dialled: str, name: str = "") -> None:
        context = "internal" if caller.is_user else "public"
        super().__init__(exchange, Originate(caller, destination=dialled, context=context), _unheard)
        self.uuid = str(uuid.uuid4())
        self._name = name

    def _place(self) -> None:
        caller = self.originate.source
        try:
            own = user_variables(self.exchange, caller, self._clock) if caller.is_user else {}
        except UnreachableError:
            # A real switch refuses a phone that it does not know without making a leg of it.
            return
        leg = inbound_leg(
            self.uuid, caller, self.originate.destination, self._clock, self.exchange.next_session(),
            name=self._name, context=self.originate.context,
        )  # fmt: skip
        leg.variables |= own
        if caller.is_user:
            # What the phone has proved.
            leg.variables |= {"user_name": caller.address, "domain_name": caller.domain}
        chance = random.Random(f"{leg.uuid} sounds")  # noqa: S311 - how well it sounds, no secret
        leg.quality = Quality(round(chance.uniform(4.2, 4.5), 2), round(chance.uniform(2, 150), 2))
        self._outcomes[leg.uuid] = ANSWERS
        self.exchange.add(leg, self)
        self.exchange.fire_for("CHANNEL_CREATE", leg, self._clock)
        stages.hear(leg, self._clock)
        self._drive(leg)

    def _talk(self, source: Leg, destination: Leg) -> None:
        self._answer(source)
        super()._talk(source, destination)


class Traffic:
    """Lets people call now and then, by chance: each other, outside, and the portal's numbers from outside."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._chance = random.Random()  # noqa: S311 - a story, no secret

    def start(self) -> None:
        """Go on in a thread of its own until the switch stops; where there is to be no traffic, do nothing."""
        if self._exchange.settings.calls_every:
            threading.Thread(target=self._run, name="traffic", daemon=True).start()

    def _run(self) -> None:
        settings = self._exchange.settings
        while not self._exchange.stopped.wait(settings.calls_every * settings.pace * self._chance.uniform(0.4, 1.6)):
            self.next_call().start()

    def next_call(self) -> PlacedCall:
        """Return a call of somebody to somebody."""
        settings, chance = self._exchange.settings, self._chance
        caller, callee = chance.sample(settings.extensions, 2) if len(settings.extensions) > 1 else (settings.extensions[0], "")
        phone = Endpoint(caller, domain=settings.domain)
        choices = [PlacedCall(self._exchange, phone, chance.choice(OUTSIDE))]
        if callee:
            choices.append(PlacedCall(self._exchange, phone, callee))
        if settings.numbers:
            carrier = Endpoint(chance.choice(OUTSIDE), gateway=settings.gateways[0])
            choices.append(PlacedCall(self._exchange, carrier, chance.choice(settings.numbers)))
        return chance.choice(choices)
