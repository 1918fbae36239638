"""`webhooks`: who is told of what; a secret is shown when it is made, and never again."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictSerializer
from accounts.permissions import person_of
from web.errors import Problem
from web.idempotency import idempotent
from web.paging import KeysetPaginator, paged_response
from web.parameters import LONGEST_VALUE
from web.schema.describing import described
from webhooks import services
from webhooks.api.access import WebhookView, check_scope, find
from webhooks.api.serializers import (
    DeliverySerializer,
    NewWebhookSerializer,
    WebhookRequestSerializer,
    WebhookSecretSerializer,
    WebhookSerializer,
)
from webhooks.models import Subscription

WEBHOOKS = KeysetPaginator(ordering=("-created_at", "-id"))
WHOSE = {"user": {"description": "Staff: whose webhooks, by Auth0 id.", "type": "string", "maxLength": LONGEST_VALUE}}
NO_STORE = {"Cache-Control": "no-store"}


class WebhookList(WebhookView):
    """GET the webhooks that one may see, newest first, as a bare array; POST makes one."""

    query_parameters = frozenset({"limit", "cursor", "user"})

    @described("listWebhooks", WebhookSerializer, many=True, parameters=WHOSE)
    def get(self, request: Request) -> Response:
        """List webhooks, newest first.

        One's own; for staff everybody's, or those of the Auth0 id in `user`.
        """
        webhooks: QuerySet[Subscription] = Subscription.objects.visible_to(person_of(request)).for_listing()
        if "user" in request.query_params:
            webhooks = webhooks.filter(user__subject=request.query_params["user"])

        def serialize(page: Sequence[Subscription]) -> Any:
            return WebhookSerializer(page, many=True).data

        return paged_response(request, webhooks, serialize, WEBHOOKS)

    @described(
        "createWebhook",
        {201: NewWebhookSerializer},
        body=WebhookRequestSerializer,
        sends={"url": "https://hooks.example.com/calls", "events": ["call.completed"]},
        refuses={409: ("too_many_webhooks",)},
    )
    @idempotent("secret")
    def post(self, request: Request) -> Response:
        """Make a webhook of one's own; its secret is shown this once."""
        body = WebhookRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        check_scope(request, body.validated_data.get("scope"))
        try:
            subscription, secret = services.create(person_of(request), **body.validated_data)
        except services.TooManyWebhooksError as error:
            raise Problem(409, "too_many_webhooks", str(error)) from None
        return Response(WebhookSerializer(subscription).data | {"secret": secret}, status=201, headers=NO_STORE)


class WebhookDetail(WebhookView):
    """GET a webhook; PATCH changes what is named; DELETE deletes it, with its log."""

    @described("getWebhook", WebhookSerializer)
    def get(self, request: Request, webhook_id: int) -> Response:
        """Show a webhook, without its secret."""
        return Response(WebhookSerializer(find(request, webhook_id)).data)

    @described("changeWebhook", WebhookSerializer, body=WebhookRequestSerializer, sends={"active": True})
    def patch(self, request: Request, webhook_id: int) -> Response:
        """Change what is named of a webhook, and leave the rest.

        Of another's staff may only say whether it is active.
        """
        subscription = find(request, webhook_id)
        person = person_of(request)
        body = WebhookRequestSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        if subscription.user_id != person.pk and set(wanted) - {"is_active"}:
            raise PermissionDenied("Of another's webhook you may only change whether it is active.")
        check_scope(request, wanted.get("scope"))
        return Response(WebhookSerializer(services.change(subscription, actor=person, **wanted)).data)

    @described("deleteWebhook")
    def delete(self, request: Request, webhook_id: int) -> Response:
        """Delete a webhook, with its log."""
        services.delete(find(request, webhook_id), actor=person_of(request))
        return Response(status=204)


class WebhookSecret(WebhookView):
    """POST gives a webhook of one's own a new secret."""

    @described("rotateWebhookSecret", WebhookSecretSerializer, body=StrictSerializer)
    @idempotent("secret")
    def post(self, request: Request, webhook_id: int) -> Response:
        """Give a webhook of one's own a new secret, shown this once.

        For a day messages are signed with the old one as well.
        """
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        subscription = find(request, webhook_id, own=True)
        secret = services.rotate_secret(subscription, actor=person_of(request))
        subscription.refresh_from_db()
        answer = {"id": subscription.pk, "secret": secret, "former_secret_until": subscription.former_secret_until}
        return Response(WebhookSecretSerializer(answer).data, headers=NO_STORE)


class WebhookTest(WebhookView):
    """POST has a webhook of one's own sent a test."""

    @described("testWebhook", {202: DeliverySerializer}, body=StrictSerializer, refuses={409: ("webhook_disabled",)})
    @idempotent()
    def post(self, request: Request, webhook_id: int) -> Response:
        """Have a webhook of one's own sent a test.

        The answer is its delivery, which tells later what came of it.
        """
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        try:
            delivery = services.send_test(find(request, webhook_id, own=True), actor=person_of(request))
        except services.WebhookDisabledError as error:
            raise Problem(409, "webhook_disabled", str(error)) from None
        return Response(DeliverySerializer(delivery).data, status=202, headers=NO_STORE)
