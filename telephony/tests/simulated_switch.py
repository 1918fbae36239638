"""The simulated switch, as the tests of the API lead the portal to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from demo.switch.exchange import Settings
from demo.switch.simulator import SimulatedSwitch
from telephony.switch.esl import SwitchAddress


@contextmanager
def simulated(settings: Any, **options: Any) -> Iterator[SimulatedSwitch]:
    """A switch to which the portal is led; a second of a call takes 20 ms unless told otherwise."""
    with SimulatedSwitch(Settings(password="simulated", **({"pace": 0.02} | options))) as switch:
        settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", switch.port, "simulated")
        yield switch


def originate_of(switch: SimulatedSwitch) -> str:
    """The one originate that the switch got."""
    [command] = [command for command in switch.commands if "originate" in command]
    return command
