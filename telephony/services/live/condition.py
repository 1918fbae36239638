"""How old what is shown of a switch is: whether it is heard, away, or nobody listens."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from telephony.models import Switch
from telephony.services.switchboard import configured
from telephony.switch.esl import SwitchAddress

# A heartbeat comes every 20 seconds; the listener tries every 30 seconds at least.
SILENT_AFTER: Final = timedelta(seconds=50)
UNLISTENED_AFTER: Final = timedelta(seconds=90)


class Hearing(enum.StrEnum):
    """Whether a switch is heard."""

    HEARD = "heard"
    AWAY = "away"
    UNLISTENED = "unlistened"


@dataclass(frozen=True, slots=True)
class Condition:
    """A switch, or an address at which none has said its name, and whether it is heard."""

    address: SwitchAddress
    switch: Switch | None
    hearing: Hearing
    at: datetime

    @property
    def name(self) -> str:
        """What the switch is called; its address while it has not said its name."""
        return str(self.switch or self.address)

    @property
    def is_heard(self) -> bool:
        """Whether what is shown of it is of now."""
        return self.hearing == Hearing.HEARD

    @property
    def seen_at(self) -> datetime | None:
        """From when what is shown of it is; None where nothing was ever seen."""
        return self.switch.last_heard_at if self.switch else None

    @property
    def silent_for(self) -> timedelta | None:
        """For how long it has not been heard, None where it never was."""
        return None if self.seen_at is None else max(timedelta(0), self.at - self.seen_at)


def conditions(at: datetime | None = None) -> list[Condition]:
    """Return how each configured switch is, the preferred one first. One query."""
    now = at or timezone.now()
    return [Condition(place.address, place.switch, _hearing(place.switch, now), now) for place in configured()]


def heard(found: Iterable[Condition]) -> list[Switch]:
    """Return the switches that are heard."""
    return [each.switch for each in found if each.switch is not None and each.is_heard]


def _hearing(switch: Switch | None, now: datetime) -> Hearing:
    if switch is None or switch.listened_at is None or now - switch.listened_at > UNLISTENED_AFTER:
        return Hearing.UNLISTENED
    silent = switch.last_heard_at is None or now - switch.last_heard_at > SILENT_AFTER
    return Hearing.AWAY if silent or not switch.is_up else Hearing.HEARD
