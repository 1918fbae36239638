"""`numbers`: the pool, for staff: who holds what, adding, changing, giving and taking back."""

from collections.abc import Sequence
from typing import Any

from django.core.validators import RegexValidator
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import (
    PersonField,
    PersonSerializer,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictSerializer,
    printable,
)
from accounts.api.staff import StaffView
from accounts.permissions import person_of
from telephony.api.filtering import filtered
from telephony.filters.numbers import NumberFilter
from telephony.models import Assignment, Extension, Number
from telephony.models.directory import NAMED_EXTENSION
from telephony.models.recording_policies import OWN_CHOICES
from telephony.services.assignments import NotClaimableError
from telephony.services.inventory import WrongOfferError
from telephony.services.number_files import LONGEST_PROVIDER
from telephony.services.numbers import (
    NumberExistsError,
    NumberRefusedError,
    Wishes,
    add_number,
    change_number,
    release_number,
)
from telephony.services.pool import PoolEmptyError, assign_to
from web.errors import Problem
from web.idempotency import idempotent
from web.paging import KeysetPaginator, paged_response
from web.schema.describing import described

NUMBERS = KeysetPaginator(ordering=("number",))
NOT_ASSIGNABLE = (
    "extension_closed", "extension_not_free", "extension_pool_empty", "number_not_free", "person_deactivated",
    "person_has_number",
)  # fmt: skip
ASSIGNMENTS = KeysetPaginator(ordering=("-starts_at", "-id"))


class NumberSerializer(serializers.ModelSerializer[Number]):
    """A number and who holds it; `extension` is the short number that its holder has with it, "" where nobody does."""

    provider = serializers.CharField(source="provider.name")
    disabled = serializers.SerializerMethodField()
    holder = PersonSerializer(source="held_by.user", allow_null=True, read_only=True)
    extension = serializers.SerializerMethodField()
    domain = serializers.SerializerMethodField()

    class Meta:
        model = Number
        fields = (
            "id", "number", "provider", "country", "state", "disabled", "cooling_until", "holder", "extension", "domain",
            "recording", "recording_notice", "created_at", "updated_at",
        )  # fmt: skip

    def get_disabled(self, number: Number) -> bool:
        """Return whether it is out of use."""
        return number.state == "disabled"

    def get_extension(self, number: Number) -> str:
        """Return its holder's extension."""
        return number.held_by.extension.number if number.held_by else ""

    def get_domain(self, number: Number) -> str:
        """Return that extension's domain."""
        return number.held_by.extension.domain.name if number.held_by else ""


class HolderSerializer(serializers.ModelSerializer[Assignment]):
    """Who held a number, with which extension, from when to when; `ends_at` is null while it holds."""

    holder = PersonSerializer(source="user", read_only=True)
    extension = serializers.CharField(source="extension.number")
    domain = serializers.CharField(source="extension.domain.name")

    class Meta:
        model = Assignment
        fields = ("id", "holder", "extension", "domain", "starts_at", "ends_at")


