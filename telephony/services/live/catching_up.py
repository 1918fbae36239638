"""Bring what is kept of a switch up to what it has: after a gap, and when it has started anew."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from telephony.models import LiveChannel, Switch
from telephony.services.live import channels, gateways, phones
from telephony.services.live.closing import close_lost
from telephony.switch import live_commands
from telephony.switch.commands import Command, ShowChannels, Status, rows
from telephony.switch.errors import CommandRefusedError, SwitchError
from telephony.switch.esl import EventSocket
from telephony.switch.live_facts import HELD, leg_of, uuid_of

logger = logging.getLogger("portal.listener")

# A call that came to be while we asked is told of by an event that waits.
LIST_SECONDS: Final = 20.0


def catch_up(socket: EventSocket, switch: Switch) -> None:
    """Take down what a switch has, after its events were subscribed to; its row has been read before it was written.

    Raises SwitchError where the switch is lost meanwhile. A list that it refuses, or that cannot be read, is passed over.
    """
    before = Switch.objects.values_list("last_heard_at", flat=True).get(pk=switch.pk)
    close_lost(switch, switch.core_uuid, before)
    _note_presence(socket, switch)
    look_again(socket, switch)


def look_again(socket: EventSocket, switch: Switch) -> None:
    """Take down what a switch has: an event may have been lost, and right after its start a switch has no profiles yet.

    Raises SwitchError where the switch is lost meanwhile.
    """
    _legs(socket, switch)
    now = timezone.now()
    listed = _asked(socket, live_commands.ShowPhones())
    if listed is not None:
        phones.replace(switch, live_commands.phones(listed), now)
    listed = _asked(socket, live_commands.ShowGateways())
    if listed is not None:
        gateways.replace(switch, live_commands.gateways(listed), now)


def note_away(event_socket: str) -> None:
    """Write down that the switch at an address cannot be heard, though the listener tries."""
    now = timezone.now()
    Switch.objects.filter(event_socket=event_socket).update(is_up=False, listened_at=now, updated_at=now)


def note_stopped(event_socket: str) -> None:
    """Write down that nobody listens to the switch at an address any more."""
    Switch.objects.filter(event_socket=event_socket).update(listened_at=None, updated_at=timezone.now())


def _note_presence(socket: EventSocket, switch: Switch) -> None:
    load = live_commands.load_of(_asked(socket, Status()) or "")
    now = timezone.now()
    started_at = None if load.up_seconds is None else now - timedelta(seconds=load.up_seconds)
    Switch.objects.filter(pk=switch.pk).update(
        is_up=True, last_heard_at=now, listened_at=now, updated_at=now,
        version=load.version, sessions=load.sessions, max_sessions=load.max_sessions, started_at=started_at,
    )  # fmt: skip


def _asked(socket: EventSocket, command: Command) -> str | None:
    try:
        return socket.api(command, timeout=LIST_SECONDS)
    except CommandRefusedError as refused:
        logger.warning("the switch refused %s: %s", type(command).__name__, refused)
        return None


def _legs(socket: EventSocket, switch: Switch) -> None:
    """Bring the legs up to the switch's list: those that are gone are taken away (their records tell), others looked at."""
    listed = {
        uuid: row for row in rows(socket.api(ShowChannels(), timeout=LIST_SECONDS)) if (uuid := uuid_of(row.get("uuid", "")))
    }
    known = {leg.uuid: leg for leg in LiveChannel.objects.filter(switch=switch)}
    channels.forget(switch, known.keys() - listed.keys())
    for uuid, row in listed.items():
        if uuid not in known or _has_moved_on(known[uuid], row):
            _look_at(socket, switch, uuid)


def _has_moved_on(leg: LiveChannel, row: Mapping[str, str]) -> bool:
    """Tell whether the list shows a leg in another state than it is known in; talk without a known bridge counts, too."""
    state = row.get("callstate", "")
    return (state == HELD) != (leg.held_at is not None) or (state in ("ACTIVE", HELD) and leg.bridged_at is None)


def _look_at(socket: EventSocket, switch: Switch, uuid: str) -> None:
    try:
        leg = leg_of(live_commands.dumped(socket.api(live_commands.DumpChannel(UUID(uuid)))))
    except CommandRefusedError:
        # It has ended since.
        return
    except SwitchError:
        if socket.closed:
            raise
        logger.exception("a leg was passed over", extra={"leg_uuid": uuid})
        return
    if leg is not None:
        channels.take(switch, leg)
