"""Commands that let a switch load its gateways anew.

Source: mod_sofia.c of FreeSWITCH 1.11.1.
"""

import re
from dataclasses import dataclass
from typing import Final

from telephony.switch.commands import Command
from telephony.switch.errors import UnsafeCommandError

# The profile at which carriers are spoken to.
CARRIERS_PROFILE: Final = "external"
_GATEWAY: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
KILL_GATEWAY: Final = re.compile(rf"sofia profile {CARRIERS_PROFILE} killgw {_GATEWAY}")
NO_SUCH_GATEWAY: Final = "-ERR no such gateway."
RESCAN_GATEWAYS: Final = re.compile(rf"sofia profile {CARRIERS_PROFILE} rescan")


@dataclass(frozen=True)
class KillGateway(Command):
    """Let the switch forget a gateway; calls through it go on. It is gone a moment later, when its thread has seen to it.

    Until then it is listed, and whoever kills it once more is told that there is no such gateway.
    """

    grammar = KILL_GATEWAY
    name: str

    def _compose(self) -> str:
        if not isinstance(self.name, str):
            raise UnsafeCommandError("The name of the gateway is no text.")
        return f"sofia profile {CARRIERS_PROFILE} killgw {self.name}"


@dataclass(frozen=True)
class RescanGateways(Command):
    """Let the switch ask for its gateways and take those that it does not have yet."""

    grammar = RESCAN_GATEWAYS

    def _compose(self) -> str:
        return f"sofia profile {CARRIERS_PROFILE} rescan"