class CountryField(StrictCharField):
    """A country's two letters, "" for none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"required": False, "allow_blank": True, "max_length": 2} | kwargs))

    def to_internal_value(self, data: Any) -> str:
        """Return them in capitals."""
        letters = super().to_internal_value(data).upper()
        if letters and not (len(letters) == 2 and letters.isascii() and letters.isalpha()):
            raise serializers.ValidationError("Give the country's two letters, such as US.")
        return letters


class NewNumberSerializer(StrictSerializer):
    """A number that is to be added, in any notation."""

    number = StrictCharField(max_length=100, trim_whitespace=False)
    provider = StrictCharField(max_length=LONGEST_PROVIDER, validators=[printable])
    country = CountryField(default="")


class NumberChangeSerializer(StrictSerializer):
    """What is to be said of a number from now on; what is left out stays."""

    provider = StrictCharField(max_length=LONGEST_PROVIDER, validators=[printable], required=False)
    country = CountryField()
    recording = StrictChoiceField(choices=OWN_CHOICES, required=False)
    recording_notice = StrictBooleanField(required=False)
    disabled = StrictBooleanField(required=False)


class NumberAssigneeSerializer(StrictSerializer):
    """Who is to be given a number, and with which extension."""

    auth0_id = PersonField()
    extension = StrictCharField(validators=[RegexValidator(NAMED_EXTENSION)], required=False)

    def validate_extension(self, value: str) -> Extension:
        """Find the extension."""
        found = Extension.objects.named(value)
        if found is None:
            raise serializers.ValidationError("There is no such extension; where several domains have it, give 1006@domain.")
        return found


def find_number(number_id: int) -> Number:
    """Return a number with all that is shown of it. Raises Http404."""
    return get_object_or_404(Number.objects.for_listing(), pk=number_id)


def as_it_is(number_id: int) -> dict[str, Any]:
    """Return a number as it is now."""
    return dict(NumberSerializer(find_number(number_id)).data)


class NumberList(StaffView):
    """GET the numbers in their order, as a bare array; POST adds one."""

    query_parameters = frozenset({"limit", "cursor", *NumberFilter.base_filters})
    filters = NumberFilter

    @described("listNumbers", NumberSerializer, many=True)
    def get(self, request: Request) -> Response:
        """List numbers in their order, and who holds them."""
        numbers = filtered(NumberFilter, request, Number.objects.for_listing())

        def serialize(page: Sequence[Number]) -> Any:
            return NumberSerializer(page, many=True).data

        return paged_response(request, numbers, serialize, NUMBERS)

    @described(
        "addNumber",
        {201: NumberSerializer},
        body=NewNumberSerializer,
        sends={"number": "+1 240 214 9578", "provider": "Carrier Ltd", "country": "US"},
        refuses={409: ("number_exists",)},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """Add a number to the pool."""
        body = NewNumberSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        try:
            number = add_number(given["number"], given["provider"], given["country"], actor=person_of(request))
        except WrongOfferError as error:
            raise serializers.ValidationError({"number": [f"It {error}."]}) from None
        except NumberExistsError as error:
            raise Problem(409, "number_exists", str(error)) from None
        return Response(as_it_is(number.pk), status=201)


class NumberDetail(StaffView):
    """GET one number; PATCH changes what is said of it."""

    @described("getPoolNumber", NumberSerializer)
    def get(self, request: Request, number_id: int) -> Response:
        """Show a number, and who holds it."""
        return Response(as_it_is(number_id))

    @described(
        "changeNumber",
        NumberSerializer,
        body=NumberChangeSerializer,
        sends={"recording": "off"},
        refuses={409: ("number_not_free", "number_of_another_country")},
    )
    def patch(self, request: Request, number_id: int) -> Response:
        """Change a number: all of it, or nothing.

        Its provider, country or recording policy; `disabled` takes it out of use or brings it back.
        """
        number = find_number(number_id)
        body = NumberChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wishes = dict(body.validated_data)
        disabled = wishes.pop("disabled", None)
        try:
            change_number(number, Wishes(**wishes), disabled=disabled, actor=person_of(request))
        except NumberRefusedError as error:
            raise Problem(409, error.code, str(error)) from None
        return Response(as_it_is(number_id))


class NumberAssign(StaffView):
    """POST gives a number to somebody."""

    @described(
        "assignPoolNumber",
        NumberSerializer,
        body=NumberAssigneeSerializer,
        sends={"auth0_id": "auth0|5f7c8ec7c33c6c004bbafe82", "extension": "1006"},
        refuses={409: NOT_ASSIGNABLE},
    )
    @idempotent()
    def post(self, request: Request, number_id: int) -> Response:
        """Give a number to a person.

        With the extension that is named, else with the person's own, else with the next free one.
        """
        number = find_number(number_id)
        body = NumberAssigneeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        user, extension = body.validated_data["auth0_id"], body.validated_data.get("extension")
        try:
            assign_to(user, number, extension, actor=person_of(request))
        except (NotClaimableError, PoolEmptyError) as error:
            raise Problem(409, error.code, str(error)) from None
        return Response(as_it_is(number_id))


class NumberRelease(StaffView):
    """POST takes a number back."""

    @described("releasePoolNumber", NumberSerializer, body=StrictSerializer)
    @idempotent()
    def post(self, request: Request, number_id: int) -> Response:
        """Take a number, and the extension with it, from its holder.

        A second time changes nothing.
        """
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        release_number(find_number(number_id), actor=person_of(request))
        return Response(as_it_is(number_id))


class NumberAssignments(StaffView):
    """GET who held a number, the last one first, as a bare array."""

    query_parameters = frozenset({"limit", "cursor"})

    @described("listAssignmentsOfNumber", HolderSerializer, many=True)
    def get(self, request: Request, number_id: int) -> Response:
        """List who held a number, the last one first."""
        held = Assignment.objects.filter(number=find_number(number_id)).select_related("user", "extension__domain")

        def serialize(page: Sequence[Assignment]) -> Any:
            return HolderSerializer(page, many=True).data

        return paged_response(request, held, serialize, ASSIGNMENTS)
