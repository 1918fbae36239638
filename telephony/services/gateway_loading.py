"""Let the switches take a gateway as it is now: a switch has it until it is told, and never changes one that it has."""

import logging
import time
from collections.abc import Iterable
from typing import Final, NamedTuple

from django.utils import timezone

from telephony.models import Gateway
from telephony.services.live import gateways as live_gateways
from telephony.services.switchboard import addresses, identify, reach
from telephony.switch.access_commands import ReloadAcl
from telephony.switch.errors import CommandRefusedError, SwitchError
from telephony.switch.esl import EventSocket, SwitchAddress
from telephony.switch.gateway_commands import CARRIERS_PROFILE, NO_SUCH_GATEWAY, KillGateway, RescanGateways
from telephony.switch.live_commands import ShowGateways, gateways

logger = logging.getLogger("portal.switch")

# For all switches; of one that does not answer nothing is waited for beyond.
ALL_SECONDS: Final = 8.0
COMMAND_SECONDS: Final = 3.0
LOOKED_EVERY_SECONDS: Final = 0.1


class Loaded(NamedTuple):
    """What became of it at one switch: `problem` says why it has not taken it, "" where it has."""

    switch: str
    problem: str


def load(names: Iterable[str]) -> list[Loaded]:
    """Let every switch forget these gateways and load those of them that are in use; and the networks of all carriers.

    Calls that go on by them do. A switch that could not be told goes on with what it had: the listener's alarms and the
    doctor say so, and it can be told again.
    """
    deadline = time.monotonic() + ALL_SECONDS
    wanted = frozenset(names)
    in_use = frozenset(
        Gateway.objects.filter(name__in=wanted, is_active=True, domain__is_active=True).values_list("name", flat=True)
    )
    return [Loaded(str(address), _problem_at(address, wanted, in_use, deadline)) for address in addresses()]


def _problem_at(address: SwitchAddress, names: frozenset[str], in_use: frozenset[str], deadline: float) -> str:
    try:
        if time.monotonic() >= deadline:
            raise SwitchError("There was no time left to tell the switch.")
        with reach(address) as socket:
            _load_at(socket, names, in_use, deadline)
            # Seen at once, and not only when the listener next looks.
            there = gateways(socket.api(ShowGateways(), COMMAND_SECONDS))
            live_gateways.replace(identify(socket, address), there, timezone.now())
            _check_taken(in_use - {facts.name for facts in there})
    except SwitchError as error:
        logger.warning("a switch has not taken its gateways: %s", error, extra={"switch": str(address)})
        return str(error)
    return ""


def _load_at(socket: EventSocket, names: frozenset[str], in_use: frozenset[str], deadline: float) -> None:
    _forget_at(socket, names, deadline)
    if in_use:
        socket.api(RescanGateways(), COMMAND_SECONDS)
    socket.api(ReloadAcl(), COMMAND_SECONDS)


def _check_taken(missing: frozenset[str]) -> None:
    """Raise SwitchError where a switch has not what it was told to load: it says that it has looked, whatever it found."""
    if missing:
        raise SwitchError(
            f"It was told, and has not taken {', '.join(sorted(missing))}: "
            f"see whether its profile {CARRIERS_PROFILE} runs, and whether it reaches the portal."
        )


def _forget_at(socket: EventSocket, names: frozenset[str], deadline: float) -> None:
    """Have a switch forget gateways, until it lists none of them.

    It is told each time: somebody else may have had it load one again meanwhile, as it was.
    """
    is_told = False
    while left := names & _known(socket):
        if is_told and time.monotonic() >= deadline:
            raise SwitchError(f"It has not let go of {', '.join(sorted(left))} yet: have it load them again in a moment.")
        for name in sorted(left):
            _kill(socket, name)
        is_told = True
        time.sleep(LOOKED_EVERY_SECONDS)


def _kill(socket: EventSocket, name: str) -> None:
    try:
        socket.api(KillGateway(name), COMMAND_SECONDS)
    except CommandRefusedError as refused:
        # It was killed a moment ago: until its thread has seen to it, it is listed and yet not to be found.
        if refused.reply.strip() != NO_SUCH_GATEWAY:
            raise


def _known(socket: EventSocket) -> frozenset[str]:
    return frozenset(facts.name for facts in gateways(socket.api(ShowGateways(), COMMAND_SECONDS)))
