"""`statistics`: the figures of a period as the dashboard has them, and how things stand now, for staff."""

import zoneinfo
from typing import Any, Final

from django.core.exceptions import NON_FIELD_ERRORS
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.staff import StaffView
from telephony.api.live import LiveSwitchSerializer, switch_row
from telephony.api.status import AlarmSerializer, SpoolSerializer, StatesSerializer
from telephony.forms.dashboard import PeriodForm
from telephony.services.dashboard.figures import WAYS, Bar, Figures, Statistics, statistics
from telephony.services.dashboard.periods import DEFAULT, NAMED, PARTS, Period
from telephony.services.dashboard.standing import standing
from web.parameters import LONGEST_VALUE
from web.schema.describing import described
from web.time_zones import zone_named

# A form without a value in it is sent as it is.
_BLANK: Final = {"const": ""}
_DAY: Final = {"type": "string", "format": "date"}
PARAMETERS: Final = {
    "period": {
        "description": f"A period that ends today; `{DEFAULT}` unless you say otherwise.",
        "anyOf": [{"type": "string", "enum": list(NAMED)}, _BLANK],
    },
    "first": {"description": "In place of a period: its first day.", "anyOf": [_DAY, _BLANK]},
    "last": {"description": "Its last day; today where only the first one is given.", "anyOf": [_DAY, _BLANK]},
    "time_zone": {
        "description": "By whose clock days begin, by its IANA name such as `Europe/Berlin`; UTC unless you say otherwise.",
        "type": "string", "minLength": 1, "maxLength": LONGEST_VALUE,
    },
}  # fmt: skip


class FiguresSerializer(serializers.Serializer[Any]):
    """What some calls come to; null where there is nothing to divide by.

    `answer_rate` is in percent (ASR), `average_seconds` the talk of an answered call (ACD).
    """

    calls = serializers.IntegerField()
    answered = serializers.IntegerField()
    unanswered = serializers.IntegerField()
    answer_rate = serializers.FloatField(allow_null=True)
    average_seconds = serializers.FloatField(allow_null=True)
    talk_seconds = serializers.IntegerField()
    minutes = serializers.FloatField()


class FiguresByWaySerializer(FiguresSerializer):
    """The same, and how many calls came from outside, went outside, and were between extensions."""

    inbound = serializers.IntegerField()
    outbound = serializers.IntegerField()
    internal = serializers.IntegerField()


class StatisticsPartSerializer(FiguresByWaySerializer):
    """A part of a period, from when until before when."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class PeriodBeforeSerializer(FiguresSerializer):
    """The period before: as long, or while this one is running as much of it as has passed of this one."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class FailureCauseSerializer(serializers.Serializer[Any]):
    """A cause for which nobody talked, in the switch's word and in words for people; `NONE` where none was given."""

    hangup_cause = serializers.CharField()
    meaning = serializers.CharField()
    calls = serializers.IntegerField()


