"""`call-link`: the switch rings the source, or is dialled from there, then the destination, and bridges them.

`call-links` is the list of them: GET of `call-link` dials.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.core.validators import RegexValidator
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import PersonSerializer, StrictCharField, StrictChoiceField, StrictSerializer
from accounts.models import User
from accounts.permissions import HasScope, IsActiveUser, person_of
from telephony.api.filtering import filtered
from telephony.filters.call_links import CallLinkFilter
from telephony.models import CallLink
from telephony.services.call_links.dialling import bring_up_to_date, cancel
from telephony.services.call_links.parties import (
    CellPhoneRequiredError,
    ExtensionClosedError,
    LinkNumberError,
    NumberRequiredError,
)
from telephony.services.call_links.placing import (
    LONGEST_WAIT_MINUTES,
    WAIT_MINUTES,
    CallLimitError,
    place_in_mode,
)
from telephony.services.call_lists import LINKS
from telephony.services.dialing import DIALLED_PATTERN, NOT_DIALLED, DestinationNotAllowedError
from telephony.services.switchboard import SwitchAwayError
from web import read_only
from web.errors import Problem
from web.idempotency import idempotency_of, idempotent
from web.paging import paged_response
from web.parameters import ApiView
from web.schema.describing import described

NO_STORE = {"Cache-Control": "no-store"}
SWITCH_BACK_IN_SECONDS = "10"


class DialledNumberField(StrictCharField):
    """A number to dial: the characters in which people write one, and none that could mean something to a switch."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, validators=[RegexValidator(DIALLED_PATTERN, NOT_DIALLED)], **kwargs)


class MinutesField(serializers.IntegerField):
    """A whole number of minutes: a JSON number, or the digits of a query."""

    def to_internal_value(self, data: Any) -> int:
        """Refuse truth values, fractions, and digits of other scripts."""
        if not (type(data) is int or (isinstance(data, str) and data.isascii() and data.isdigit())):
            self.fail("invalid")
        return super().to_internal_value(data)


