"""`cell-phone`: the phone from which a person dials in to call links."""

from typing import Any

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
from web.schema.describing import described


class CellPhoneSerializer(StrictSerializer):
    """A number, in any notation."""

    number = StrictCharField(max_length=60, trim_whitespace=False)


class RegisteredCellPhoneSerializer(serializers.Serializer[Any]):
    """The number that is registered, "" where there is none."""

    number = serializers.CharField(allow_blank=True)


class CellPhoneDetail(ApiView):
    """GET, PUT and DELETE one's own registered cell phone."""

    permission_classes = (IsActiveUser, HasScope("numbers:write"))

    @described("getCellPhone", RegisteredCellPhoneSerializer)
    def get(self, request: Request) -> Response:
        """Show the cell phone that is registered, "" where none is."""
        return Response({"number": cell_phone_of(person_of(request))})

    @described(
        "registerCellPhone",
        RegisteredCellPhoneSerializer,
        body=CellPhoneSerializer,
        sends={"number": "+1 276 208 7784"},
        refuses={403: ("destination_not_allowed",)},
    )
    def put(self, request: Request) -> Response:
        """Register a cell phone in place of the one before."""
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

    @described("forgetCellPhone")
    def delete(self, request: Request) -> Response:
        """Forget the registered cell phone.

        A second time changes nothing.
        """
        person = person_of(request)
        forget_cell_phone(person, actor=person)
        return Response(status=204)
