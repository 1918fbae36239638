"""Phones that could not prove themselves: counted by network, and banned where it is too often."""

import logging
import threading
import time
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from telephony.models import BannedAddress, FailedRegistration
from telephony.models.bans import network_of
from telephony.services import bans
from telephony.switch.esl import Event

logger = logging.getLogger("portal.registrations")

# A subclass of CUSTOM: the switch sends it whenever a REGISTER or an INVITE came with a wrong proof.
FAILURE: Final = "sofia::register_failure"
FORGOTTEN_AFTER: Final = timedelta(days=7)
# Of a network that is banned, and goes on all the same, one row a second is enough.
_PAUSE_SECONDS: Final = 1.0
_MOST_PAUSED: Final = 10_000


class _Paused:
    """Networks of which nothing is written for a moment, and how many failures of theirs were passed over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}
        self._passed_over: dict[str, int] = {}

    def passes_over(self, network: str) -> bool:
        """Tell whether a failure need not be written now; it is then counted with the next one."""
        with self._lock:
            if time.monotonic() >= self._until.get(network, 0.0):
                return False
            self._passed_over[network] = self._passed_over.get(network, 0) + 1
            return True

    def take(self, network: str) -> int:
        """Return how many failures were passed over since the last one was written."""
        with self._lock:
            return self._passed_over.pop(network, 0)

    def pause(self, network: str) -> None:
        """Pass over what comes within the next moment."""
        with self._lock:
            if len(self._until) >= _MOST_PAUSED:
                self._until.clear()
                self._passed_over.clear()
            self._until[network] = time.monotonic() + _PAUSE_SECONDS


_paused = _Paused()


def is_failure(event: Event) -> bool:
    """Tell whether an event says that a phone could not prove itself."""
    return event.name == "CUSTOM" and event.get("Event-Subclass") == FAILURE


def failed(event: Event) -> BannedAddress | None:
    """Count that a phone could not prove itself; return the ban where it was once too often.

    What the phone said of itself is text that is stored and shown, cut to length; of the event nothing else is believed than
    the address, which the switch saw itself.
    """
    try:
        network = str(network_of(event.get("network-ip").partition("%")[0]))
    except ValueError:
        logger.warning("a failed registration came from no address")
        return None
    if _paused.passes_over(network):
        return None
    user, agent = _plain(event.get("to-user"), 64), _plain(event.get("user-agent"), 100)
    in_span = _count(network, user, agent, 1 + _paused.take(network))
    if BannedAddress.objects.in_force(timezone.now()).filter(network=network).exists():
        _paused.pause(network)
        return None
    return _ban(network, in_span, user) if in_span >= settings.BAN_AFTER_FAILURES else None


def _count(network: str, user: str, agent: str, times: int) -> int:
    """Count some failures of a network; return how many there were in the span of time that counts."""
    now = timezone.now()
    began = now - timedelta(minutes=settings.BAN_WINDOW_MINUTES)
    row = FailedRegistration.objects.filter(network=network)
    goes_on = When(span_began_at__gt=began, then=F("in_span") + times)
    counted = row.update(
        in_span=Case(goes_on, default=Value(times)),
        span_began_at=Case(When(span_began_at__gt=began, then=F("span_began_at")), default=Value(now)),
        total=F("total") + times,
        last_at=now,
        last_user=user,
        last_agent=agent,
    )
    if not counted:
        _begin(network, user, agent, times, now)
    return row.values_list("in_span", flat=True).first() or 0


def _begin(network: str, user: str, agent: str, times: int, now: datetime) -> None:
    seen = {"first_at": now, "last_at": now, "span_began_at": now, "last_user": user, "last_agent": agent}
    try:
        with transaction.atomic():
            FailedRegistration.objects.create(network=network, in_span=times, total=times, **seen)
    except IntegrityError:
        # Another listener was faster.
        FailedRegistration.objects.filter(network=network).update(in_span=F("in_span") + times, total=F("total") + times)


def _ban(network: str, failures: int, user: str) -> BannedAddress | None:
    """Ban a network for failing too often; return None where it may not be banned."""
    reason = f"{failures} wrong proofs within {settings.BAN_WINDOW_MINUTES} minutes"
    try:
        banned = bans.ban(network, until=bans.lasting(settings.BAN_MINUTES), reason=reason, failures=failures, last_user=user)
    except bans.NotBannableError as error:
        _paused.pause(network)
        logger.warning("too many failed registrations of a network that is never banned: %s", error)
        return None
    _paused.pause(network)
    return banned


def forget(at_once: int) -> int:
    """Delete some counts of networks that have not failed for a week; return how many."""
    quiet = FailedRegistration.objects.filter(last_at__lt=timezone.now() - FORGOTTEN_AFTER)
    some = list(quiet.values_list("pk", flat=True)[:at_once])
    return FailedRegistration.objects.filter(pk__in=some).delete()[0] if some else 0


def _plain(text: str, longest: int) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()[:longest]
