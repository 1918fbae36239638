"""What staff have to know at once, and what to do about it: switches that are away, gateways that are down."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q

from telephony.models import Gateway, GatewayStatus
from telephony.services.live.condition import Condition, Hearing, conditions, heard

# Of all the legs that a switch takes, in percent.
NEARLY_FULL: Final = 90


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that is wrong now: `code` for programs, sentences for people; `since` None where nobody knows."""

    code: str
    about: str
    says: str
    do: str
    since: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as `maintenance/status` shows it."""
        return {"code": self.code, "about": self.about, "detail": self.says, "action": self.do, "since": self.since}


def alarms(found: Sequence[Condition] | None = None) -> list[Alarm]:
    """Return what is wrong now. Three queries, however many switches and gateways there are; none without a switch."""
    found = conditions() if found is None else found
    if not found:
        return []
    return [*_of_switches(found), *_of_gateways(found)]


def _of_switches(found: Sequence[Condition]) -> Iterator[Alarm]:
    unlistened = [each for each in found if each.hearing == Hearing.UNLISTENED]
    if len(unlistened) == len(found):
        yield Alarm(
            "listener_not_running", "eventlistener", "Nobody listens to the switches: what is shown of them is old.",
            "Start `manage.py eventlistener`, and look into its log if it has ended by itself.",
            max((each.seen_at for each in found if each.seen_at), default=None),
        )  # fmt: skip
        return
    for each in found:
        if each.hearing == Hearing.UNLISTENED:
            yield Alarm(
                "switch_never_heard", each.name, f"The switch at {each.address} has not been heard since the listener began.",
                "Check that it runs, that FREESWITCH_ESL_URL has its address and password, and that its event socket lets the "
                "portal in; a switch that was added takes a new start of `manage.py eventlistener`.",
                each.seen_at,
            )  # fmt: skip
        elif each.hearing == Hearing.AWAY:
            yield Alarm(
                "switch_away", each.name, f"The switch {each.name} cannot be reached: its calls go on, or end, unseen.",
                "Look whether it runs (`systemctl status freeswitch`) and whether its event socket at "
                f"{each.address} answers; the listener connects again by itself.",
                each.seen_at,
            )  # fmt: skip
        elif each.switch and each.switch.max_sessions and each.switch.sessions * 100 >= each.switch.max_sessions * NEARLY_FULL:
            yield Alarm(
                "switch_nearly_full", each.name,
                f"The switch {each.name} has {each.switch.sessions} legs of {each.switch.max_sessions} that it takes.",
                "Look for calls that should not be there; else raise `max-sessions`, or add a switch.",
            )  # fmt: skip


def _of_gateways(found: Sequence[Condition]) -> Iterator[Alarm]:
    switches = heard(found)
    known = GatewayStatus.objects.filter(switch__in=switches).select_related("switch", "gateway")
    # One that is out of use, or that the switch has of its own, is not ours to be alarmed about unless it is used.
    down = known.filter(is_up=False).filter(Q(gateway=None) | Q(gateway__is_active=True)).order_by("name", "switch__name")
    for status in down:
        yield Alarm(
            "gateway_down", f"{status.name} on {status.switch}",
            f"The gateway {status.name} is down on the switch {status.switch} ({status.state}): no calls leave by it.",
            "Ask the carrier; check the gateway's proxy, user name and password. Another active gateway of the domain is "
            f"used meanwhile. On the switch: `sofia status gateway {status.name}`.",
            status.since,
        )  # fmt: skip
    yield from _missing(switches)


def _missing(switches: Sequence[Any]) -> Iterator[Alarm]:
    names = Gateway.objects.filter(is_active=True, domain__is_active=True).values_list("name", flat=True)
    by_switch: dict[int, set[str]] = {switch.pk: set() for switch in switches}
    for switch_id, name in GatewayStatus.objects.filter(switch__in=switches).values_list("switch_id", "name"):
        by_switch[switch_id].add(name)
    for switch in switches:
        for name in sorted(set(names) - by_switch[switch.pk]):
            yield Alarm(
                "gateway_unknown_to_switch", f"{name} on {switch}", f"The switch {switch} does not know the gateway {name}.",
                "On the switch: `sofia profile external rescan`; look into its log if that does not bring it.",
            )  # fmt: skip
