"""`auth/me`: who one is, to this service."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey, Role
from accounts.permissions import SCOPES, IsActiveUser, person_of
from telephony.services.pool import holding_of
from web.parameters import ApiView
from web.schema.describing import described


class MeSerializer(serializers.Serializer[Any]):
    """Who asks; number and extension are "" where none are held."""

    auth0_id = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    name = serializers.CharField(allow_blank=True)
    email = serializers.CharField(allow_blank=True)
    phone_number = serializers.CharField(allow_blank=True)
    extension = serializers.CharField(allow_blank=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=sorted(SCOPES)))


class Me(ApiView):
    """GET the caller; whatever its scopes, a proof may tell whose it is."""

    permission_classes = (IsActiveUser,)

    @described("getMe", MeSerializer)
    def get(self, request: Request) -> Response:
        """Show who one is.

        Number and extension are "" where none are held; none are given for asking.
        """
        person, held = person_of(request), holding_of(person_of(request))
        narrowed = request.auth.scopes if isinstance(request.auth, ApiKey) else []
        answer = {
            "auth0_id": person.auth0_id,
            "role": person.role,
            "name": person.name,
            "email": person.email,
            "phone_number": held.number.number if held and held.number else "",
            "extension": held.extension.number if held else "",
            "scopes": sorted(narrowed or SCOPES),
        }
        return Response(answer)
