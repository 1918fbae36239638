"""Which phones are registered at an extension at this moment: asked of the switches, since only they know."""

import time
from typing import Final, NamedTuple

from telephony.models import Extension
from telephony.services.switchboard import addresses, reach
from telephony.switch import access_commands
from telephony.switch.errors import SwitchError
from telephony.switch.esl import SwitchAddress

ASKED_SECONDS: Final = 2.0


class AtSwitch(NamedTuple):
    """The phones that are registered at one switch; `problem` says why it could not be asked, "" where it could."""

    switch: str
    phones: list[access_commands.Phone]
    problem: str


def phones_of(extension: Extension) -> list[AtSwitch]:
    """Ask every switch for the phones of an extension, some seconds for all of them."""
    deadline = time.monotonic() + ASKED_SECONDS
    return [_at(address, extension, deadline) for address in addresses()]


def _at(address: SwitchAddress, extension: Extension, deadline: float) -> AtSwitch:
    try:
        if time.monotonic() >= deadline:
            raise SwitchError("There was no time left to ask the switch.")
        command = access_commands.ShowPhones(access_commands.Extension(extension.number, extension.domain.name))
        with reach(address) as socket:
            answer = socket.api(command, timeout=max(0.1, deadline - time.monotonic()))
        return AtSwitch(str(address), access_commands.phones(answer), "")
    except SwitchError as error:
        return AtSwitch(str(address), [], str(error))
