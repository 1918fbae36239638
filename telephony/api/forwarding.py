"""`forwarding`: where calls go that nobody answers at one's own phones."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictCharField, StrictSerializer
from accounts.permissions import HasScope, IsActiveUser, person_of
from telephony.services.call_links.parties import NumberRequiredError
from telephony.services.dialing import DestinationNotAllowedError
from telephony.services.forwarding import forward, forwarding_of, stop_forwarding
from web.errors import Problem
from web.parameters import ApiView


class ForwardingSerializer(StrictSerializer):
    """A number, in any notation."""

    number = StrictCharField(max_length=60, trim_whitespace=False)


class Forwarding(ApiView):
    """GET, PUT and DELETE where one's own extension is forwarded to."""

    permission_classes = (IsActiveUser, HasScope("numbers:write"))

    def get(self, request: Request) -> Response:
        """Show it; "" where it is not forwarded."""
        with _refused():
            return Response({"number": forwarding_of(person_of(request))})

    def put(self, request: Request) -> Response:
        """Forward to a number, in place of the one before."""
        body = ForwardingSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        person = person_of(request)
        with _refused():
            return Response({"number": forward(person, body.validated_data["number"], actor=person)})

    def delete(self, request: Request) -> Response:
        """Forward no more. A second time changes nothing."""
        person = person_of(request)
        with _refused():
            stop_forwarding(person, actor=person)
        return Response(status=204)


@contextmanager
def _refused() -> Iterator[None]:
    """Tell a program why the service refused."""
    try:
        yield
    except ValidationError as error:
        raise serializers.ValidationError({"number": list(error.messages)}) from None
    except NumberRequiredError:
        raise Problem(409, "number_required", "You have no number yet: assign-number gives you one.") from None
    except DestinationNotAllowedError as error:
        raise Problem(403, "destination_not_allowed", str(error)) from None
