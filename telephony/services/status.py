"""How the portal stands: what an operator looks at first."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Count, F

from telephony.models import Extension, GatewayStatus, Number, Quarantine, Switch
from telephony.models.holding import HoldingState
from telephony.services.live.alarms import alarms
from telephony.services.recordings import INCOMING
from web import jobs, read_only

SWITCH_MEMBERS = (
    "name", "core_uuid", "last_cdr_at", "event_socket", "is_up", "last_heard_at", "started_at", "version", "sessions",
    "max_sessions",
)  # fmt: skip


class Spool(NamedTuple):
    """Uploads that are not published: under way, or left behind by a crash."""

    files: int
    bytes: int
    oldest: datetime | None


def portal_status() -> dict[str, Any]:
    """Return what `maintenance/status` shows; every count comes from an index alone."""
    switches = list(Switch.objects.values(*SWITCH_MEMBERS))
    return {
        "version": settings.VERSION,
        "database": {"vendor": connection.vendor, "version": ".".join(map(str, connection.get_database_version()))},
        "pool": by_state(Number),
        "extensions": by_state(Extension),
        "switches": switches,
        "last_cdr": max((switch["last_cdr_at"] for switch in switches if switch["last_cdr_at"]), default=None),
        "quarantine": Quarantine.objects.filter(state=Quarantine.State.NEW).count(),
        "spool": spool()._asdict(),
        "jobs": jobs.standing(),
        "gateways": list(GatewayStatus.objects.values("name", "is_up", "state", "since", switch_name=F("switch__name"))),
        "alarms": [alarm.as_dict() for alarm in alarms()],
        "read_only": read_only.is_on(),
    }


def by_state(things: type[Extension] | type[Number]) -> dict[str, int]:
    """Return how many there are in each state."""
    counts = things.objects.order_by().values_list("state").annotate(things=Count("*"))
    return dict.fromkeys(HoldingState.values, 0) | dict(counts)


def spool() -> Spool:
    """Count the parts of uploads in the recordings' folder."""
    folder = settings.RECORDINGS_ROOT / INCOMING
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            found.append(path.stat())
        except FileNotFoundError:
            # Published meanwhile.
            continue
    oldest = min((part.st_mtime for part in found), default=None)
    return Spool(
        files=len(found),
        bytes=sum(part.st_size for part in found),
        oldest=None if oldest is None else datetime.fromtimestamp(oldest, UTC),
    )
