"""The ways to the switches: their event sockets, where the settings say they are.

A switch is known by its `switchname`, as its events and records have it; at which of the configured addresses it listens is
written down in its row when it has said its name there.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.utils import timezone

from telephony.models import Switch
from telephony.switch.commands import GlobalGetvar, SwitchName
from telephony.switch.errors import SwitchError, SwitchUnreachableError
from telephony.switch.esl import EventSocket, SwitchAddress

CONNECT_SECONDS = 3.0
LONGEST_NAME: Final = 255


class SwitchAwayError(SwitchError):
    """The switch cannot be reached; the message says why."""


@dataclass(frozen=True, slots=True)
class ConfiguredSwitch:
    """A switch of the settings, and its row: None until it has once said its name."""

    address: SwitchAddress
    switch: Switch | None


def addresses() -> tuple[SwitchAddress, ...]:
    """Return where the switches listen, the preferred one first; nothing where FREESWITCH_ESL_URL is not set."""
    if settings.FREESWITCH_ESL is None:
        return ()
    return (settings.FREESWITCH_ESL, *settings.FREESWITCH_ESL_ALL[1:])


def configured() -> list[ConfiguredSwitch]:
    """Return every switch of the settings with its row, the preferred one first. One query."""
    places = addresses()
    known = {switch.event_socket: switch for switch in Switch.objects.filter(event_socket__in=map(str, places))}
    return [ConfiguredSwitch(address, known.get(str(address))) for address in places]


@contextlib.contextmanager
def reach(where: Switch | SwitchAddress | None = None) -> Iterator[EventSocket]:
    """Open a connection to a switch, without `where` to the first that can be reached, and close it afterwards.

    Raises SwitchAwayError where there is no way to it.
    """
    with _connection(where) as socket:
        yield socket


def identify(socket: EventSocket, address: SwitchAddress) -> Switch:
    """Ask who answers at an address; return its row, in which is written that it does. Raises SwitchError."""
    name = socket.api(SwitchName()).strip()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise SwitchError("The switch gave no name that can be one.")
    core_uuid = socket.api(GlobalGetvar("core_uuid")).strip()[:64]
    switch, _ = Switch.objects.get_or_create(name=name)
    if (switch.event_socket, switch.core_uuid) != (str(address), core_uuid):
        now = timezone.now()
        Switch.objects.filter(event_socket=str(address)).exclude(pk=switch.pk).update(event_socket="", updated_at=now)
        switch.event_socket, switch.core_uuid = str(address), core_uuid
        Switch.objects.filter(pk=switch.pk).update(event_socket=str(address), core_uuid=core_uuid, updated_at=now)
    return switch


def _connection(where: Switch | SwitchAddress | None) -> EventSocket:
    if isinstance(where, SwitchAddress):
        return _connect(where)
    return _connect_to_any() if where is None else _connect_to(where)


def _connect(address: SwitchAddress) -> EventSocket:
    try:
        return EventSocket.connect(address, timeout=CONNECT_SECONDS)
    except SwitchUnreachableError as error:
        raise SwitchAwayError(str(error)) from error


def _connect_to_any() -> EventSocket:
    reasons = []
    for address in addresses():
        try:
            return _connect(address)
        except SwitchAwayError as error:
            reasons.append(str(error))
    raise SwitchAwayError(" ".join(reasons) or "FREESWITCH_ESL_URL is not set.")


def _connect_to(switch: Switch) -> EventSocket:
    """Return a connection to one switch, where its row says, else wherever one answers by its name."""
    places = configured()
    own = next((place.address for place in places if place.switch == switch), None)
    if own is not None:
        return _connect(own)
    reasons = [f"The switch {switch} is at none of the addresses in FREESWITCH_ESL_URL."]
    for place in places:
        if place.switch is None:
            try:
                return _connect_if_it_is(switch, place.address)
            except SwitchError as error:
                reasons.append(str(error))
    raise SwitchAwayError(" ".join(reasons))


def _connect_if_it_is(switch: Switch, address: SwitchAddress) -> EventSocket:
    with contextlib.ExitStack() as unless_it_is:
        socket = unless_it_is.enter_context(_connect(address))
        answers = identify(socket, address)
        if answers != switch:
            raise SwitchError(f"At {address} answers {answers}.")
        unless_it_is.pop_all()
        return socket
