"""`switches`: the FreeSWITCH servers that have made themselves known, for staff."""

from typing import Any, Final

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.staff import StaffView
from accounts.permissions import person_of
from telephony.api.keeping import answering
from telephony.api.status import AlarmSerializer
from telephony.models import GatewayStatus, Switch
from telephony.services.live.condition import Hearing
from telephony.services.switches import FORGOTTEN, Standing, alarms_of, forget, gateways_on, standing_of, standings
from web.schema.describing import described

HEARINGS: Final = [each.replace(" ", "_") for each in (*(known.value for known in Hearing), FORGOTTEN)]


class SwitchSerializer(serializers.Serializer[Standing]):
    """A switch and how it is; `current` says whether that is of now."""

    id = serializers.IntegerField(source="switch.pk")
    name = serializers.CharField()
    event_socket = serializers.CharField(source="switch.event_socket", allow_blank=True)
    hearing = serializers.SerializerMethodField()
    current = serializers.BooleanField(source="is_heard")
    health = serializers.CharField()
    seen_at = serializers.DateTimeField(source="switch.last_heard_at", allow_null=True)
    core_uuid = serializers.CharField(source="switch.core_uuid", allow_blank=True)
    version = serializers.CharField(source="switch.version", allow_blank=True)
    started_at = serializers.DateTimeField(source="switch.started_at", allow_null=True)
    sessions = serializers.IntegerField(source="switch.sessions")
    max_sessions = serializers.IntegerField(source="switch.max_sessions")
    last_cdr_at = serializers.DateTimeField(source="switch.last_cdr_at", allow_null=True)

    @extend_schema_field(serializers.ChoiceField(choices=HEARINGS))
    def get_hearing(self, standing: Standing) -> str:
        """Return `heard`, `away`, `unlistened`, or `not_followed` where no setting leads to it."""
        return standing.hearing.replace(" ", "_")


class GatewayOnSwitchSerializer(serializers.ModelSerializer[GatewayStatus]):
    """How a gateway is on a switch; `gateway` is the id of ours, 0 where the switch has it of its own."""

    gateway = serializers.SerializerMethodField()

    class Meta:
        model = GatewayStatus
        fields = ("name", "gateway", "is_up", "state", "since")

    def get_gateway(self, status: GatewayStatus) -> int:
        """Return the id of our gateway."""
        return status.gateway_id or 0


class SwitchDetailSerializer(SwitchSerializer):
    """A switch with its gateways, and what is wrong with it now."""

    gateways = GatewayOnSwitchSerializer(many=True)
    alarms = AlarmSerializer(many=True)


class SwitchList(StaffView):
    """GET the switches, those of the settings first; there are a handful."""

    @described("listSwitches", SwitchSerializer, many=True)
    def get(self, request: Request) -> Response:
        """List the switches that have said their name, those of the settings first."""
        return Response([SwitchSerializer(each).data for each in standings() if each.switch])


class SwitchDetail(StaffView):
    """GET one switch with its gateways and alarms; DELETE forgets one of which no call is."""

    @described("getSwitch", SwitchDetailSerializer)
    def get(self, request: Request, switch_id: int) -> Response:
        """Show a switch, with its gateways and alarms."""
        switch = get_object_or_404(Switch, pk=switch_id)
        more: dict[str, Any] = {
            "gateways": GatewayOnSwitchSerializer(gateways_on(switch), many=True).data,
            "alarms": AlarmSerializer([alarm.as_dict() for alarm in alarms_of(switch)], many=True).data,
        }
        return Response({**SwitchSerializer(standing_of(switch)).data, **more})

    @described("forgetSwitch", refuses={409: ("in_use",)})
    def delete(self, request: Request, switch_id: int) -> Response:
        """Forget a switch that no setting leads to and of which no call is."""
        with answering():
            forget(get_object_or_404(Switch, pk=switch_id), actor=person_of(request))
        return Response(status=204)
