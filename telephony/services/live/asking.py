"""Which phones are registered at an extension at this moment: asked of the switches themselves, since only they know."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from telephony.models import Extension
from telephony.services.live.phones import phones_of
from telephony.services.switchboard import addresses, reach
from telephony.switch import access_commands
from telephony.switch.errors import SwitchError
from telephony.switch.esl import SwitchAddress
from telephony.switch.live_commands import phones

ASKED_SECONDS: Final = 2.0


class PhoneNow(NamedTuple):
    """A phone: from where, what it says it is, for how many seconds more, and since when as far as the listener knows."""

    place: str
    agent: str
    seconds_left: int | None
    since: datetime | None


class AtSwitch(NamedTuple):
    """The phones that are registered at one switch; `problem` says why it could not be asked, "" where it could."""

    switch: str
    phones: list[PhoneNow]
    problem: str


def ask_for_phones(extension: Extension) -> list[AtSwitch]:
    """Ask every switch for the phones of an extension, some seconds for all of them."""
    deadline = time.monotonic() + ASKED_SECONDS
    since = {row.contact: row.since for row in phones_of(extension) if row.since_is_known}
    return [_at(address, extension, since, deadline) for address in addresses()]


def _at(address: SwitchAddress, extension: Extension, since: Mapping[str, datetime], deadline: float) -> AtSwitch:
    try:
        if time.monotonic() >= deadline:
            raise SwitchError("There was no time left to ask the switch.")
        command = access_commands.ShowPhonesOf(access_commands.Extension(extension.number, extension.domain.name))
        with reach(address) as socket:
            found = phones(socket.api(command, timeout=max(0.1, deadline - time.monotonic())))
    except SwitchError as error:
        return AtSwitch(str(address), [], str(error))
    now = [
        PhoneNow(access_commands.place_of(phone), phone.agent, phone.seconds, since.get(phone.contact)) for phone in found
    ]  # fmt: skip
    return AtSwitch(str(address), now, "")
