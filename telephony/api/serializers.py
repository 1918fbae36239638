"""The shapes in which REST clients see calls."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import ApiKey, User
from telephony.models import Call, Leg
from telephony.services.recordings import listen_token


class CallSerializer(serializers.ModelSerializer[Call]):
    """One call: the document's fields, and ours beside them. Ids are 0 where there is none; lengths are seconds."""

    provider = serializers.SerializerMethodField()
    call_to = serializers.CharField(source="callee_number")
    call_from = serializers.CharField(source="caller_number")
    extension = serializers.SerializerMethodField()
    bill_duration = serializers.IntegerField(source="bill_seconds")
    didnumber = serializers.SerializerMethodField()
    domain = serializers.CharField(source="domain_name")
    recording = serializers.SerializerMethodField()
    call_direction = serializers.SerializerMethodField()

    class Meta:
        model = Call
        fields = (
            "id", "provider", "call_to", "call_from", "extension", "bill_duration", "didnumber", "domain", "hangup_cause",
            "recording", "call_direction", "call_uuid", "created_at", "started_at",
            "answered_at", "ended_at", "answered", "outcome", "local",
        )  # fmt: skip

    @property
    def viewer(self) -> User:
        """Who asks: direction and extension are seen from this person's side."""
        user: User = self.context["request"].user
        return user

    def get_provider(self, call: Call) -> int:
        """Return the provider's id."""
        return call.provider_id or 0

    def get_extension(self, call: Call) -> int:
        """Return the id of the viewer's extension, for staff the caller's or, failing that, the callee's."""
        extension = call.extension_for(self.viewer)
        return extension.pk if extension else 0

    def get_didnumber(self, call: Call) -> int:
        """Return the id of our number that was dialled or shown."""
        return call.number_id or 0

    def get_recording(self, call: Call) -> str:
        """Return an address that plays the recording for some minutes without further proof, "" where there is none."""
        if call.recording is None:
            return ""
        auth = self.context["request"].auth
        token = listen_token(call, self.viewer, auth if isinstance(auth, ApiKey) else None)
        return f"{settings.PUBLIC_URL}{reverse('call-recording-audio', args=[call.pk])}?signature={token}"

    @extend_schema_field(serializers.ChoiceField(choices=Call.Direction.choices))
    def get_call_direction(self, call: Call) -> str:
        """Return the direction as the viewer sees it."""
        return call.direction_for(self.viewer)


class QualitySerializer(serializers.Serializer[Any]):
    """What was measured of the sound: mean opinion score, milliseconds, percent; null where it was not."""

    mos = serializers.FloatField(allow_null=True)
    jitter_ms = serializers.FloatField(allow_null=True)
    packet_loss = serializers.FloatField(allow_null=True)


class MomentSerializer(serializers.Serializer[Any]):
    """Something that happened to a leg."""

    at = serializers.DateTimeField()
    event = serializers.CharField()
    leg = serializers.CharField()


class PauseSerializer(serializers.Serializer[Any]):
    """Silence in a recording; `to` is null where it lasted to the end."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Name the members: one of them is a word that Python keeps to itself."""
        return {"from": serializers.DateTimeField(), "to": serializers.DateTimeField(allow_null=True)}


class PeaksSerializer(serializers.Serializer[Any]):
    """How loud a recording is along its way: for each channel the loudest moments, 0 to 1."""

    channels = serializers.IntegerField()
    duration = serializers.FloatField()
    peaks = serializers.ListField(child=serializers.ListField(child=serializers.FloatField(min_value=0, max_value=1)))


class SipCredentialsSerializer(serializers.Serializer[Any]):
    """What a phone registers with; the password is null where this answer is given again."""

    username = serializers.CharField()
    domain = serializers.CharField()
    password = serializers.CharField(allow_null=True)


class LegSerializer(serializers.ModelSerializer[Leg]):
    """One leg of a call, with what the switch measured of its sound."""

    quality = serializers.SerializerMethodField()

    class Meta:
        model = Leg
        fields = (
            "uuid", "originator_uuid", "direction", "caller_number", "caller_name", "destination", "gateway",
            "started_at", "progress_at", "answered_at", "bridged_at", "ended_at", "billsec", "duration",
            "hold_seconds", "hangup_cause", "quality",
        )  # fmt: skip

    @extend_schema_field(QualitySerializer)
    def get_quality(self, leg: Leg) -> dict[str, float | None]:
        """Return the mean opinion score (1 to 5), jitter in milliseconds and loss in percent; null where not measured."""
        return {"mos": leg.mos, "jitter_ms": leg.jitter_ms, "packet_loss": leg.packet_loss}


class CallDetailSerializer(CallSerializer):
    """One call with its legs and what happened when."""

    legs = serializers.SerializerMethodField()
    quality = serializers.SerializerMethodField()
    timeline = serializers.SerializerMethodField()
    pauses = serializers.SerializerMethodField()

    class Meta:
        model = Call
        fields = (*CallSerializer.Meta.fields, "duration", "legs", "quality", "timeline", "pauses")

    duration = serializers.IntegerField(source="duration_seconds")

    @extend_schema_field(LegSerializer(many=True))
    def get_legs(self, call: Call) -> list[dict[str, Any]]:
        """Return the legs in the order in which they began."""
        return [dict(LegSerializer(leg).data) for leg in call.timeline_legs]

    @extend_schema_field(QualitySerializer)
    def get_quality(self, call: Call) -> dict[str, float | None]:
        """Return the worst that any leg measured: the call was heard no better."""
        return call.worst_quality._asdict()

    @extend_schema_field(PauseSerializer(many=True))
    def get_pauses(self, call: Call) -> list[dict[str, Any]]:
        """Return when silence was recorded in place of the talk, oldest first; `to` is null where it was to the end."""
        instant = serializers.DateTimeField()
        return [
            {
                "from": instant.to_representation(pause.starts_at),
                "to": pause.ends_at and instant.to_representation(pause.ends_at),
            }
            for pause in (call.recording.pauses() if call.recording else [])
        ]

    @extend_schema_field(MomentSerializer(many=True))
    def get_timeline(self, call: Call) -> list[dict[str, Any]]:
        """Return what happened, oldest first."""
        instant = serializers.DateTimeField()
        return [
            {"at": instant.to_representation(moment.at), "event": moment.event, "leg": moment.leg_uuid}
            for moment in call.timeline()
        ]