class BusyExtensionSerializer(FiguresSerializer):
    """An extension and its calls; one between two extensions counts for both."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    domain = serializers.CharField()


class StatisticsSerializer(serializers.Serializer[Any]):
    """The figures of whole days on some clock; `period` is "" where days were asked for."""

    period = serializers.CharField(allow_blank=True)
    first = serializers.DateField()
    last = serializers.DateField()
    time_zone = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    grain = serializers.ChoiceField(choices=list(PARTS))
    is_behind = serializers.BooleanField()
    total = FiguresByWaySerializer()
    before = PeriodBeforeSerializer()
    parts = StatisticsPartSerializer(many=True)
    failures = FailureCauseSerializer(many=True)
    extensions = BusyExtensionSerializer(many=True)


class StandingSerializer(serializers.Serializer[Any]):
    """How things stand; `current` is false where a switch is not heard, so that nobody knows how many calls it has."""

    live_calls = serializers.IntegerField()
    current = serializers.BooleanField()
    numbers = StatesSerializer()
    extensions = StatesSerializer()
    switches = LiveSwitchSerializer(many=True)
    alarms = AlarmSerializer(many=True)
    last_cdr = serializers.DateTimeField(allow_null=True)
    quarantine = serializers.IntegerField()
    spool = SpoolSerializer()
    unmeasured = serializers.IntegerField()


class StatisticsDetail(StaffView):
    """GET the figures of a period."""

    query_parameters = frozenset(PARAMETERS)

    @described("getStatistics", StatisticsSerializer, parameters=PARAMETERS)
    def get(self, request: Request) -> Response:
        """Show the figures of a period, compared with the one before.

        What changed of late is counted first, as far as that takes no time; `is_behind` tells where some of it is still to be
        counted. What it costs does not depend on how many calls there are.
        """
        zone = _zone_of(request)
        with timezone.override(zone):
            found = _shown(statistics(_period_of(request)))
        return Response(found | {"time_zone": zone.key})


class StandingDetail(StaffView):
    """GET how things stand."""

    @described("getStanding", StandingSerializer)
    def get(self, request: Request) -> Response:
        """Show how things stand now: calls, switches, alarms, records, the pool."""
        now = standing()
        return Response(
            {
                "live_calls": now.live_calls,
                "current": bool(now.conditions) and not now.unheard,
                "numbers": now.numbers,
                "extensions": now.extensions,
                "switches": [switch_row(each) for each in now.conditions],
                "alarms": [alarm.as_dict() for alarm in now.alarms],
                "last_cdr": now.last_record_at,
                "quarantine": now.quarantine,
                "spool": now.spool._asdict(),
                "unmeasured": now.unmeasured,
            }
        )


# -- what is asked for -----------------------------------------------------------------------------------------------------


def _zone_of(request: Request) -> zoneinfo.ZoneInfo:
    """Return by whose clock days begin. Raises ValidationError for a name that is none."""
    zone = zone_named(request.query_params.get("time_zone", "UTC"))
    if zone is None:
        raise ValidationError({"time_zone": ["Give a time zone by its name, such as Europe/Berlin."]})
    return zone


def _period_of(request: Request) -> Period:
    """Return the period asked for, as the page takes it. Raises ValidationError where the page would show another one."""
    form = PeriodForm(request.query_params)
    if not form.is_valid():
        # What is wrong with the days together is told beside the first of them.
        named = {"first" if name == NON_FIELD_ERRORS else name: list(map(str, form.errors[name])) for name in form.errors}
        raise ValidationError(named)
    if form.cleaned_data["period"] and form.cleaned_data["first"]:
        raise ValidationError({"period": ["Give a period, or days: not both."]})
    return form.chosen


# -- what is answered ------------------------------------------------------------------------------------------------------


def _shown(found: Statistics) -> dict[str, Any]:
    """Return what is shown of the figures; times are in UTC."""
    period, (before, until) = found.period, found.before
    ways = {way: sum(bar.ways[way].calls for bar in found.bars) for way in WAYS}
    return {
        "period": period.slug,
        "first": period.first,
        "last": period.last,
        "starts_at": period.start,
        "ends_at": period.end,
        "grain": period.grain,
        "is_behind": found.is_behind,
        "total": _figures(found.total) | ways,
        "before": {"starts_at": before, "ends_at": until} | _figures(found.former),
        "parts": [_part(bar) for bar in found.bars],
        "failures": [{"hangup_cause": each.cause, "meaning": each.label, "calls": each.calls} for each in found.failures],
        "extensions": [
            {"id": each.extension.pk, "number": each.extension.number, "domain": each.extension.domain.name}
            | _figures(each.figures)
            for each in found.top
        ],
    }


def _part(bar: Bar) -> dict[str, Any]:
    span = {"starts_at": bar.part.start, "ends_at": bar.part.end}
    return span | _figures(bar.total) | {way: bar.ways[way].calls for way in WAYS}


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "calls": figures.calls,
        "answered": figures.answered,
        "unanswered": figures.unanswered,
        "answer_rate": _rounded(figures.answer_rate),
        "average_seconds": _rounded(figures.average_seconds),
        "talk_seconds": figures.talk_seconds,
        "minutes": _rounded(figures.minutes),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
