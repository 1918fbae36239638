"""Follow the events of every switch for as long as it takes: connect, catch up on what was missed, follow, begin again."""

import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.utils import timezone

from telephony.models import CallLink, Switch
from telephony.services import bans
from telephony.services.call_links.dialling import FOLLOWED, bring_up_to_date, kill
from telephony.services.call_links.progress import follow
from telephony.services.live import catching_up, hearing
from telephony.services.revocations import errands
from telephony.services.switchboard import addresses, identify, reach
from telephony.switch.commands import ShowCalls, ShowChannels, rows
from telephony.switch.errors import SwitchError
from telephony.switch.esl import EventSocket, SwitchAddress

logger = logging.getLogger("portal.listener")

# What follows CUSTOM is one of its subclasses: it comes last.
EVENTS = (*dict.fromkeys((*FOLLOWED, *hearing.EVENTS)), "CUSTOM", *hearing.SUBCLASSES)
LONGEST_WAIT_SECONDS = 30.0
# A heartbeat comes every 20 seconds: two that are missing mean that the connection is dead though nobody closed it.
SILENCE_SECONDS = 50.0
SWEEP_EVERY_SECONDS = 5.0
# How often a switch is asked for what it has, as events can be lost; and how soon the first time, as one that has only just
# started has nothing to show yet.
LOOK_EVERY_SECONDS, LOOK_FIRST_SECONDS = 60.0, 10.0
# How soon a listener that hears nothing sees that it is to stop.
POLL_SECONDS = 1.0
# A link whose command is only now on its way has no channel yet.
YOUNG = timedelta(seconds=5)
UNKNOWN = "UNKNOWN"


def listen(stop: threading.Event, tell: Callable[[str], None]) -> None:
    """Follow every switch until `stop` is set; `tell` is given a sentence whenever a connection changes.

    Each switch has a thread of its own, so that one that is away holds up none. What ends one of them unforeseen ends all,
    and is raised: whoever runs the listener starts it anew.
    """
    unforeseen: list[BaseException] = []

    def run(address: SwitchAddress) -> None:
        try:
            _follow_switch(stop, address, tell)
        except BaseException as error:  # noqa: BLE001 - raised again by `listen`
            unforeseen.append(error)
            stop.set()
        finally:
            _note_stopped(address)
            connections.close_all()

    threads = [threading.Thread(target=run, args=(address,), name=f"listener {address}") for address in addresses()]
    if not threads:
        tell("FREESWITCH_ESL_URL is not set: there is no switch to follow")
    for thread in threads:
        thread.start()
    while not stop.wait(SWEEP_EVERY_SECONDS):
        pass
    for thread in threads:
        thread.join()
    if unforeseen:
        raise unforeseen[0]


def _follow_switch(stop: threading.Event, address: SwitchAddress, tell: Callable[[str], None]) -> None:
    failures = 0
    while not stop.is_set():
        close_old_connections()
        try:
            with reach(address) as socket:
                switch = identify(socket, address)
                socket.subscribe(EVENTS)
                catching_up.catch_up(socket, switch)
                reconcile(socket, switch)
                tell(f"connected: the events of {switch} at {address} are followed")
                failures = 0
                _follow_until(stop, socket, switch, address)
        except (SwitchError, OperationalError, InterfaceError) as error:
            failures += 1
            wait = wait_after(failures)
            why = str(error) or type(error).__name__
            tell(f"the switch at {address} or the database is away ({why}): trying again in {wait:.0f} s")
            _sweep_while_away(address)
            stop.wait(wait)


def wait_after(failures: int) -> float:
    """Return for how many seconds to wait after so many failures: longer each time, and never in step with others."""
    return min(LONGEST_WAIT_SECONDS, 2.0 ** min(failures - 1, 5)) * random.uniform(0.7, 1.0)  # noqa: S311 - no secret


def _follow_until(stop: threading.Event, socket: EventSocket, switch: Switch, address: SwitchAddress) -> None:
    heard = swept = time.monotonic()
    looks_at = heard + LOOK_FIRST_SECONDS
    access_list = bans.Follower()
    access_list.follow(socket)
    # What the switch was not told while it was away.
    errands.repeat(address, whenever=True)
    while not stop.is_set():
        event = socket.next_event(POLL_SECONDS)
        now = time.monotonic()
        if event is not None:
            heard = now
            follow(socket, event)
            hearing.hear(switch, event)
        elif now - heard > SILENCE_SECONDS:
            raise SwitchError("nothing was heard for too long")
        if now - swept > SWEEP_EVERY_SECONDS:
            swept = now
            sweep()
            access_list.follow(socket)
            errands.repeat(address)
        if now > looks_at:
            looks_at = now + LOOK_EVERY_SECONDS
            catching_up.look_again(socket, switch)


def reconcile(socket: EventSocket, switch: Switch) -> None:
    """Bring every open link of a switch up to what it has: what was missed in a gap, or ended with a switch that restarted."""
    began = timezone.now()
    alive = {row.get("uuid", "") for row in rows(socket.api(ShowChannels()))}
    bridged = {row.get("uuid", "") for row in rows(socket.api(ShowCalls())) if row.get("b_uuid")}
    for link in CallLink.objects.open().filter(switch=switch, sent_at__lt=began - YOUNG):
        _catch_up(socket, link, alive, bridged)


def _catch_up(socket: EventSocket, link: CallLink, alive: set[str], bridged: set[str]) -> None:
    leg_uuid = str(link.call_uuid)
    if leg_uuid not in alive:
        # It ended while nobody listened; its record, if there is one, says how, and corrects this.
        talked = link.status == CallLink.Status.BRIDGED
        link.end(CallLink.Status.COMPLETED if talked else CallLink.Status.FAILED, "" if talked else UNKNOWN)
    elif link.cancel_requested_at is not None:
        kill(socket, link)
    elif leg_uuid in bridged:
        link.advance(CallLink.Status.BRIDGED, timezone.now())


def sweep() -> None:
    """See to links that are past their time, or that somebody cancelled while the switch was away."""
    now = timezone.now()
    due = CallLink.objects.open().filter(expires_at__lte=now) | CallLink.objects.open().filter(
        cancel_requested_at__lte=now - YOUNG
    )
    for link in due:
        bring_up_to_date(link)


def _sweep_while_away(address: SwitchAddress) -> None:
    try:
        catching_up.note_away(str(address))
        sweep()
    except (OperationalError, InterfaceError):
        logger.warning("the database is away")


def _note_stopped(address: SwitchAddress) -> None:
    try:
        catching_up.note_stopped(str(address))
    except (OperationalError, InterfaceError):
        logger.warning("the database is away")
