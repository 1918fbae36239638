"""What is done with each event that tells of the present: legs, phones, gateways, heartbeats.

Events are advice. One that cannot be read, or that the database refuses, is written to the log and passed over; while the
database is away its error is raised, and everything is taken anew when it is back.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import DataError, IntegrityError
from django.utils import timezone

from telephony.models import Switch
from telephony.services import registrations
from telephony.services.live import channels, gateways, phones
from telephony.switch.esl import Event
from telephony.switch.live_facts import gateway_of, instant_of, leg_of, phone_of, storable, uuid_of, whole_of

logger = logging.getLogger("portal.listener")

SUBCLASSES: Final = (
    "sofia::register", "sofia::unregister", "sofia::expire", "sofia::gateway_state", registrations.FAILURE,
)  # fmt: skip
EVENTS: Final = (
    "HEARTBEAT", "SHUTDOWN", "CHANNEL_CREATE", "CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA", "CHANNEL_ANSWER", "CHANNEL_BRIDGE",
    "CHANNEL_UNBRIDGE", "CHANNEL_HOLD", "CHANNEL_UNHOLD", "CHANNEL_HANGUP_COMPLETE",
)  # fmt: skip
_MOST_LEGS = 10**9
_MOST_MILLISECONDS = 100 * 365 * 86_400_000


def hear(switch: Switch, event: Event) -> None:
    """Write down what an event tells of a switch. Raises OperationalError and InterfaceError alone."""
    handler = HANDLERS.get(event.get("Event-Subclass") if event.name == "CUSTOM" else event.name)
    if handler is None:
        return
    try:
        handler(switch, event)
    except (DataError, IntegrityError, ValueError, OverflowError):
        logger.exception("an event was passed over", extra={"event": event.name, "switch": switch.name})


def at_of(event: Event) -> datetime:
    """Return when an event happened, by the switch's clock; now where it does not say."""
    return instant_of(event.get("Event-Date-Timestamp")) or timezone.now()


def _leg(switch: Switch, event: Event) -> None:
    leg = leg_of(event.headers)
    if leg is not None and event.get("Answer-State") != "hangup":
        channels.take(switch, leg)


def _bridged(switch: Switch, event: Event) -> None:
    leg = leg_of(event.headers)
    if leg is not None:
        channels.take(switch, leg, bridged_at=at_of(event))


def _hung_up(switch: Switch, event: Event) -> None:
    uuid = uuid_of(event.get("Unique-ID"))
    if uuid:
        channels.forget(switch, [uuid])


def _heartbeat(switch: Switch, event: Event) -> None:
    now = timezone.now()
    up_for = whole_of(event.get("Uptime-msec"), _MOST_MILLISECONDS)
    Switch.objects.filter(pk=switch.pk).update(
        is_up=True,
        last_heard_at=now,
        listened_at=now,
        sessions=whole_of(event.get("Session-Count"), _MOST_LEGS) or 0,
        max_sessions=whole_of(event.get("Max-Sessions"), _MOST_LEGS) or 0,
        # As `status` has it: without the `~64bit` behind it.
        version=storable(event.get("FreeSWITCH-Version").partition("~")[0], 64),
        **({} if up_for is None else {"started_at": now - timedelta(milliseconds=up_for)}),
        updated_at=now,
    )
    phones.sweep(now)


def _shut_down(switch: Switch, event: Event) -> None:
    now = timezone.now()
    Switch.objects.filter(pk=switch.pk).update(is_up=False, last_heard_at=now, updated_at=now)


def _registered(switch: Switch, event: Event) -> None:
    phone = phone_of(event.headers)
    if phone is not None:
        phones.registered(switch, phone, at_of(event))


def _unregistered(switch: Switch, event: Event) -> None:
    phone = phone_of(event.headers)
    if phone is not None:
        phones.unregistered(switch, phone)


def _not_registered(switch: Switch, event: Event) -> None:
    registrations.failed(event)


def _gateway(switch: Switch, event: Event) -> None:
    facts = gateway_of(event.headers)
    if facts is not None:
        gateways.take(switch, facts, at_of(event))


HANDLERS: Final[dict[str, Callable[[Switch, Event], None]]] = {
    **dict.fromkeys((name for name in EVENTS if name.startswith("CHANNEL_")), _leg),
    "CHANNEL_BRIDGE": _bridged,
    "CHANNEL_HANGUP_COMPLETE": _hung_up,
    "HEARTBEAT": _heartbeat,
    "SHUTDOWN": _shut_down,
    "sofia::register": _registered,
    "sofia::unregister": _unregistered,
    "sofia::expire": _unregistered,
    "sofia::gateway_state": _gateway,
    registrations.FAILURE: _not_registered,
}
