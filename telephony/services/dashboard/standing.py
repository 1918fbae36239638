"""How things stand at this moment: what the dashboard refreshes, and what `/metrics` reports."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from telephony.models import Extension, LiveCall, Number, Quarantine, Recording, Switch
from telephony.services.live.alarms import Alarm, alarms
from telephony.services.live.condition import Condition, conditions
from telephony.services.status import Spool, by_state, spool


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand: every count of it comes from an index, or from a table that stays small."""

    at: datetime
    live_calls: int
    numbers: dict[str, int]
    extensions: dict[str, int]
    conditions: list[Condition]
    alarms: list[Alarm]
    last_record_at: datetime | None
    quarantine: int
    spool: Spool
    unmeasured: int

    @property
    def unheard(self) -> list[Condition]:
        """The switches of which nobody knows how many calls they have."""
        return [each for each in self.conditions if not each.is_heard]


def standing() -> Standing:
    """Return how things stand."""
    now = timezone.now()
    found = conditions(now)
    return Standing(
        at=now,
        live_calls=LiveCall.objects.count(),
        numbers=by_state(Number),
        extensions=by_state(Extension),
        conditions=found,
        alarms=alarms(found),
        last_record_at=Switch.objects.order_by("-last_cdr_at")
        .exclude(last_cdr_at=None)
        .values_list("last_cdr_at", flat=True)
        .first(),
        quarantine=Quarantine.objects.filter(state=Quarantine.State.NEW).count(),
        spool=spool(),
        unmeasured=Recording.objects.filter(state=Recording.State.READY, measured_at=None).count(),
    )
