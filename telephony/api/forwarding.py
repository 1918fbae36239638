"""`forwarding`: where calls go that nobody answers at one's own phones."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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
from web.schema.describing import described


class ForwardingSerializer(StrictSerializer):
    """A number, in any notation."""

    number = StrictCharField(max_length=60, trim_whitespace=False)


class ForwardedSerializer(serializers.Serializer[Any]):
    """The number that calls are forwarded to, "" where they are not."""

    number = serializers.CharField(allow_blank=True)


class Forwarding(ApiView):
    """GET, PUT and DELETE where one's own extension is forwarded to."""

    permission_classes = (IsActiveUser, HasScope("numbers:write"))

    @described("getForwarding", ForwardedSerializer, refuses={409: ("number_required",)})
    def get(self, request: Request) -> Response:
        """Show where one's own extension is forwarded to, "" where it is not."""
        with _refused():
            return Response({"number": forwarding_of(person_of(request))})

    @described(
        "forward",
        ForwardedSerializer,
        body=ForwardingSerializer,
        sends={"number": "+1 276 208 7784"},
        refuses={403: ("destination_not_allowed",), 409: ("number_required",)},
    )
    def put(self, request: Request) -> Response:
        """Forward one's own extension to a number, in place of the one before."""
        body = ForwardingSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        person = person_of(request)
        with _refused():
            return Response({"number": forward(person, body.validated_data["number"], actor=person)})

    @described("stopForwarding", refuses={409: ("number_required",)})
    def delete(self, request: Request) -> Response:
        """Forward no more.

        A second time changes nothing.
        """
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
