"""`maintenance/keys`: the operator issues and revokes API keys."""

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import KeyRequestSerializer
from accounts.authentication import MaintenanceAuthentication
from accounts.models import ApiKey
from accounts.permissions import IsOperator
from accounts.services import issue_key, revoke_key
from web.idempotency import idempotent
from web.parameters import ApiView


class MaintenanceView(ApiView):
    """What only the maintenance token opens."""

    authentication_classes = (MaintenanceAuthentication,)
    permission_classes = (IsOperator,)


class KeyList(MaintenanceView):
    """POST issues a key."""

    @idempotent("key")
    def post(self, request: Request) -> Response:
        """Issue a key for a person, who is created when new; the key is shown this once."""
        body = KeyRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        api_key, key = issue_key(
            wanted["auth0_id"],
            wanted["name"],
            wanted.get("role"),
            actor_label="maintenance",
        )
        answer = {
            "id": api_key.pk,
            "key": key,
            "auth0_id": api_key.user.auth0_id,
            "name": api_key.name,
            "role": api_key.user.role,
        }
        return Response(answer, status=201, headers={"Cache-Control": "no-store"})


class KeyDetail(MaintenanceView):
    """DELETE revokes a key."""

    def delete(self, request: Request, key_id: int) -> Response:
        """Revoke a key; a second time is no error."""
        api_key = get_object_or_404(ApiKey, pk=key_id)
        revoke_key(api_key, actor_label="maintenance")
        return Response(status=204)
