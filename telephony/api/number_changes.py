"""`numbers/changes`: one thing done to many numbers, for staff: which were refused, and why."""

from typing import Any, Final

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictCharField, StrictChoiceField, StrictIntegerField, StrictSerializer, printable
from accounts.api.staff import StaffView
from accounts.permissions import person_of
from telephony.api.filtering import FilterSerializer, filtered_by_body
from telephony.api.numbers import CountryField
from telephony.filters.numbers import NumberFilter
from telephony.models import Number, NumberChange
from telephony.models.numbers import NumberQuerySet
from telephony.services import number_changes
from telephony.services.number_files import LONGEST_PROVIDER
from web.idempotency import idempotent
from web.schema.describing import described

# More are named by a filter.
MOST_NAMED: Final = 1_000
# No database takes a larger one.
LARGEST_ID: Final = 2**63 - 1
# What is set by which action stands in the member of its name.
SETTING: Final = (NumberChange.Action.PROVIDER, NumberChange.Action.COUNTRY)


class NumberFiltersSerializer(FilterSerializer):
    """The filters of the list of numbers."""

    kind = NumberFilter


class NewNumbersChangeSerializer(StrictSerializer):
    """What is to be done to which numbers; `provider` and `country` are for the actions of these names."""

    action = StrictChoiceField(choices=NumberChange.Action.choices)
    numbers = serializers.ListField(
        child=StrictIntegerField(min_value=1), required=False, allow_empty=False, max_length=MOST_NAMED
    )
    filter = NumberFiltersSerializer(required=False)
    provider = StrictCharField(max_length=LONGEST_PROVIDER, validators=[printable], required=False)
    country = CountryField()

    def validate_numbers(self, value: list[int]) -> list[int]:
        """Refuse ids of no number: what was meant by them would silently not be done."""
        asked = [each for each in value if each <= LARGEST_ID]
        known = set(Number.objects.filter(pk__in=asked).values_list("pk", flat=True))
        if unknown := sorted(set(value) - known):
            raise serializers.ValidationError([f"There is no number with the id {each}." for each in unknown[:20]])
        return value

    def validate_filter(self, value: dict[str, str]) -> dict[str, str]:
        """Refuse one that keeps every number there is."""
        if not value:
            raise serializers.ValidationError("Name at least one filter: without any it would be every number there is.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Say by one of two which numbers, and put what is to be set into `value`."""
        if ("numbers" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError({"numbers": ["Give the ids of numbers, or a filter: one of the two."]})
        action = attrs["action"]
        for name in SETTING:
            if (name in attrs) != (name == action):
                problem = "It is not set by this action." if name in attrs else "Say what is to be set."
                raise serializers.ValidationError({name.value: [problem]})
        return attrs | {"value": attrs.get(action, "")}


class RefusalSerializer(serializers.Serializer[Any]):
    """A number to which it was not done, and why; the id is 0 where the number is gone."""

    id = serializers.IntegerField()
    number = serializers.CharField(allow_blank=True)
    reason = serializers.CharField()


class NumbersChangeSerializer(serializers.ModelSerializer[NumberChange]):
    """How far it is: `position` of `total` numbers are through; `stalled`: no worker has been at it for half a minute."""

    stalled = serializers.BooleanField(source="is_stalled")
    refusals = serializers.SerializerMethodField()

    class Meta:
        model = NumberChange
        fields = (
            "id", "action", "value", "state", "total", "position", "changed", "unchanged", "refused", "refusals", "stalled",
            "created_at", "updated_at", "expires_at",
        )  # fmt: skip

    @extend_schema_field(RefusalSerializer(many=True))
    def get_refusals(self, change: NumberChange) -> list[dict[str, Any]]:
        """Return the first of those that were refused."""
        return [
            {"id": number_id, "number": "".join(filter(str.isdecimal, written)), "reason": reason}
            for number_id, written, reason in change.refusals
        ]


class NumberChanges(StaffView):
    """POST does one thing to many numbers."""

    @described(
        "changeNumbers",
        {201: NumbersChangeSerializer, 202: NumbersChangeSerializer},
        body=NewNumbersChangeSerializer,
        sends={"action": "disable", "filter": {"state": "free", "provider": "Carrier Ltd"}},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """Do one thing to many numbers, each by itself.

        Up to fifty are through with the answer, a 201; more are left to a worker, a 202. Which numbers the filter keeps is
        settled when this is asked.
        """
        body = NewNumbersChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        try:
            change = number_changes.propose(person_of(request), _chosen(request, given), given["action"], given["value"])
        except (number_changes.NoneChosenError, number_changes.TooManyError) as error:
            raise serializers.ValidationError({"filter": [str(error)]}) from None
        number_changes.confirm(change)
        return Response(NumbersChangeSerializer(change).data, status=202 if change.is_under_way else 201)


def _chosen(request: Request, given: dict[str, Any]) -> NumberQuerySet:
    """Return the numbers that are named, or that the filter keeps."""
    if "numbers" in given:
        return Number.objects.filter(pk__in=given["numbers"])
    every: NumberQuerySet = Number.objects.all()
    return filtered_by_body(NumberFilter, given["filter"], request, every)


class NumberChangeDetail(StaffView):
    """GET how far a change of one's own is."""

    @described("getNumbersChange", NumbersChangeSerializer)
    def get(self, request: Request, change_id: int) -> Response:
        """Show how far a change of one's own is, and which numbers were refused and why; for a day."""
        change = get_object_or_404(NumberChange.objects.of(person_of(request)), pk=change_id)
        return Response(NumbersChangeSerializer(change).data)
