"""`cell-phone`: the phone from which a person dials in to call links."""

from django.core.exceptions import ValidationError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictCharField, StrictSerializer
from accounts.permissions import HasScope, IsActiveUser, person_of
from telephony.services.cell_phones import cell_phone_of, forget_cell_phone, register_cell_phone
from telephony.services.dialing import DestinationNotAllowedError
from web.errors import Problem
from web.parameters import ApiView


class CellPhoneSerializer(StrictSerializer):
    """A number, in any notation."""

    number = StrictCharField(max_length=60, trim_whitespace=False)


class CellPhoneDetail(ApiView):
    """GET, PUT and DELETE one's own registered cell phone."""

    permission_classes = (IsActiveUser, HasScope("numbers:write"))

    def get(self, request: Request) -> Response:
        """Show it; "" where none is registered."""
        return Response({"number": cell_phone_of(person_of(request))})

    def put(self, request: Request) -> Response:
        """Register a number in place of the one before."""
        body = CellPhoneSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        person = person_of(request)
        try:
            number = register_cell_phone(person, body.validated_data["number"], actor=person)
        except ValidationError as error:
            raise serializers.ValidationError({"number": list(error.messages)}) from None
        except DestinationNotAllowedError as error:
            raise Problem(403, "destination_not_allowed", str(error)) from None
        return Response({"number": number})

    def delete(self, request: Request) -> Response:
        """Forget it. A second time changes nothing."""
        person = person_of(request)
        forget_cell_phone(person, actor=person)
        return Response(status=204)
