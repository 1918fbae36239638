"""`extensions`: who holds what, for staff; closing one ends what its phones do, and the answer says what each switch did."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import PersonSerializer, StrictSerializer
from accounts.api.staff import StaffView
from accounts.permissions import person_of
from telephony.api.extension_bodies import ExtensionChangesSerializer, NewExtensionSerializer
from telephony.api.filtering import filtered
from telephony.api.serializers import SipCredentialsSerializer
from telephony.filters.extensions import ExtensionFilter
from telephony.models import Extension, Registration, Revocation, RevocationErrand
from telephony.services.dialing import DestinationNotAllowedError
from telephony.services.extensions import (
    ExtensionExistsError,
    NotHeldError,
    RestingError,
    add_extension,
    change_extension,
    close_extension,
    open_extension,
    renew_password_of,
)
from telephony.services.pool import PoolEmptyError
from telephony.services.revocations import errands
from telephony.services.talk_limits import Allowance, allowance_of, own_limits
from web.errors import Problem
from web.idempotency import idempotent
from web.paging import KeysetPaginator, paged_response
from web.schema.describing import described

EXTENSIONS = KeysetPaginator(ordering=("number", "id"))
REVOCATIONS = KeysetPaginator(ordering=("-created_at", "-id"))


class PhoneSerializer(serializers.ModelSerializer[Registration]):
    """A phone that is registered: from where, and since when; `since` is null where it was before the listener first saw it."""

    switch = serializers.CharField(source="switch.name")
    since = serializers.SerializerMethodField()

    class Meta:
        model = Registration
        fields = ("switch", "network_ip", "network_port", "agent", "since", "expires_at")

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_since(self, phone: Registration) -> str | None:
        """Return since when, where that is known."""
        return serializers.DateTimeField().to_representation(phone.since) if phone.since_is_known else None


class OwnLimitsSerializer(serializers.Serializer[Any]):
    """An extension's own word on each limit, null where it has none."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return a field for each limit."""
        return {name: serializers.IntegerField(allow_null=True) for name in Allowance._fields}


class LimitsInForceSerializer(serializers.Serializer[Any]):
    """How much the phones of an extension may call outside."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return a field for each limit."""
        return {name: serializers.IntegerField() for name in Allowance._fields}


class ExtensionSerializer(serializers.ModelSerializer[Extension]):
    """An extension and who holds it; `phone_number` is E.164 digits, "" where there is none."""

    domain = serializers.CharField(source="domain.name")
    holder = PersonSerializer(source="held_by.user", allow_null=True, read_only=True)
    phone_number = serializers.SerializerMethodField()
    phones = PhoneSerializer(many=True)
    limits = serializers.SerializerMethodField()
    limits_in_force = serializers.SerializerMethodField()

    class Meta:
        model = Extension
        fields: tuple[str, ...] = (
            "id", "number", "domain", "display_name", "state", "cooling_until", "forward_to", "recording", "recording_notice",
            "limits", "limits_in_force", "holder", "phone_number", "phones", "created_at", "updated_at",
        )  # fmt: skip

    @extend_schema_field(OwnLimitsSerializer)
    def get_limits(self, extension: Extension) -> dict[str, int | None]:
        """Return its own word on each limit, null where it has none."""
        return own_limits(extension)

    @extend_schema_field(LimitsInForceSerializer)
    def get_limits_in_force(self, extension: Extension) -> dict[str, int]:
        """Return how much its phones may call outside."""
        return allowance_of(extension)._asdict()

    def get_phone_number(self, extension: Extension) -> str:
        """Return the number that its holder has with it."""
        held = extension.held_by
        return held.number.number if held and held.number else ""


class StepSerializer(serializers.Serializer[Any]):
    """What a switch was told, and what it answered; `phones`, `from` and `to` are there where there are some."""

    at = serializers.DateTimeField()
    step = serializers.CharField()
    command = serializers.CharField(allow_blank=True)
    answer = serializers.CharField(allow_blank=True)


