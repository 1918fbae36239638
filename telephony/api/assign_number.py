"""`assign-number`: every person gets a number and an extension, once."""

from typing import Any

from django.core.exceptions import PermissionDenied
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictCharField, StrictSerializer
from accounts.permissions import HasScope, IsActiveUser, person_of
from telephony.models import Assignment
from telephony.services.assignments import NotClaimableError, release
from telephony.services.credentials import renew_password
from telephony.services.pool import PoolEmptyError, assign_number, assignment_of
from web import read_only
from web.errors import Problem
from web.idempotency import idempotent
from web.parameters import ApiView


class AreaCodeSerializer(StrictSerializer):
    """What a person may wish for."""

    area_code = StrictCharField(required=False, max_length=5)

    def validate_area_code(self, value: str) -> str:
        """Take two to five digits."""
        if not (value.isascii() and value.isdigit() and len(value) >= 2):
            raise serializers.ValidationError("Give the digits of an area code, such as 703.")
        return value


def described(assignment: Assignment) -> dict[str, Any]:
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

    def get(self, request: Request) -> Response:
        """Return the person's number and extension, assigned now when there is none."""
        return Response(described(self._assign(request)[0]), headers={"Cache-Control": "no-store"})

    @idempotent()
    def post(self, request: Request) -> Response:
        """Do the same, with a wish for an area code: 201 when assigned now."""
        body = AreaCodeSerializer(data=request.data or {})
        body.is_valid(raise_exception=True)
        assignment, is_new = self._assign(request, body.validated_data.get("area_code", ""))
        return Response(described(assignment), status=201 if is_new else 200)

    def delete(self, request: Request) -> Response:
        """Give number and extension back; each rests before somebody else gets it. A second time changes nothing."""
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

    @idempotent("password")
    def post(self, request: Request) -> Response:
        """Set a new SIP password: the old one is no good from now on."""
        StrictSerializer(data=request.data or {}).is_valid(raise_exception=True)
        held = assignment_of(person_of(request))
        if held is None:
            raise Problem(409, "number_required", "You have no number yet: assign-number gives you one.")
        extension = held.extension
        password = renew_password(extension, actor=person_of(request))
        answer = {"username": extension.number, "domain": extension.domain.name, "password": password}
        return Response(answer, headers={"Cache-Control": "no-store"})
