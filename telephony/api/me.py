"""`auth/me`: who one is, to this service."""

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey
from accounts.permissions import SCOPES, IsActiveUser, person_of
from telephony.services.pool import holding_of
from web.parameters import ApiView


class Me(ApiView):
    """GET the caller; whatever its scopes, a proof may tell whose it is."""

    permission_classes = (IsActiveUser,)

    def get(self, request: Request) -> Response:
        """Describe the caller; number and extension are "" where none are held, and none are given for asking."""
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
