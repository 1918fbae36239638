"""`tokens`: a person's API keys, made and revoked by the person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import (
    ApiKeySerializer,
    ListedApiKeySerializer,
    NewApiKeySerializer,
    OwnedApiKeySerializer,
    TokenRequestSerializer,
)
from accounts.models import ApiKey
from accounts.permissions import HasScope, IsActiveUser, person_of
from accounts.services import TooManyKeysError, issue_own_key, revoke_key
from web.errors import Problem
from web.idempotency import idempotent
from web.paging import KeysetPaginator, paged_response
from web.parameters import LONGEST_VALUE, ApiView
from web.schema.describing import described

KEYS = KeysetPaginator(ordering=("-created_at", "-id"))


class TokenList(ApiView):
    """GET the keys that one may see, newest first, as a bare array; POST makes one."""

    permission_classes = (IsActiveUser, HasScope("admin"))
    query_parameters = frozenset({"limit", "cursor", "user"})

    @described(
        "listTokens",
        ListedApiKeySerializer,
        many=True,
        parameters={"user": {"description": "Staff: whose keys, by Auth0 id.", "type": "string", "maxLength": LONGEST_VALUE}},
    )
    def get(self, request: Request) -> Response:
        """List keys, newest first.

        One's own; for staff everybody's, or those of the Auth0 id in `user`.
        """
        viewer = person_of(request)
        keys: QuerySet[ApiKey] = ApiKey.objects.visible_to(viewer).for_listing()
        if "user" in request.query_params:
            keys = keys.filter(user__subject=request.query_params["user"])
        shape = OwnedApiKeySerializer if viewer.is_staff else ApiKeySerializer

        def serialize(page: Sequence[ApiKey]) -> Any:
            return shape(page, many=True).data

        return paged_response(request, keys, serialize, KEYS)

    @described(
        "createToken",
        {201: NewApiKeySerializer},
        body=TokenRequestSerializer,
        sends={"name": "report", "scopes": ["calls:read"]},
        refuses={403: ("lifetime_too_long", "scope_too_wide"), 409: ("too_many_keys",)},
    )
    @idempotent("key")
    def post(self, request: Request) -> Response:
        """Make a key for oneself, shown this once."""
        body = TokenRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        scopes = wanted.get("scopes") or []
        _refuse_wider(request.auth, scopes)
        _refuse_longer(request.auth, wanted.get("expires_at"))
        try:
            row, key = issue_own_key(person_of(request), wanted["name"], scopes=scopes, expires_at=wanted.get("expires_at"))
        except TooManyKeysError as error:
            raise Problem(409, "too_many_keys", str(error)) from None
        shown = ApiKeySerializer(row).data
        answer = {"id": row.pk, "key": key} | {
            name: shown[name] for name in ("name", "prefix", "scopes", "expires_at", "created_at")
        }
        return Response(answer, status=201, headers={"Cache-Control": "no-store"})


def _refuse_wider(auth: object, scopes: Sequence[str]) -> None:
    """Refuse to let a narrowed key make one that reaches further than itself."""
    held = auth.scopes if isinstance(auth, ApiKey) else []
    if held and not (scopes and set(scopes) <= set(held)):
        raise Problem(403, "scope_too_wide", "This key cannot make one with scopes that it lacks itself.")


def _refuse_longer(auth: object, expires_at: datetime | None) -> None:
    """Refuse to let a key that expires make one that outlives it."""
    end = auth.expires_at if isinstance(auth, ApiKey) else None
    if end is not None and (expires_at is None or expires_at > end):
        raise Problem(403, "lifetime_too_long", "This key expires, and cannot make one that is valid for longer than itself.")


class TokenDetail(ApiView):
    """DELETE revokes a key."""

    permission_classes = (IsActiveUser, HasScope("admin"))

    @described("revokeToken")
    def delete(self, request: Request, key_id: int) -> Response:
        """Revoke a key from the next request on; a second time is no error."""
        viewer = person_of(request)
        revoke_key(get_object_or_404(ApiKey.objects.visible_to(viewer), pk=key_id), actor=viewer)
        return Response(status=204)
