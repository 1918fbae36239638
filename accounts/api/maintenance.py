"""`maintenance/keys` and `maintenance/read-only`: the operator issues and revokes API keys, and stops all writing."""

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import KeyRequestSerializer, OperatorsNewApiKeySerializer, ReadOnlySerializer
from accounts.authentication import MaintenanceAuthentication
from accounts.models import ApiKey
from accounts.permissions import IsOperator
from accounts.services import issue_key, revoke_key, set_read_only
from web import read_only
from web.idempotency import idempotent
from web.parameters import ApiView
from web.schema.describing import described


class MaintenanceView(ApiView):
    """What only the maintenance token opens."""

    authentication_classes = (MaintenanceAuthentication,)
    permission_classes = (IsOperator,)


class KeyList(MaintenanceView):
    """POST issues a key."""

    @described("issueKey", {201: OperatorsNewApiKeySerializer}, body=KeyRequestSerializer)
    @idempotent("key")
    def post(self, request: Request) -> Response:
        """Issue a key for a person.

        The person is created when new; the key is shown this once.
        """
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

    @described("revokeKeyOfAnybody")
    def delete(self, request: Request, key_id: int) -> Response:
        """Revoke anybody's key; a second time is no error."""
        api_key = get_object_or_404(ApiKey, pk=key_id)
        revoke_key(api_key, actor_label="maintenance")
        return Response(status=204)


class ReadOnly(MaintenanceView):
    """GET tells whether the portal only reads; PUT sets it."""

    # Or it could never be left again.
    refuses_when_read_only = False

    @described("showReadOnlyMode", ReadOnlySerializer)
    def get(self, request: Request) -> Response:
        """Tell whether the portal only reads."""
        return Response({"enabled": read_only.is_on()})

    @described("setReadOnlyMode", ReadOnlySerializer, body=ReadOnlySerializer)
    def put(self, request: Request) -> Response:
        """Let the portal only read, or end that: in force at the next request, in every worker."""
        body = ReadOnlySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        set_read_only(enabled=body.validated_data["enabled"], actor_label="maintenance")
        return Response(body.validated_data)
