"""`extensions/{id}/assign`, `/release` and `/assignments`: who holds an extension, and who did, for staff."""

from collections.abc import Sequence
from typing import Any, Final

from django.core.exceptions import ValidationError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import PersonSerializer, StrictSerializer
from accounts.api.staff import StaffView
from accounts.permissions import person_of
from telephony.api.extension_bodies import ExtensionAssigneeSerializer
from telephony.api.extensions import ExtensionDetailSerializer, find_extension, with_revocation
from telephony.models import Assignment
from telephony.services.assignments import NotClaimableError
from telephony.services.extensions import assign_extension, release_extension
from telephony.services.pool import PoolEmptyError
from web.errors import Problem
from web.idempotency import idempotent
from web.paging import KeysetPaginator, paged_response
from web.schema.describing import described

NOT_ASSIGNABLE: Final = (
    "extension_not_free", "number_not_free", "number_pool_empty", "person_deactivated", "person_has_number",
)  # fmt: skip
ASSIGNMENTS: Final = KeysetPaginator(ordering=("-starts_at", "-id"))


class AssignmentSerializer(serializers.ModelSerializer[Assignment]):
    """Who held an extension, and which number with it ("": none), from when to when; `ends_at` null: it is held now."""

    holder = PersonSerializer(source="user", read_only=True)
    phone_number = serializers.CharField(source="number.number", default="")

    class Meta:
        model = Assignment
        fields = ("id", "holder", "phone_number", "starts_at", "ends_at")


class ExtensionAssign(StaffView):
    """POST gives an extension to a person."""

    @described(
        "assignExtension",
        ExtensionDetailSerializer,
        body=ExtensionAssigneeSerializer,
        sends={"auth0_id": "auth0|5f7c8ec7c33c6c004bbafe82", "number": "next"},
        refuses={409: NOT_ASSIGNABLE},
    )
    @idempotent()
    def post(self, request: Request, extension_id: int) -> Response:
        """Give an extension to a person, and a number with it where one is asked for.

        Both or neither.
        """
        body = ExtensionAssigneeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        person, number = body.wanted
        try:
            assign_extension(find_extension(extension_id), person, number, actor=person_of(request))
        except ValidationError as error:
            raise serializers.ValidationError({"number": list(error.messages)}) from None
        except (NotClaimableError, PoolEmptyError) as error:
            raise Problem(409, error.code, str(error)) from None
        return Response(with_revocation(extension_id))


class ExtensionRelease(StaffView):
    """POST takes an extension back from its holder."""

    @described("releaseExtension", ExtensionDetailSerializer, body=StrictSerializer)
    @idempotent()
    def post(self, request: Request, extension_id: int) -> Response:
        """Take an extension back from its holder, and the number with it.

        The answer says what every switch did. A second time changes nothing.
        """
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        release_extension(find_extension(extension_id), actor=person_of(request))
        return Response(with_revocation(extension_id))


class ExtensionAssignments(StaffView):
    """GET who held an extension, newest first, as a bare array."""

    query_parameters = frozenset({"limit", "cursor"})

    @described("listAssignmentsOfExtension", AssignmentSerializer, many=True)
    def get(self, request: Request, extension_id: int) -> Response:
        """List who held an extension, newest first."""
        held = find_extension(extension_id).assignments.select_related("user", "number")

        def serialize(page: Sequence[Assignment]) -> Any:
            return AssignmentSerializer(page, many=True).data

        return paged_response(request, held, serialize, ASSIGNMENTS)
