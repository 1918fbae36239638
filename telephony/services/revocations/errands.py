"""Carry revocations out at the switches: at once, and again wherever one could not be told.

An errand belongs to one revocation and one switch. Whoever is about it holds it by a lease, so that one whose process was
killed is taken over; everything that it does may be done twice.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Final

from django.utils import timezone

from telephony.models import Extension, Revocation, RevocationErrand
from telephony.models.revocations import ErrandState
from telephony.services.revocations.telling import Told, tell
from telephony.services.switchboard import addresses, reach
from telephony.switch.errors import SwitchError
from telephony.switch.esl import EventSocket, SwitchAddress

logger = logging.getLogger("portal.revocations")

# What a person waits for whose request took the right away; and what a process may take that nobody waits for.
AT_ONCE_SECONDS: Final = 3.0
IN_PEACE_SECONDS: Final = 20.0
MOST_AT_ONCE: Final = 100
LONGEST_WAIT: Final = timedelta(minutes=1)
# A switch that was away a moment ago is not waited for again: of many errands only the first one finds that out.
NOT_AGAIN_WITHIN_SECONDS: Final = 5.0
_away_since: dict[str, float] = {}


def run_at_once(revocation_ids: Sequence[int]) -> None:
    """Carry out revocations that were committed just now, within some seconds; what is left over is repeated."""
    errands = RevocationErrand.objects.pending().filter(revocation_id__in=revocation_ids)
    _run(errands.select_related("revocation__extension__domain"), time.monotonic() + AT_ONCE_SECONDS, impatient=True)


def repeat_of(extension: Extension) -> list[int]:
    """Tell the switches at once what they could not be told of an extension; return the ids of the revocations that waited."""
    waiting = list(Revocation.objects.filter(extension=extension).pending().values_list("pk", flat=True))
    run_at_once(waiting)
    return waiting


def repeat(address: SwitchAddress | None = None, *, whenever: bool = False) -> int:
    """Carry out what is due, at one switch or at all; return how many errands were done.

    `whenever` takes also what was put off: for a switch that has just come back.
    """
    now = timezone.now()
    errands = RevocationErrand.objects.at_hand(now)
    if address is not None:
        errands = errands.filter(event_socket=str(address))
    if not whenever:
        errands = errands.filter(next_at__lte=now)
    some = errands.select_related("revocation__extension__domain").order_by("event_socket", "next_at", "id")[:MOST_AT_ONCE]
    return _run(some, time.monotonic() + IN_PEACE_SECONDS, impatient=False)


def _run(errands: Iterable[RevocationErrand], deadline: float, *, impatient: bool) -> int:
    done = 0
    places = {str(address): address for address in addresses()}
    by_switch = groupby(sorted(errands, key=lambda errand: errand.event_socket), key=lambda errand: errand.event_socket)
    for place, waiting in by_switch:
        claimed = [errand for errand in waiting if errand.claim()]
        if claimed:
            done += _run_at(places.get(place), claimed, deadline, impatient=impatient)
    return done


def _run_at(address: SwitchAddress | None, errands: list[RevocationErrand], deadline: float, *, impatient: bool) -> int:
    """Carry out claimed errands at one switch; return how many were done."""
    if address is None:
        return _put_off(errands, "No switch is configured at this address any more.")
    if impatient and time.monotonic() - _away_since.get(str(address), -NOT_AGAIN_WITHIN_SECONDS) < NOT_AGAIN_WITHIN_SECONDS:
        return _put_off(errands, "The switch was away a moment ago.")
    if time.monotonic() >= deadline:
        return _put_off(errands, "There was no time left to reach the switch.")
    done = 0
    try:
        with reach(address) as socket:
            _away_since.pop(str(address), None)
            for place, errand in enumerate(errands):
                if time.monotonic() >= deadline:
                    return done + _put_off(errands[place:], "There was no time left to tell the switch.")
                done += _carry_out(socket, errand, deadline)
    except SwitchError as error:
        _away_since[str(address)] = time.monotonic()
        _put_off([errand for errand in errands if errand.lease_until is not None], str(error))
    return done


def _carry_out(socket: EventSocket, errand: RevocationErrand, deadline: float) -> bool:
    """Do one errand; tell whether the switch has let go. Raises SwitchError where the connection is of no more use."""
    told = Told(keep=lambda steps: errand.keep(steps=steps))
    try:
        tell(socket, errand.revocation, told, deadline)
    except SwitchError as error:
        if socket.closed:
            raise
        told.problem = str(error)
    if told.problem:
        _put_off([errand], told.problem)
        return False
    errand.keep(state=ErrandState.DONE, done_at=timezone.now(), lease_until=None, problem="")
    logger.info("a switch has let go of an extension", extra=_named(errand))
    return True


def _put_off(errands: Iterable[RevocationErrand], problem: str) -> int:
    """Leave errands to be repeated, each later than the time before; return 0, which is how many were done."""
    for errand in errands:
        wait = min(LONGEST_WAIT, timedelta(seconds=5) * 2 ** min(errand.attempts - 1, 5))
        errand.keep(problem=problem[:300], lease_until=None, next_at=timezone.now() + wait)
        logger.warning("a switch was not told of a revocation: %s", problem, extra=_named(errand))
    return 0


def _named(errand: RevocationErrand) -> dict[str, object]:
    return {"revocation": errand.revocation_id, "switch": errand.event_socket}
