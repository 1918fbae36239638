"""`maintenance/numbers` and `maintenance/status`: the operator fills the pool, and sees how things stand."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.maintenance import MaintenanceView
from accounts.api.serializers import StrictCharField, StrictSerializer, printable
from telephony.services.inventory import MOST_A_CALL, Offer, add_numbers
from telephony.services.status import portal_status
from web.idempotency import idempotent


class NumbersSerializer(StrictSerializer):
    """Numbers of a provider, in any notation."""

    provider = StrictCharField(max_length=100, validators=[printable])
    # Taken as they come: what a number may have around it is for its reader to say, not for the field.
    numbers = serializers.ListField(
        child=StrictCharField(allow_blank=True, max_length=100, trim_whitespace=False),
        max_length=MOST_A_CALL,
        allow_empty=False,
    )


class NumberList(MaintenanceView):
    """POST adds numbers to the pool."""

    @idempotent()
    def post(self, request: Request) -> Response:
        """Add what is a number and not there yet; tell of every other one why not."""
        body = NumbersSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        provider = body.validated_data["provider"]
        outcome = add_numbers([Offer(text, provider) for text in body.validated_data["numbers"]], actor_label="maintenance")
        skipped = [{"number": each.offer.text, "reason": each.reason} for each in outcome.skipped]
        return Response({"added": outcome.added, "skipped": skipped})


class Status(MaintenanceView):
    """GET how the portal stands."""

    def get(self, request: Request) -> Response:
        """Show the version, the database, the pool, the switches, and what waits."""
        return Response(portal_status())