class ErrandSerializer(serializers.ModelSerializer[RevocationErrand]):
    """What became of a revocation at one switch; `steps` is what the last try said and heard."""

    steps = serializers.SerializerMethodField()

    class Meta:
        model = RevocationErrand
        fields = ("event_socket", "state", "attempts", "problem", "next_at", "done_at", "steps")

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, errand: RevocationErrand) -> list[dict[str, Any]]:
        """Return the steps in their order, with their times as all others are written."""
        instant = serializers.DateTimeField()
        return [step | {"at": instant.to_representation(datetime.fromisoformat(step["at"]))} for step in errand.steps]


class RevocationSerializer(serializers.ModelSerializer[Revocation]):
    """A revocation with the proof of every switch."""

    requested_by = PersonSerializer(allow_null=True, read_only=True)
    state = serializers.SerializerMethodField()
    done_at = serializers.DateTimeField(allow_null=True)
    switches = ErrandSerializer(source="errands", many=True)

    class Meta:
        model = Revocation
        fields = ("id", "reason", "requested_by", "created_at", "state", "done_at", "switches")

    @extend_schema_field(serializers.ChoiceField(choices=["done", "pending"]))
    def get_state(self, revocation: Revocation) -> str:
        """Return whether every switch has let go."""
        return "done" if revocation.is_done else "pending"


class ExtensionDetailSerializer(ExtensionSerializer):
    """An extension with the last that was taken from it, null where nothing was."""

    revocation = RevocationSerializer(allow_null=True)

    class Meta(ExtensionSerializer.Meta):
        fields = (*ExtensionSerializer.Meta.fields, "revocation")


def find_extension(extension_id: int) -> Extension:
    """Return an extension with all that is shown of it. Raises Http404."""
    return get_object_or_404(Extension.objects.for_listing(), pk=extension_id)


def with_revocation(extension_id: int) -> dict[str, Any]:
    """Return an extension as it is now, with the last that was taken from it; `revocation` is null where nothing was."""
    last = Revocation.objects.filter(extension=extension_id).for_listing().first()
    revocation = RevocationSerializer(last).data if last else None
    return {**ExtensionSerializer(find_extension(extension_id)).data, "revocation": revocation}


