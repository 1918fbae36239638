"""`maintenance/numbers` and `maintenance/status`: the operator fills the pool, and sees how things stand."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.maintenance import MaintenanceView
from accounts.api.serializers import StrictCharField, StrictSerializer, printable
from telephony.api.status import StatusSerializer
from telephony.services.inventory import MOST_A_CALL, Offer, add_numbers
from telephony.services.status import portal_status
from web.idempotency import idempotent
from web.schema.describing import described


class NumbersSerializer(StrictSerializer):
    """Numbers of a provider, in any notation."""

    provider = StrictCharField(max_length=100, validators=[printable])
    # Taken as they come: what a number may have around it is for its reader to say, not for the field.
    numbers = serializers.ListField(
        child=StrictCharField(allow_blank=True, max_length=100, trim_whitespace=False),
        max_length=MOST_A_CALL,
        allow_empty=False,
    )


class SkippedNumberSerializer(serializers.Serializer[Any]):
    """A number that was not added, and why."""

    number = serializers.CharField(allow_blank=True)
    reason = serializers.CharField()


class AddedNumbersSerializer(serializers.Serializer[Any]):
    """How many were added, and each that was not."""

    added = serializers.IntegerField()
    skipped = SkippedNumberSerializer(many=True)


class NumberList(MaintenanceView):
    """POST adds numbers to the pool."""

    @described("addNumbers", AddedNumbersSerializer, body=NumbersSerializer)
    @idempotent()
    def post(self, request: Request) -> Response:
        """Add numbers to the pool.

        Of each that is none, or is there already, the answer says so.
        """
        body = NumbersSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        provider = body.validated_data["provider"]
        outcome = add_numbers([Offer(text, provider) for text in body.validated_data["numbers"]], actor_label="maintenance")
        skipped = [{"number": each.offer.text, "reason": each.reason} for each in outcome.skipped]
        return Response({"added": outcome.added, "skipped": skipped})


class Status(MaintenanceView):
    """GET how the portal stands."""

    @described("getStatus", StatusSerializer)
    def get(self, request: Request) -> Response:
        """Show how the portal stands: its version, database, pool, switches, and what waits."""
        return Response(portal_status())
