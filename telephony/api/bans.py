"""`bans`: networks from which no phone is listened to, for staff."""

from collections.abc import Sequence
from typing import Any, Final

from django.core.exceptions import ValidationError as DjangoValidationError
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import PersonSerializer, StrictCharField, StrictIntegerField, StrictSerializer, printable
from accounts.api.staff import StaffView
from accounts.permissions import person_of
from telephony.models import BannedAddress, FailedRegistration
from telephony.models.bans import validate_network
from telephony.services.bans import MOST_MINUTES, NotBannableError, ban, lasting, lift, publish
from web.errors import Problem
from web.idempotency import idempotent
from web.paging import KeysetPaginator, paged_response
from web.schema.describing import described

BANS: Final = KeysetPaginator(ordering=("-since", "-id"))
FAILURES: Final = KeysetPaginator(ordering=("-last_at", "-id"))


class BanRequestSerializer(StrictSerializer):
    """What is to be banned, why, and for how many minutes; without them until somebody lifts it."""

    address = StrictCharField(max_length=64)
    minutes = StrictIntegerField(required=False, allow_null=True, min_value=1, max_value=MOST_MINUTES)
    reason = StrictCharField(required=False, allow_blank=True, max_length=200, validators=[printable])

    def validate_address(self, value: str) -> str:
        """Take an address or a network that is not too wide."""
        try:
            validate_network(value)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from None
        return value


class BanSerializer(serializers.ModelSerializer[BannedAddress]):
    """A ban; `banned_by` is null where the portal banned by itself."""

    banned_by = PersonSerializer(allow_null=True, read_only=True)

    class Meta:
        model = BannedAddress
        fields: tuple[str, ...] = ("id", "address", "since", "until", "failures", "last_user", "reason", "banned_by")


class ReloadSerializer(serializers.Serializer[Any]):
    """Whether a switch has loaded its list; `problem` is "" where it has."""

    switch = serializers.CharField(allow_blank=True)
    problem = serializers.CharField(allow_blank=True)


class NewBanSerializer(BanSerializer):
    """A ban, and what each switch made of it."""

    switches = ReloadSerializer(many=True)

    class Meta(BanSerializer.Meta):
        fields = (*BanSerializer.Meta.fields, "switches")


class FailedRegistrationSerializer(serializers.ModelSerializer[FailedRegistration]):
    """How often an address has failed to prove itself: `total`, and `lately` within the span that counts for a ban."""

    lately = serializers.IntegerField(source="in_span")

    class Meta:
        model = FailedRegistration
        fields = ("address", "total", "lately", "first_at", "last_at", "last_user", "last_agent")


class BanList(StaffView):
    """GET what is banned now, newest first, as a bare array; POST bans."""

    query_parameters = frozenset({"limit", "cursor"})

    @described("listBans", BanSerializer, many=True)
    def get(self, request: Request) -> Response:
        """List the bans that are in force."""
        bans = BannedAddress.objects.in_force(timezone.now()).select_related("banned_by")

        def serialize(page: Sequence[BannedAddress]) -> Any:
            return BanSerializer(page, many=True).data

        return paged_response(request, bans, serialize, BANS)

    @described(
        "banAddress",
        {201: NewBanSerializer},
        body=BanRequestSerializer,
        sends={"address": "192.0.2.7", "minutes": 60, "reason": "guesses passwords"},
        refuses={409: ("not_bannable",)},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """Ban an address or a network.

        `switches` says which have loaded their lists, and what kept the others from it.
        """
        body = BanRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        try:
            banned = ban(
                wanted["address"],
                until=lasting(wanted.get("minutes")),
                reason=wanted.get("reason", ""),
                actor=person_of(request),
            )
        except NotBannableError as error:
            raise Problem(409, "not_bannable", str(error)) from None
        switches = [reload._asdict() for reload in publish()]
        return Response({**BanSerializer(banned).data, "switches": switches}, status=201)


class BanDetail(StaffView):
    """GET one ban; DELETE lifts it."""

    @described("getBan", BanSerializer)
    def get(self, request: Request, ban_id: int) -> Response:
        """Show a ban that is in force."""
        return Response(BanSerializer(_find(ban_id)).data)

    @described("liftBan")
    def delete(self, request: Request, ban_id: int) -> Response:
        """Lift a ban: the network is listened to again."""
        lift(_find(ban_id), actor=person_of(request))
        publish()
        return Response(status=204)


def _find(ban_id: int) -> BannedAddress:
    in_force = BannedAddress.objects.in_force(timezone.now()).select_related("banned_by")
    return get_object_or_404(in_force, pk=ban_id)


class FailedRegistrationList(StaffView):
    """GET who failed to prove themselves lately, the last one first, as a bare array."""

    query_parameters = frozenset({"limit", "cursor"})

    @described("listFailedRegistrations", FailedRegistrationSerializer, many=True)
    def get(self, request: Request) -> Response:
        """List addresses and how often they failed."""

        def serialize(page: Sequence[FailedRegistration]) -> Any:
            return FailedRegistrationSerializer(page, many=True).data

        return paged_response(request, FailedRegistration.objects.all(), serialize, FAILURES)
