"""`route`: where a call would go, and why, for staff."""

from typing import Any, Final

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.staff import StaffView
from telephony.services.explaining import QuestionError, explain, question_of
from web.parameters import LONGEST_VALUE
from web.schema.describing import described

PARAMETERS: Final = {
    "from": {
        "description": "Who calls: `1006`, `1006@DOMAIN`, a phone number outside, or nobody in particular.",
        "type": "string", "maxLength": LONGEST_VALUE,
    },
    "to": {"description": "What is dialled.", "required": True, "type": "string", "minLength": 1, "maxLength": LONGEST_VALUE},
}  # fmt: skip


class RungSerializer(serializers.Serializer[Any]):
    """An extension that rings; `registered` and `phones` are null while the switch is away."""

    extension = serializers.CharField()
    ring_seconds = serializers.IntegerField()
    registered = serializers.BooleanField(allow_null=True)
    phones = serializers.ListField(child=serializers.CharField(), allow_null=True)


class LimitsSerializer(serializers.Serializer[Any]):
    """What a call to the outside is held to."""

    payer = serializers.CharField()
    at_once = serializers.IntegerField()
    an_hour = serializers.IntegerField()
    minutes_a_day = serializers.IntegerField()
    longest_seconds = serializers.IntegerField()


class WayOutSerializer(serializers.Serializer[Any]):
    """How a call gets outside: by which gateways, in their order."""

    number = serializers.CharField()
    gateways = serializers.ListField(child=serializers.CharField())
    caller_id = serializers.CharField(allow_blank=True)
    ring_seconds = serializers.IntegerField()
    limits = LimitsSerializer()


class ExplanationSerializer(serializers.Serializer[Any]):
    """Where a call would go, and why."""

    to = serializers.CharField()
    refused = serializers.BooleanField()
    verdict = serializers.CharField()
    hangup_cause = serializers.CharField(allow_blank=True)
    reasons = serializers.ListField(child=serializers.CharField())
    rings = RungSerializer(allow_null=True)
    leaves = WayOutSerializer(allow_null=True)
    recorded = serializers.BooleanField()
    xml = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add the members whose names mean something to Python, or to serializers."""
        return {"context": serializers.CharField(), "from": serializers.CharField(allow_blank=True)} | super().get_fields()


class Route(StaffView):
    """GET what the switch would be told of a call, without one."""

    query_parameters = frozenset({"from", "to"})

    @described("explainRoute", ExplanationSerializer, parameters=PARAMETERS)
    def get(self, request: Request) -> Response:
        """Explain where a call would go at this moment, and why."""
        try:
            call = question_of(request.query_params.get("from", ""), request.query_params.get("to", ""))
        except QuestionError as error:
            raise ValidationError({error.field: [str(error)]}) from None
        return Response(explain(call).as_json(), headers={"Cache-Control": "no-store"})
