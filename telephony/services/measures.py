"""What `/metrics` tells of the portal and its switches, read from the database; no label names a person or a phone number."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.db.models import Count

from telephony.models import Call, GatewayStatus, LiveCall, Registration, StaleTally
from telephony.services.dashboard.standing import Standing, standing
from telephony.switch.causes import SLUGS
from web import jobs, read_only

RECENT: Final = timedelta(hours=1)
Sample = tuple[tuple[str, ...], float]


class Measure(NamedTuple):
    """A gauge: its name, what it says, the names of its labels, and its values by them."""

    name: str
    says: str
    labels: tuple[str, ...]
    samples: Sequence[Sample]


def measures() -> Iterator[Measure]:
    """Yield how things stand. A fixed number of queries, each by an index or of a table that stays small."""
    now = standing()
    yield Measure("portal_build_info", "Which version of the portal this is.", ("version",), [((settings.VERSION,), 1)])
    yield Measure("portal_read_only", "Whether the portal only reads.", (), [((), read_only.is_on())])
    yield from _of_calls(now.at)
    yield from _of_switches(now)
    yield from _of_intake(now)
    yield from _of_jobs(now.at)
    pool = [
        ((kind, state), count)
        for kind, states in (("number", now.numbers), ("extension", now.extensions))
        for state, count in states.items()
    ]
    yield Measure("portal_pool", "Numbers and extensions, by state.", ("kind", "state"), pool)
    codes: dict[str, int] = {}
    for alarm in now.alarms:
        codes[alarm.code] = codes.get(alarm.code, 0) + 1
    yield Measure("portal_alarms", "Open alarms, by code.", ("code",), [((code,), count) for code, count in codes.items()])
    yield Measure("portal_alarms_open", "Open alarms.", (), [((), len(now.alarms))])


def _of_calls(now: datetime) -> Iterator[Measure]:
    begun = Call.objects.filter(started_at__gt=now - RECENT, started_at__lte=now).order_by()
    counts = {(way, outcome): 0 for way in Call.Direction.values for outcome in SLUGS}
    for direction, outcome, calls in begun.values_list("direction", "outcome").annotate(calls=Count("pk")):
        counts[direction, outcome] = calls
    yield Measure(
        "portal_calls_last_hour", "Calls that began within the last hour and are over, by outcome.", ("direction", "outcome"),
        list(counts.items()),
    )  # fmt: skip
    yield Measure(
        "portal_stale_quarter_hours", "Quarter hours whose calls are still to be counted for the dashboard.", (),
        [((), StaleTally.objects.values("starts_at").distinct().count())],
    )  # fmt: skip


def _of_switches(now: Standing) -> Iterator[Measure]:
    known = [each.switch for each in now.conditions if each.switch]
    names = {switch.pk: switch.name for switch in known}
    live = {(name, state): 0 for name in names.values() for state in LiveCall.State.values}
    for switch, state, calls in LiveCall.objects.order_by().values_list("switch", "state").annotate(calls=Count("pk")):
        if switch in names:
            live[names[switch], state] = calls
    yield Measure("portal_live_calls", "Calls that go on, by state.", ("switch", "state"), list(live.items()))
    phones = dict.fromkeys(names.values(), 0)
    for switch, count in Registration.objects.current(now.at).order_by().values_list("switch").annotate(phones=Count("pk")):
        if switch in names:
            phones[names[switch]] = count
    yield Measure("portal_registrations", "Phones that are registered.", ("switch",), _by_one(phones.items()))
    gateways = GatewayStatus.objects.filter(switch__in=names).values_list("name", "switch__name", "is_up")
    yield Measure(
        "portal_gateway_up", "Whether a gateway is up.", ("gateway", "switch"), [((name, on), up) for name, on, up in gateways]
    )
    heard = [((each.name,), float(each.is_heard)) for each in now.conditions]
    yield Measure("portal_switch_up", "Whether a switch is heard on its event socket.", ("switch",), heard)
    sessions = _by_one((switch.name, switch.sessions) for switch in known)
    yield Measure("portal_switch_sessions", "Legs that a switch has.", ("switch",), sessions)
    most = _by_one((switch.name, switch.max_sessions) for switch in known)
    yield Measure("portal_switch_max_sessions", "Legs that a switch takes; 0 where it has not said.", ("switch",), most)


def _of_intake(now: Standing) -> Iterator[Measure]:
    ages: list[Sample] = [((), age(now.at, now.last_record_at))] if now.last_record_at else []
    yield Measure("portal_last_record_age_seconds", "Since when no switch has posted a record.", (), ages)
    yield Measure("portal_quarantine", "Records and uploads that nobody could read, new ones.", (), [((), now.quarantine)])
    yield Measure("portal_spool_files", "Uploads that are not published.", (), [((), now.spool.files)])
    yield Measure("portal_spool_bytes", "What these take.", (), [((), now.spool.bytes)])
    yield Measure("portal_recordings_unmeasured", "Recordings that wait for a worker.", (), [((), now.unmeasured)])


def _of_jobs(now: datetime) -> Iterator[Measure]:
    stand = jobs.standing()
    due = stand.pop("oldest_due")
    yield Measure("portal_jobs", "Jobs, by state.", ("state",), _by_one(stand.items()))
    waited = age(now, due) if due else 0
    yield Measure("portal_jobs_oldest_due_seconds", "How long the job has waited that is due longest.", (), [((), waited)])


def age(now: datetime, at: datetime) -> float:
    """Return the seconds since then."""
    return max(0.0, (now - at).total_seconds())


def _by_one(values: Iterable[tuple[str, float]]) -> list[Sample]:
    return [((name,), value) for name, value in values]
