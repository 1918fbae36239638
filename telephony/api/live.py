"""`live/…`: the calls that go on, the phones that are registered, the gateways and the switches, at this moment."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.staff import StaffView
from accounts.permissions import HasScope, IsActiveUser, person_of
from telephony.api.call_links import SWITCH_BACK_IN_SECONDS
from telephony.models import Call, GatewayStatus, LiveCall, Registration
from telephony.services.live.condition import Condition, Hearing, conditions, heard
from telephony.services.live.hanging_up import hang_up
from telephony.services.switchboard import SwitchAwayError
from web.errors import Problem
from web.paging import KeysetPaginator, paged_response
from web.parameters import ApiView
from web.schema.describing import described

CALLS = KeysetPaginator(ordering=("-started_at", "-id"))
BY_ID = KeysetPaginator(ordering=("id",))
PAGED = frozenset({"limit", "cursor"})


class OfASwitch(serializers.ModelSerializer[Any]):
    """Something of a switch: its name, and whether what is said is of now or of when the switch was last heard."""

    switch = serializers.CharField(source="switch.name")
    current = serializers.SerializerMethodField()
    seen_at = serializers.DateTimeField(source="switch.last_heard_at", allow_null=True)

    def get_current(self, row: Any) -> bool:
        """Tell whether its switch is heard."""
        return row.switch_id in self.context["heard"]


class LiveCallSerializer(OfASwitch):
    """A call that goes on, named as a call of the list is; ids are 0 where there is none."""

    call_direction = serializers.SerializerMethodField()
    call_from = serializers.CharField(source="caller_number")
    call_to = serializers.CharField(source="callee_number")
    extension = serializers.SerializerMethodField()
    didnumber = serializers.SerializerMethodField()
    domain = serializers.CharField(source="domain_name")
    call_link = serializers.IntegerField(source="call_link_id", allow_null=True)

    class Meta:
        model = LiveCall
        fields: tuple[str, ...] = (
            "call_uuid", "state", "call_direction", "call_from", "call_to", "local", "started_at", "answered_at",
            "held_at", "extension", "didnumber", "domain", "call_link", "switch", "current", "seen_at",
        )  # fmt: skip

    @extend_schema_field(serializers.ChoiceField(choices=Call.Direction.choices))
    def get_call_direction(self, call: LiveCall) -> str:
        """Return the direction from the viewer's side."""
        return call.direction_for(self.context["viewer"])

    def get_extension(self, call: LiveCall) -> int:
        """Return the id of the extension on the viewer's side; staff see the caller's where there is one."""
        viewer = self.context["viewer"]
        callee_side = not viewer.is_staff and call.callee_user_id == viewer.pk and call.caller_user_id != viewer.pk
        sides = (call.callee_extension_id, None) if callee_side else (call.caller_extension_id, call.callee_extension_id)
        return next((side for side in sides if side), 0)

    def get_didnumber(self, call: LiveCall) -> int:
        """Return the id of our number."""
        return call.number_id or 0


class RegistrationSerializer(OfASwitch):
    """A phone that is registered; where nobody knows since when, `since` is null, and `since_before` says when it was."""

    extension = serializers.SerializerMethodField()
    since = serializers.SerializerMethodField()
    since_before = serializers.SerializerMethodField()

    class Meta:
        model = Registration
        fields: tuple[str, ...] = (
            "user", "domain", "extension", "contact", "network_ip", "network_port", "transport", "agent", "since",
            "since_before", "expires_at", "switch", "current", "seen_at",
        )  # fmt: skip

    def get_extension(self, phone: Registration) -> int:
        """Return the extension's id, 0 where it is none of ours."""
        return phone.extension_id or 0

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_since(self, phone: Registration) -> Any:
        """Return since when it is registered, null where nobody knows."""
        return phone.since if phone.since_is_known else None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_since_before(self, phone: Registration) -> Any:
        """Return before when it was registered already, null where `since` is known."""
        return None if phone.since_is_known else phone.since


class LiveGatewaySerializer(OfASwitch):
    """A gateway on a switch."""

    gateway = serializers.SerializerMethodField()
    active = serializers.SerializerMethodField()

    class Meta:
        model = GatewayStatus
        fields: tuple[str, ...] = ("name", "gateway", "active", "is_up", "state", "since", "switch", "current", "seen_at")

    def get_gateway(self, status: GatewayStatus) -> int:
        """Return the id of our gateway, 0 where the switch has it of its own."""
        return status.gateway_id or 0

    def get_active(self, status: GatewayStatus) -> bool:
        """Tell whether calls are to leave by it."""
        return status.gateway is not None and status.gateway.is_active


