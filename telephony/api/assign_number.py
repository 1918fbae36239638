"""`assign-number`: every person gets a number and an extension, once."""

from typing import Any, Final

from django.core.exceptions import PermissionDenied
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictCharField, StrictSerializer
from accounts.models import Role
from accounts.permissions import HasScope, IsActiveUser, person_of
from telephony.api.serializers import SipCredentialsSerializer
from telephony.models import Assignment
from telephony.services.assignments import NotClaimableError, release
from telephony.services.credentials import renew_password
from telephony.services.pool import PoolEmptyError, assign_number, assignment_of
from web import read_only
from web.errors import Problem
from web.idempotency import idempotent
from web.parameters import ApiView
from web.schema.describing import described


class AreaCodeSerializer(StrictSerializer):
    """What a person may wish for."""

    area_code = StrictCharField(required=False, max_length=5)

    def validate_area_code(self, value: str) -> str:
        """Take two to five digits."""
        if not (value.isascii() and value.isdigit() and len(value) >= 2):
            raise serializers.ValidationError("Give the digits of an area code, such as 703.")
        return value


# The document's own.
EXAMPLE: Final = {
    "role": "user",
    "phone_number": "17036879447",
    "auth0_id": "auth0|6316dd611151a2dd290c2cca",
    "extension": "1006",
    "updated_at": "2022-09-09T10:22:21.485072Z",
    "created_at": "2022-09-07T05:31:26.524290Z",
}
POOL_EMPTY: Final = ("extension_pool_empty", "number_pool_empty")


class AssignedNumberSerializer(serializers.Serializer[Any]):
    """A person's number and extension."""

    role = serializers.ChoiceField(choices=Role.choices)
    phone_number = serializers.CharField()
    auth0_id = serializers.CharField()
    extension = serializers.CharField()
    updated_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()


def described_assignment(assignment: Assignment) -> dict[str, Any]:
    """Return the document's object and nothing else; the assignment has a number."""
    instant = serializers.DateTimeField()
    user = assignment.user
    return {
        "role": user.role,
        "phone_number": assignment.number.number if assignment.number else "",
        "auth0_id": user.auth0_id,
        "extension": assignment.extension.number,
        "updated_at": instant.to_representation(assignment.updated_at),
        "created_at": instant.to_representation(assignment.created_at),
    }


class AssignNumber(ApiView):
    """GET and POST assign on the first call and return the same ever after; DELETE gives it back."""

    permission_classes = (IsActiveUser, HasScope("numbers:write"))
    # GET acts, as existing clients call it: a HEAD must not.
    head_allowed = False

    @described("getNumber", AssignedNumberSerializer, example=EXAMPLE, refuses={403: ("permission_denied",), 409: POOL_EMPTY})
    def get(self, request: Request) -> Response:
        """Return the caller's number and extension, assigned now when there are none."""
        return Response(described_assignment(self._assign(request)[0]), headers={"Cache-Control": "no-store"})

    @described(
        "assignNumber",
        {200: AssignedNumberSerializer, 201: AssignedNumberSerializer},
        body=AreaCodeSerializer,
        example=EXAMPLE,
        refuses={409: POOL_EMPTY},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """Assign a number and an extension.

        It may be asked for an area code. 201 when they are assigned now, 200 when they were before.
        """
        body = AreaCodeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        assignment, is_new = self._assign(request, body.validated_data.get("area_code", ""))
        return Response(described_assignment(assignment), status=201 if is_new else 200)

    @described("releaseNumber")
    def delete(self, request: Request) -> Response:
        """Give number and extension back.

        Each rests before somebody else gets it. A second time changes nothing.
        """
        held = assignment_of(person_of(request))
        if held is not None:
            release(held, actor=person_of(request))
        return Response(status=204)

    @staticmethod
    def _assign(request: Request, area_code: str = "") -> tuple[Assignment, bool]:
        person = person_of(request)
        held = assignment_of(person)
        if held is not None:
            return held, False
        # A GET comes to here as well.
        read_only.refuse()
        try:
            return assign_number(person, area_code)
        except PoolEmptyError as error:
            raise Problem(409, error.code, str(error)) from None
        except NotClaimableError:
            raise PermissionDenied from None


class SipPassword(ApiView):
    """POST renews the password of the person's phone, which is shown this once."""

    permission_classes = (IsActiveUser, HasScope("numbers:write"))

    @described("renewSipPassword", SipCredentialsSerializer, body=StrictSerializer, refuses={409: ("number_required",)})
    @idempotent("password")
    def post(self, request: Request) -> Response:
        """Set a new SIP password for the caller's phone.

        It is shown this once; the old one is no good from now on.
        """
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        held = assignment_of(person_of(request))
        if held is None:
            raise Problem(409, "number_required", "You have no number yet: assign-number gives you one.")
        extension = held.extension
        password = renew_password(extension, actor=person_of(request))
        answer = {"username": extension.number, "domain": extension.domain.name, "password": password}
        return Response(answer, headers={"Cache-Control": "no-store"})
