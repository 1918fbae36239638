"""The switches that have made themselves known: how each is, in words, and forgetting one that is no more."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from telephony.models import CallLink, GatewayStatus, Leg, LiveCall, Switch
from telephony.services import keeping
from telephony.services.keeping import InUseError
from telephony.services.live.alarms import Alarm, alarms
from telephony.services.live.condition import Condition, Hearing, conditions

# What became of a switch that no setting leads to any more.
FORGOTTEN: Final = "not followed"

_WORDS: Final = {
    Hearing.HEARD: "It is heard: what is shown of it is of now.",
    Hearing.AWAY: "It cannot be reached: what is shown of it is of when it was last heard.",
    Hearing.UNLISTENED: "Nobody listens to it: what is shown of it is old.",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a switch is: `condition` None where FREESWITCH_ESL_URL leads to none such, `switch` None before it was heard."""

    switch: Switch | None
    condition: Condition | None
    at: datetime

    @property
    def name(self) -> str:
        """What it is called; its address while it has not said its name."""
        return self.switch.name if self.switch else str(self.condition.address if self.condition else "")

    @property
    def hearing(self) -> str:
        """Whether it is heard, in a word."""
        return self.condition.hearing.value if self.condition else FORGOTTEN

    @property
    def is_heard(self) -> bool:
        """Whether what is shown of it is of now."""
        return self.condition is not None and self.condition.is_heard

    @property
    def health(self) -> str:
        """How it is, in a sentence."""
        if self.condition:
            return _WORDS[self.condition.hearing]
        return "Its records have come, but FREESWITCH_ESL_URL does not lead to it: nothing of the moment is known."

    @property
    def up_for(self) -> timedelta | None:
        """For how long it has run; None where that is not known of now."""
        if not self.is_heard or self.switch is None or self.switch.started_at is None:
            return None
        return max(timedelta(0), self.at - self.switch.started_at)


def standings() -> list[Standing]:
    """Return how each switch is: those of the settings first, then those known by their records alone. Two queries."""
    now = timezone.now()
    found = [Standing(each.switch, each, now) for each in conditions(now)]
    followed = [each.switch.pk for each in found if each.switch]
    return found + [Standing(switch, None, now) for switch in Switch.objects.exclude(pk__in=followed).order_by("name")]


def standing_of(switch: Switch) -> Standing:
    """Return how one switch is."""
    now = timezone.now()
    condition = next((each for each in conditions(now) if each.switch == switch), None)
    return Standing(switch, condition, now)


def alarms_of(switch: Switch) -> list[Alarm]:
    """Return what is wrong with a switch, and with gateways on it, now."""
    return [alarm for alarm in alarms() if alarm.about == switch.name or alarm.about.endswith(f" on {switch.name}")]


def gateways_on(switch: Switch) -> QuerySet[GatewayStatus]:
    """Return how the gateways are on a switch."""
    return GatewayStatus.objects.filter(switch=switch).select_related("gateway__domain").order_by("name")


def why_kept(switch: Switch) -> str:
    """Return why a switch cannot be forgotten, "" where it can."""
    if standing_of(switch).condition is not None:
        return f"FREESWITCH_ESL_URL leads to {switch}: it would be here again at once."
    kinds = (Leg, CallLink, LiveCall)
    has_calls = any(kind._default_manager.filter(switch=switch).order_by().exists() for kind in kinds)
    return f"{switch} has calls: it stays, as long as they do." if has_calls else ""


@transaction.atomic
def forget(switch: Switch, *, actor: User | None) -> None:
    """Delete a switch of which no call is; one that reports again makes itself known again. Raises InUseError, GoneError."""
    if why := why_kept(keeping.held(switch)):
        raise InUseError(why)
    keeping.delete(switch, shown=("name", "event_socket", "version"), actor=actor)