class LiveSwitchSerializer(serializers.Serializer[Any]):
    """A switch of the settings; `name` is "" until it was heard once."""

    name = serializers.CharField(allow_blank=True)
    event_socket = serializers.CharField()
    hearing = serializers.ChoiceField(choices=[each.value for each in Hearing])
    current = serializers.BooleanField()
    seen_at = serializers.DateTimeField(allow_null=True)
    core_uuid = serializers.CharField(allow_blank=True)
    version = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField(allow_null=True)
    sessions = serializers.IntegerField()
    max_sessions = serializers.IntegerField()
    last_cdr_at = serializers.DateTimeField(allow_null=True)


def _heard() -> set[int]:
    return {switch.pk for switch in heard(conditions())}


class LiveCalls(ApiView):
    """GET the calls that go on, the newest first: staff all, others their own."""

    permission_classes = (IsActiveUser, HasScope("calls:read"))
    query_parameters = PAGED

    @described("listLiveCalls", LiveCallSerializer, many=True)
    def get(self, request: Request) -> Response:
        """List the calls that go on, the newest first."""
        viewer = person_of(request)

        def serialize(calls: Sequence[LiveCall]) -> Any:
            return LiveCallSerializer(calls, many=True, context={"viewer": viewer, "heard": _heard()}).data

        return paged_response(request, LiveCall.objects.visible_to(viewer).for_listing(), serialize, CALLS)


class LiveCallDetail(ApiView):
    """DELETE hangs a call up."""

    permission_classes = (IsActiveUser, HasScope("calls:write"))

    @described("hangUpLiveCall", refuses={503: ("switch_unavailable",)})
    def delete(self, request: Request, call_uuid: UUID) -> Response:
        """Hang a call up, for everybody who takes part."""
        viewer = person_of(request)
        call = LiveCall.objects.visible_to(viewer).for_listing().filter(call_uuid=str(call_uuid)).first()
        if call is None:
            raise Http404
        try:
            ended = hang_up(call, actor=viewer)
        except SwitchAwayError:
            raise Problem(
                503,
                "switch_unavailable",
                f"The switch {call.switch} cannot be reached at the moment; the call was not hung up. Try again.",
                {"Retry-After": SWITCH_BACK_IN_SECONDS},
            ) from None
        if not ended:
            # It had ended before, and nobody had told us.
            raise Http404
        return Response(status=204)


class LiveRegistrations(ApiView):
    """GET the phones that are registered: staff all, others those of the extension that they hold."""

    permission_classes = (IsActiveUser, HasScope("calls:read"))
    query_parameters = PAGED

    @described("listRegistrations", RegistrationSerializer, many=True)
    def get(self, request: Request) -> Response:
        """List the phones that are registered."""
        queryset = Registration.objects.current(timezone.now()).visible_to(person_of(request)).for_listing()

        def serialize(phones: Sequence[Registration]) -> Any:
            return RegistrationSerializer(phones, many=True, context={"heard": _heard()}).data

        return paged_response(request, queryset, serialize, BY_ID)


class LiveGateways(StaffView):
    """GET how each gateway is on each switch."""

    query_parameters = PAGED

    @described("listLiveGateways", LiveGatewaySerializer, many=True)
    def get(self, request: Request) -> Response:
        """List how each gateway is on each switch."""

        def serialize(statuses: Sequence[GatewayStatus]) -> Any:
            return LiveGatewaySerializer(statuses, many=True, context={"heard": _heard()}).data

        return paged_response(request, GatewayStatus.objects.select_related("switch", "gateway"), serialize, BY_ID)


class LiveSwitches(StaffView):
    """GET how each switch of the settings is, the preferred one first."""

    @described("listLiveSwitches", LiveSwitchSerializer, many=True)
    def get(self, request: Request) -> Response:
        """List the switches, the preferred one first."""
        return Response([switch_row(each) for each in conditions()])


def switch_row(condition: Condition) -> dict[str, Any]:
    """Return what is shown of a switch."""
    switch = condition.switch
    return {
        "name": switch.name if switch else "",
        "event_socket": str(condition.address),
        "hearing": condition.hearing.value,
        "current": condition.is_heard,
        "seen_at": condition.seen_at,
        "core_uuid": switch.core_uuid if switch else "",
        "version": switch.version if switch else "",
        "started_at": switch.started_at if switch else None,
        "sessions": switch.sessions if switch else 0,
        "max_sessions": switch.max_sessions if switch else 0,
        "last_cdr_at": switch.last_cdr_at if switch else None,
    }