class LinkRequestSerializer(StrictSerializer):
    """Who is to be connected to whom, in any notation; who dials in may leave out from where, and say for how long."""

    source_number = DialledNumberField(required=False)
    destination_number = DialledNumberField()
    mode = StrictChoiceField(choices=CallLink.Mode.choices, default=CallLink.Mode.CALLBACK.value)
    timeout = MinutesField(required=False, min_value=1, max_value=LONGEST_WAIT_MINUTES)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Want what each mode needs, and nothing that means nothing to it."""
        if attrs["mode"] == CallLink.Mode.DIAL_IN:
            return {"source_number": "", "timeout": WAIT_MINUTES} | attrs
        if "source_number" not in attrs:
            raise serializers.ValidationError({"source_number": ["This field is required."]})
        if "timeout" in attrs:
            raise serializers.ValidationError({"timeout": ["Only a link of mode dial_in waits."]})
        return {"timeout": WAIT_MINUTES} | attrs


class CallLinkSerializer(serializers.ModelSerializer[CallLink]):
    """A link as it was asked for, and how far it has come."""

    call_uuid = serializers.SerializerMethodField()

    class Meta:
        model = CallLink
        fields: tuple[str, ...] = (
            "id", "call_uuid", "status", "source_number", "destination_number", "mode", "created_at", "expires_at",
        )  # fmt: skip

    def get_call_uuid(self, link: CallLink) -> str | None:
        """Return the call's uuid; of one who dials in it is the switch's, and not known before."""
        return None if link.mode == CallLink.Mode.DIAL_IN and link.planned_at is None else str(link.call_uuid)


class CallLinkDetailSerializer(CallLinkSerializer):
    """The same, with what became of it."""

    class Meta(CallLinkSerializer.Meta):
        fields = (*CallLinkSerializer.Meta.fields, "hangup_cause", "source_answered_at", "bridged_at", "ended_at")


class ListedCallLinkSerializer(CallLinkDetailSerializer):
    """A link as the list shows it: how far it came, who placed it, and the call that came of it."""

    placed_by = PersonSerializer(source="user", read_only=True)
    call = serializers.SerializerMethodField()

    class Meta(CallLinkDetailSerializer.Meta):
        fields = (*CallLinkDetailSerializer.Meta.fields, "placed_by", "call")

    def get_call(self, link: CallLink) -> int | None:
        """Return the id that the call has in `call-recording`, null where there is none to be seen."""
        return link.call.pk if link.call else None


# The document's own.
EXAMPLE: Final = {
    "id": 41,
    "call_uuid": "8d6b0a3e-5a0e-4f0f-9d55-2f5a0f6a1c11",
    "status": "ringing_source",
    "source_number": "12762087784",
    "destination_number": "12403019517",
    "mode": "callback",
    "created_at": "2026-11-03T09:30:00.120000Z",
    "expires_at": "2026-11-03T09:31:15.120000Z",
}
REFUSED: Final[dict[int, tuple[str, ...]]] = {
    403: ("destination_not_allowed", "extension_closed"),
    409: ("cell_phone_required", "number_required"),
    429: ("call_limit_reached",),
    503: ("switch_unavailable",),
}
_NUMBER: Final = {"type": "string", "pattern": "^[0-9 ()+.-]{2,40}$"}
PARAMETERS: Final = {
    "source_number": {"description": "Who is rung first, in any notation; of mode `callback` it is required.", **_NUMBER},
    "destination_number": {"description": "Who is rung then, in any notation.", "required": True, **_NUMBER},
    "mode": {
        "description": "Whether the switch rings both, or the source dials in.",
        "type": "string", "enum": CallLink.Mode.values,
    },
    "timeout": {
        "description": "Of mode `dial_in`: for how many minutes the call is waited for.",
        "type": "integer", "minimum": 1, "maximum": LONGEST_WAIT_MINUTES,
    },
}  # fmt: skip


class CallLinks(ApiView):
    """GET, as existing clients call it, and POST place a call; the same pair again within 30 seconds is the same call."""

    permission_classes = (IsActiveUser, HasScope("calls:write"))
    query_parameters = frozenset({"source_number", "destination_number", "mode", "timeout"})
    # GET dials: a HEAD must not.
    head_allowed = False

    @described(
        "placeCallLinkByAddress",
        {202: CallLinkSerializer},
        example=EXAMPLE,
        refuses=REFUSED | {403: (*REFUSED[403], "prefetch_refused")},
        parameters=PARAMETERS,
    )
    def get(self, request: Request) -> Response:
        """Place a call between the two numbers of the query."""
        if "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", "")):
            raise Problem(403, "prefetch_refused", "This address dials: it is not for fetching ahead.")
        read_only.refuse()
        return self._place(request, request.query_params.dict())

    @described("placeCallLink", {202: CallLinkSerializer}, body=LinkRequestSerializer, example=EXAMPLE, refuses=REFUSED)
    @idempotent()
    def post(self, request: Request) -> Response:
        """Place a call between the two numbers of the body."""
        once = idempotency_of(request)
        return self._place(request, request.data, once.key if once else "")

    def _place(self, request: Request, wanted: Any, idempotency_key: str = "") -> Response:
        body = LinkRequestSerializer(data=wanted)
        body.is_valid(raise_exception=True)
        try:
            link = self._link(person_of(request), body.validated_data, idempotency_key)
        except LinkNumberError as error:
            raise serializers.ValidationError({error.field: [str(error)]}) from None
        except NumberRequiredError:
            raise Problem(409, "number_required", "You have no number yet: assign-number gives you one.") from None
        except CellPhoneRequiredError:
            raise Problem(409, "cell_phone_required", "You have no cell phone registered: PUT cell-phone does it.") from None
        except ExtensionClosedError as error:
            raise Problem(403, "extension_closed", str(error)) from None
        except DestinationNotAllowedError as error:
            raise Problem(403, "destination_not_allowed", str(error)) from None
        except CallLimitError as error:
            raise Problem(429, "call_limit_reached", str(error), {"Retry-After": str(error.retry_after)}) from None
        except SwitchAwayError:
            raise switch_unavailable() from None
        return Response(CallLinkSerializer(link).data, status=202, headers=NO_STORE)

    @staticmethod
    def _link(person: User, wanted: dict[str, Any], idempotency_key: str) -> CallLink:
        """Return the link, whose row knows the key as well: whoever takes over from a server that died does not dial again."""
        return place_in_mode(
            person,
            wanted["mode"],
            wanted["source_number"],
            wanted["destination_number"],
            minutes=wanted["timeout"],
            idempotency_key=idempotency_key,
        )


class CallLinkDetail(ApiView):
    """GET how far a link of one's own has come; DELETE hangs it up."""

    def get_permissions(self) -> list[Any]:
        """Want leave to read for looking, to write for hanging up."""
        return [IsActiveUser(), HasScope("calls:write" if self.request.method == "DELETE" else "calls:read")()]

    @described("getCallLink", CallLinkDetailSerializer)
    def get(self, request: Request, link_id: int) -> Response:
        """Show how far a link has come."""
        link = bring_up_to_date(self._find(request, link_id))
        return Response(CallLinkDetailSerializer(link).data, headers=NO_STORE)

    @described("hangUpCallLink", refuses={503: ("switch_unavailable",)})
    def delete(self, request: Request, link_id: int) -> Response:
        """Hang a link up, at whatever stage it is.

        One that is over stays as it is.
        """
        try:
            cancel(self._find(request, link_id), actor=person_of(request))
        except SwitchAwayError:
            raise switch_unavailable() from None
        return Response(status=204)

    @staticmethod
    def _find(request: Request, link_id: int) -> CallLink:
        link = CallLink.objects.of(person_of(request)).filter(pk=link_id).first()
        if link is None:
            raise Problem(404, "not_found", "There is nothing here, or nothing that you may see.")
        return link


class CallLinkList(ApiView):
    """GET the call links that the caller may see: staff all, others their own."""

    permission_classes = (IsActiveUser, HasScope("calls:read"))
    query_parameters = frozenset({"limit", "cursor", *CallLinkFilter.base_filters})
    filters = CallLinkFilter

    @described("listCallLinks", ListedCallLinkSerializer, many=True)
    def get(self, request: Request) -> Response:
        """List call links, the newest first."""
        viewer = person_of(request)
        links = filtered(CallLinkFilter, request, CallLink.objects.visible_to(viewer).for_listing(viewer))

        def serialize(page: Sequence[CallLink]) -> Any:
            return ListedCallLinkSerializer(page, many=True).data

        return paged_response(request, links, serialize, LINKS)


def switch_unavailable() -> Problem:
    """Return the answer while the switch is away."""
    return Problem(
        503,
        "switch_unavailable",
        "The switch cannot be reached at the moment; nobody was called. Try again.",
        {"Retry-After": SWITCH_BACK_IN_SECONDS},
    )
