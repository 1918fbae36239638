"""`gateways`: the trunks, for staff; a password goes in and never comes out."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictBooleanField, StrictCharField, StrictIntegerField, StrictSerializer
from accounts.api.staff import StaffView
from accounts.permissions import person_of
from telephony.api.filtering import filtered
from telephony.api.keeping import answering
from telephony.filters.gateways import GatewayFilter
from telephony.models import Domain, Gateway, GatewayStatus, Provider
from telephony.services.gateway_loading import Loaded, load
from telephony.services.gateways import change_gateway, create_gateway, delete_gateway, listed
from web.idempotency import idempotent
from web.paging import KeysetPaginator, paged_response
from web.schema.describing import described

GATEWAYS = KeysetPaginator(ordering=("name", "id"))
MOST_PRIORITY = 32_767
NEW = {"name": "carrier-backup", "domain": "pbx.example.com", "proxy": "sip.carrier.example", "priority": 200}


class StatusOnSwitchSerializer(serializers.ModelSerializer[GatewayStatus]):
    """How a gateway is on one switch, as last heard."""

    switch = serializers.CharField(source="switch.name")

    class Meta:
        model = GatewayStatus
        fields = ("switch", "is_up", "state", "since")


class GatewaySerializer(serializers.ModelSerializer[Gateway]):
    """A gateway; of its password only whether there is one. `statuses` is how it is on each switch, as last heard."""

    domain = serializers.CharField(source="domain.name")
    provider = serializers.CharField(source="provider.name", default="")
    has_password = serializers.SerializerMethodField()
    statuses = StatusOnSwitchSerializer(many=True)

    class Meta:
        model = Gateway
        fields: tuple[str, ...] = (
            "id", "name", "domain", "provider", "priority", "is_active", "proxy", "username", "has_password", "register",
            "ping_seconds", "networks", "statuses", "created_at", "updated_at",
        )  # fmt: skip

    def get_has_password(self, gateway: Gateway) -> bool:
        """Tell whether a password is set."""
        return bool(gateway.encrypted_password)


class LoadedSerializer(serializers.Serializer[Any]):
    """Whether a switch has taken a gateway; `problem` is "" where it has."""

    switch = serializers.CharField()
    problem = serializers.CharField(allow_blank=True)


class LoadedGatewaySerializer(GatewaySerializer):
    """A gateway, and what each switch made of it; no switch where none had to be told."""

    switches = LoadedSerializer(many=True)

    class Meta(GatewaySerializer.Meta):
        fields = (*GatewaySerializer.Meta.fields, "switches")


class GatewayRequestSerializer(StrictSerializer):
    """What a gateway is to be; what fits the switch the model knows. A password of null is forgotten."""

    name = StrictCharField(max_length=64)
    domain = StrictCharField(max_length=253)
    provider = StrictCharField(max_length=100, required=False, allow_blank=True)
    priority = StrictIntegerField(min_value=0, max_value=MOST_PRIORITY, required=False)
    is_active = StrictBooleanField(required=False)
    proxy = StrictCharField(max_length=255, required=False, allow_blank=True)
    username = StrictCharField(max_length=64, required=False, allow_blank=True)
    password = StrictCharField(max_length=128, required=False, allow_null=True, write_only=True, trim_whitespace=False)
    register = StrictBooleanField(required=False)
    ping_seconds = StrictIntegerField(min_value=0, max_value=MOST_PRIORITY, required=False)
    networks = StrictCharField(max_length=500, required=False, allow_blank=True)

    def validate_domain(self, name: str) -> Domain:
        """Take the name of a domain that there is."""
        found = Domain.objects.filter(name=name.lower()).first()
        if found is None:
            raise serializers.ValidationError("There is no such domain.")
        return found

    def validate_provider(self, name: str) -> Provider | None:
        """Take the name of a provider that there is, or ""."""
        found = Provider.objects.filter(name=name).first() if name else None
        if name and found is None:
            raise serializers.ValidationError("There is no such provider.")
        return found

    @property
    def wanted(self) -> dict[str, Any]:
        """What the services take: the values, and `password`: None leaves it as it is, "" is forgotten."""
        values = dict(self.validated_data)
        password = values.pop("password", ...)
        return {"values": values, "password": None if password is ... else password or ""}


def _find(gateway_id: int) -> Gateway:
    return get_object_or_404(listed(), pk=gateway_id)


def _described(gateway_id: int, switches: Iterable[Loaded]) -> dict[str, Any]:
    return {**GatewaySerializer(_find(gateway_id)).data, "switches": [each._asdict() for each in switches]}


class GatewayList(StaffView):
    """GET the gateways by name, as a bare array; POST makes one."""

    query_parameters = frozenset({"limit", "cursor", *GatewayFilter.base_filters})
    filters = GatewayFilter

    @described("listGateways", GatewaySerializer, many=True)
    def get(self, request: Request) -> Response:
        """List gateways by name."""

        def serialize(page: Sequence[Gateway]) -> Any:
            return GatewaySerializer(page, many=True).data

        return paged_response(request, filtered(GatewayFilter, request, listed()), serialize, GATEWAYS)

    @described("createGateway", {201: LoadedGatewaySerializer}, body=GatewayRequestSerializer, sends=NEW)
    @idempotent()
    def post(self, request: Request) -> Response:
        """Make a gateway and have the switches load it.

        `switches` says which have, and what kept the others from it.
        """
        body = GatewayRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with answering():
            gateway = create_gateway(**body.wanted, actor=person_of(request))
        return Response(_described(gateway.pk, load([gateway.name])), status=201)


class GatewayDetail(StaffView):
    """GET one gateway; PATCH changes it; DELETE deletes one that is out of use."""

    @described("getGateway", GatewaySerializer)
    def get(self, request: Request, gateway_id: int) -> Response:
        """Show a gateway, and how it is on each switch."""
        return Response(GatewaySerializer(_find(gateway_id)).data)

    @described("changeGateway", LoadedGatewaySerializer, body=GatewayRequestSerializer, sends={"priority": 20})
    def patch(self, request: Request, gateway_id: int) -> Response:
        """Change a gateway and, where that concerns them, have the switches load it anew."""
        gateway = _find(gateway_id)
        body = GatewayRequestSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        with answering():
            changed, must_be_told = change_gateway(gateway, **body.wanted, actor=person_of(request))
        return Response(_described(gateway_id, load({gateway.name, changed.name}) if must_be_told else []))

    @described("deleteGateway", refuses={409: ("in_use",)})
    def delete(self, request: Request, gateway_id: int) -> Response:
        """Delete a gateway that is out of use, and have the switches forget it."""
        gateway = _find(gateway_id)
        with answering():
            delete_gateway(gateway, actor=person_of(request))
        load([gateway.name])
        return Response(status=204)


class GatewayLoad(StaffView):
    """POST has the switches load a gateway anew."""

    @described("loadGateway", LoadedGatewaySerializer, body=StrictSerializer)
    @idempotent()
    def post(self, request: Request, gateway_id: int) -> Response:
        """Have every switch forget the gateway and load it as it is now.

        Calls that go on by it do.
        """
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        return Response(_described(gateway_id, load([_find(gateway_id).name])))
