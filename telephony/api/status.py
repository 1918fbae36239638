"""The shape in which the operator sees how the portal stands."""

from typing import Any

from rest_framework import serializers


class DatabaseSerializer(serializers.Serializer[Any]):
    """The database that the portal runs on."""

    vendor = serializers.CharField()
    version = serializers.CharField()


class StatesSerializer(serializers.Serializer[Any]):
    """How many there are in each state."""

    free = serializers.IntegerField()
    assigned = serializers.IntegerField()
    cooling = serializers.IntegerField()
    disabled = serializers.IntegerField()


class KnownSwitchSerializer(serializers.Serializer[Any]):
    """A switch that records or events came from."""

    name = serializers.CharField()
    core_uuid = serializers.CharField(allow_blank=True)
    last_cdr_at = serializers.DateTimeField(allow_null=True)
    event_socket = serializers.CharField(allow_blank=True)
    is_up = serializers.BooleanField(allow_null=True)
    last_heard_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    version = serializers.CharField(allow_blank=True)
    sessions = serializers.IntegerField(allow_null=True)
    max_sessions = serializers.IntegerField(allow_null=True)


class SpoolSerializer(serializers.Serializer[Any]):
    """Uploads that are under way, or were cut off."""

    files = serializers.IntegerField()
    bytes = serializers.IntegerField()
    oldest = serializers.DateTimeField(allow_null=True)


class JobsSerializer(serializers.Serializer[Any]):
    """What is to be done in the background."""

    waiting = serializers.IntegerField()
    set_aside = serializers.IntegerField()
    oldest_due = serializers.DateTimeField(allow_null=True)


class GatewayStandingSerializer(serializers.Serializer[Any]):
    """A gateway on a switch."""

    name = serializers.CharField()
    switch_name = serializers.CharField(allow_blank=True)
    is_up = serializers.BooleanField(allow_null=True)
    state = serializers.CharField(allow_blank=True)
    since = serializers.DateTimeField(allow_null=True)


class AlarmSerializer(serializers.Serializer[Any]):
    """Something that is wrong now, and what to do about it."""

    code = serializers.CharField()
    about = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()
    action = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)


class StatusSerializer(serializers.Serializer[Any]):
    """How the portal stands."""

    version = serializers.CharField()
    database = DatabaseSerializer()
    pool = StatesSerializer()
    extensions = StatesSerializer()
    switches = KnownSwitchSerializer(many=True)
    last_cdr = serializers.DateTimeField(allow_null=True)
    quarantine = serializers.IntegerField()
    spool = SpoolSerializer()
    jobs = JobsSerializer()
    gateways = GatewayStandingSerializer(many=True)
    alarms = AlarmSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add the member whose name means something to serializers."""
        return super().get_fields() | {"read_only": serializers.BooleanField()}
