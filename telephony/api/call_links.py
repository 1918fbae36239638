"""`call-link`: the switch rings the source, then the destination, and bridges them."""

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictCharField, StrictChoiceField, StrictSerializer
from accounts.permissions import HasScope, IsActiveUser, person_of
from telephony.models import CallLink
from telephony.services.call_links.dialling import bring_up_to_date, cancel
from telephony.services.call_links.placing import CallLimitError, LinkNumberError, NumberRequiredError, place
from telephony.services.dialing import DestinationNotAllowedError
from telephony.services.switchboard import SwitchAwayError
from web import read_only
from web.errors import Problem
from web.idempotency import idempotency_of, idempotent
from web.parameters import ApiView

NO_STORE = {"Cache-Control": "no-store"}
SWITCH_BACK_IN_SECONDS = "10"


class DialledNumberField(StrictCharField):
    """A number to dial: the characters in which people write one, and none that could mean something to a switch."""

    def __init__(self, **kwargs: Any) -> None:
        plain = RegexValidator(
            r"\A[0-9 ()+.-]{2,40}\Z", "Not a phone number: use digits, as in 2762087784 or +44 20 7946 0018."
        )
        super().__init__(trim_whitespace=False, validators=[plain], **kwargs)


class LinkRequestSerializer(StrictSerializer):
    """Who is to be rung, first and second, in any notation."""

    source_number = DialledNumberField()
    destination_number = DialledNumberField()
    mode = StrictChoiceField(choices=[CallLink.Mode.CALLBACK.value], default=CallLink.Mode.CALLBACK.value)


class CallLinkSerializer(serializers.ModelSerializer[CallLink]):
    """A link as it was asked for, and how far it has come."""

    class Meta:
        model = CallLink
        fields: tuple[str, ...] = (
            "id", "call_uuid", "status", "source_number", "destination_number", "mode", "created_at", "expires_at",
        )  # fmt: skip


class CallLinkDetailSerializer(CallLinkSerializer):
    """The same, with what became of it."""

    class Meta(CallLinkSerializer.Meta):
        fields = (*CallLinkSerializer.Meta.fields, "hangup_cause", "source_answered_at", "bridged_at", "ended_at")


class CallLinks(ApiView):
    """GET, as existing clients call it, and POST place a call; the same pair again within 30 seconds is the same call."""

    permission_classes = (IsActiveUser, HasScope("calls:write"))
    query_parameters = frozenset({"source_number", "destination_number", "mode"})
    # GET dials: a HEAD must not.
    head_allowed = False

    def get(self, request: Request) -> Response:
        """Place a call between the two numbers of the query."""
        if "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", "")):
            raise Problem(403, "prefetch_refused", "This address dials: it is not for fetching ahead.")
        read_only.refuse()
        return self._place(request, request.query_params.dict())

    @idempotent()
    def post(self, request: Request) -> Response:
        """Place a call between the two numbers of the body."""
        once = idempotency_of(request)
        return self._place(request, request.data, once.key if once else "")

    def _place(self, request: Request, wanted: Any, idempotency_key: str = "") -> Response:
        body = LinkRequestSerializer(data=wanted)
        body.is_valid(raise_exception=True)
        numbers = body.validated_data
        try:
            link, _ = place(
                person_of(request),
                numbers["source_number"],
                numbers["destination_number"],
                # Known to the link as well: whoever takes over from a server that died in between does not dial again.
                idempotency_key=idempotency_key,
            )
        except LinkNumberError as error:
            raise serializers.ValidationError({error.field: [str(error)]}) from None
        except NumberRequiredError:
            raise Problem(409, "number_required", "You have no number yet: assign-number gives you one.") from None
        except DestinationNotAllowedError as error:
            raise Problem(403, "destination_not_allowed", str(error)) from None
        except CallLimitError as error:
            raise Problem(429, "call_limit_reached", str(error), {"Retry-After": str(error.retry_after)}) from None
        except SwitchAwayError:
            raise switch_unavailable() from None
        return Response(CallLinkSerializer(link).data, status=202, headers=NO_STORE)


class CallLinkDetail(ApiView):
    """GET how far a link of one's own has come; DELETE hangs it up."""

    def get_permissions(self) -> list[Any]:
        """Want leave to read for looking, to write for hanging up."""
        return [IsActiveUser(), HasScope("calls:write" if self.request.method == "DELETE" else "calls:read")()]

    def get(self, request: Request, link_id: int) -> Response:
        """Show a link."""
        link = bring_up_to_date(self._find(request, link_id))
        return Response(CallLinkDetailSerializer(link).data, headers=NO_STORE)

    def delete(self, request: Request, link_id: int) -> Response:
        """Hang a link up, at whatever stage it is; one that is over stays as it is."""
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


def switch_unavailable() -> Problem:
    """Return the answer while the switch is away."""
    return Problem(
        503,
        "switch_unavailable",
        "The switch cannot be reached at the moment; nobody was called. Try again.",
        {"Retry-After": SWITCH_BACK_IN_SECONDS},
    )
