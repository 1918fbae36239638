"""`webhooks/{id}/deliveries`: what a webhook was sent, what it answered, and sending it again."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictSerializer
from accounts.permissions import person_of
from web.errors import Problem
from web.idempotency import idempotent
from web.paging import KeysetPaginator, paged_response
from web.schema.describing import described
from webhooks import services
from webhooks.api.access import WebhookView, find
from webhooks.api.serializers import DeliveryDetailSerializer, DeliverySerializer
from webhooks.filters import DeliveryFilter
from webhooks.models import Delivery

DELIVERIES = KeysetPaginator(ordering=("-created_at", "-id"))


class DeliveryList(WebhookView):
    """GET what a webhook was sent, newest first, as a bare array."""

    query_parameters = frozenset({"limit", "cursor", *DeliveryFilter.base_filters})
    filters = DeliveryFilter

    @described("listDeliveries", DeliverySerializer, many=True)
    def get(self, request: Request, webhook_id: int) -> Response:
        """List what a webhook was sent, newest first."""
        filters = DeliveryFilter(request.query_params, queryset=find(request, webhook_id).deliveries.for_listing())
        if not filters.is_valid():
            raise ValidationError({name: [str(each) for each in errors] for name, errors in filters.errors.items()})

        def serialize(page: Sequence[Delivery]) -> Any:
            return DeliverySerializer(page, many=True).data

        return paged_response(request, filters.qs, serialize, DELIVERIES)


class DeliveryDetail(WebhookView):
    """GET one delivery with its body and its tries."""

    @described("getDelivery", DeliveryDetailSerializer)
    def get(self, request: Request, webhook_id: int, delivery_id: int) -> Response:
        """Show a delivery with its body and its tries."""
        return Response(DeliveryDetailSerializer(_find(request, webhook_id, delivery_id)).data)


class DeliveryAgain(WebhookView):
    """POST sends a message once more."""

    @described("redeliver", {202: DeliverySerializer}, body=StrictSerializer, refuses={409: ("webhook_disabled",)})
    @idempotent()
    def post(self, request: Request, webhook_id: int, delivery_id: int) -> Response:
        """Send a message once more, at once, under the id that it had.

        Its tries begin anew.
        """
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        delivery = _find(request, webhook_id, delivery_id, own=True)
        try:
            again = services.redeliver(delivery, actor=person_of(request))
        except services.WebhookDisabledError as error:
            raise Problem(409, "webhook_disabled", str(error)) from None
        return Response(DeliverySerializer(again).data, status=202)


def _find(request: Request, webhook_id: int, delivery_id: int, *, own: bool = False) -> Delivery:
    subscription = find(request, webhook_id, own=own)
    found = subscription.deliveries.for_listing().select_related("subscription").filter(pk=delivery_id).first()
    if found is None:
        raise Http404
    return found