class ExtensionList(StaffView):
    """GET the extensions in the order of their numbers, as a bare array; POST makes one."""

    query_parameters = frozenset({"limit", "cursor", *ExtensionFilter.base_filters})
    filters = ExtensionFilter

    @described("listExtensions", ExtensionSerializer, many=True)
    def get(self, request: Request) -> Response:
        """List extensions in the order of their numbers."""
        extensions = filtered(ExtensionFilter, request, Extension.objects.for_listing())

        def serialize(page: Sequence[Extension]) -> Any:
            return ExtensionSerializer(page, many=True).data

        return paged_response(request, extensions, serialize, EXTENSIONS)

    @described(
        "createExtension",
        {201: ExtensionDetailSerializer},
        body=NewExtensionSerializer,
        sends={"number": "1900", "display_name": "Reception"},
        refuses={409: ("extension_exists", "extension_pool_empty")},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """Make an extension that nobody holds yet."""
        body = NewExtensionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        try:
            extension = add_extension(
                wanted["domain"],
                wanted.get("number", ""),
                display_name=wanted.get("display_name", ""),
                actor=person_of(request),
            )
        except ExtensionExistsError as error:
            raise Problem(409, "extension_exists", str(error)) from None
        except PoolEmptyError as error:
            raise Problem(409, error.code, str(error)) from None
        return Response(with_revocation(extension.pk), status=201)


class ExtensionDetail(StaffView):
    """GET one extension; PATCH changes it."""

    @described("getExtension", ExtensionDetailSerializer)
    def get(self, request: Request, extension_id: int) -> Response:
        """Show an extension, with the last that was taken from it."""
        find_extension(extension_id)
        return Response(with_revocation(extension_id))

    @described(
        "changeExtension",
        ExtensionDetailSerializer,
        body=ExtensionChangesSerializer,
        sends={"display_name": "Reception", "limits": {"at_once": 2, "minutes_a_day": None}},
        refuses={403: ("destination_not_allowed",)},
    )
    def patch(self, request: Request, extension_id: int) -> Response:
        """Change what is named of an extension, and leave the rest."""
        extension = find_extension(extension_id)
        body = ExtensionChangesSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            change_extension(extension, body.changes, actor=person_of(request))
        except ValidationError as error:
            raise serializers.ValidationError({"forward_to": list(error.messages)}) from None
        except DestinationNotAllowedError as error:
            raise Problem(403, "destination_not_allowed", str(error)) from None
        return Response(with_revocation(extension_id))


class ExtensionClose(StaffView):
    """POST closes an extension."""

    @described("closeExtension", ExtensionDetailSerializer, body=StrictSerializer, refuses={409: ("extension_resting",)})
    @idempotent()
    def post(self, request: Request, extension_id: int) -> Response:
        """Close an extension: nobody can use it any more.

        The answer says what every switch did. A second time changes nothing.
        """
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        try:
            close_extension(find_extension(extension_id), actor=person_of(request))
        except RestingError as error:
            raise Problem(409, "extension_resting", str(error)) from None
        return Response(with_revocation(extension_id))


class ExtensionOpen(StaffView):
    """POST opens an extension again."""

    @described("openExtension", ExtensionDetailSerializer, body=StrictSerializer)
    @idempotent()
    def post(self, request: Request, extension_id: int) -> Response:
        """Open an extension again, for its holder or the next one.

        A second time changes nothing.
        """
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        open_extension(find_extension(extension_id), actor=person_of(request))
        return Response(with_revocation(extension_id))


class ExtensionPassword(StaffView):
    """POST renews the password of an extension's phones, which is shown this once."""

    @described(
        "renewSipPasswordOfExtension", SipCredentialsSerializer, body=StrictSerializer, refuses={409: ("extension_not_held",)}
    )
    @idempotent("password")
    def post(self, request: Request, extension_id: int) -> Response:
        """Set a new SIP password for the phones of an extension.

        It is shown this once; whoever has the old one is thrown out.
        """
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        extension = find_extension(extension_id)
        try:
            password = renew_password_of(extension, actor=person_of(request))
        except NotHeldError as error:
            raise Problem(409, "extension_not_held", str(error)) from None
        answer = {"username": extension.number, "domain": extension.domain.name, "password": password}
        return Response(answer, headers={"Cache-Control": "no-store"})


class ExtensionRevocations(StaffView):
    """GET what was taken from an extension, newest first, as a bare array."""

    query_parameters = frozenset({"limit", "cursor"})

    @described("listRevocations", RevocationSerializer, many=True)
    def get(self, request: Request, extension_id: int) -> Response:
        """List what was taken from an extension, with the proof, newest first."""
        revocations = Revocation.objects.filter(extension=find_extension(extension_id)).for_listing()

        def serialize(page: Sequence[Revocation]) -> Any:
            return RevocationSerializer(page, many=True).data

        return paged_response(request, revocations, serialize, REVOCATIONS)


class ExtensionRepeat(StaffView):
    """POST tells the switches once more what they could not be told."""

    @described("repeatRevocations", RevocationSerializer, many=True, body=StrictSerializer)
    @idempotent()
    def post(self, request: Request, extension_id: int) -> Response:
        """Tell the switches once more what they could not be told, at once.

        The answer is what waited for it, newest first, as it is now; an empty array where nothing did.
        """
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        told = errands.repeat_of(find_extension(extension_id))
        return Response(RevocationSerializer(Revocation.objects.filter(pk__in=told).for_listing(), many=True).data)
