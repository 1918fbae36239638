"""What a webhook was sent, as pages: the log, one delivery with its tries, a test, and sending it again."""

import json
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import person_of
from web.listing import listing
from web.paging import KeysetPaginator
from webhooks import services
from webhooks.filters import DeliveryPageFilter
from webhooks.models import Delivery, Subscription
from webhooks.tables import DeliveryTable
from webhooks.views.access import find, signed_in

DELIVERIES: Final = KeysetPaginator(ordering=("-created_at", "-id"))
ROWS: Final = 25


def log_of(request: HttpRequest, webhook: Subscription) -> dict[str, Any]:
    """Return what the log's part of a page shows."""
    return listing(
        request,
        webhook.deliveries.for_listing(),
        paginator=DELIVERIES,
        table=DeliveryTable,
        filters=DeliveryPageFilter,
        rows=ROWS,
    )


@signed_in
@require_safe
def webhook_log(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Show what a webhook was sent, as a part of its page that asks for it again and again."""
    webhook = find(request, webhook_id)
    return render(request, "webhooks/partials/log.html", {"webhook": webhook, **log_of(request, webhook)})


@signed_in
@require_POST
def webhook_test(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Have a webhook of one's own sent a test; the page of its delivery shows what comes of it."""
    webhook = find(request, webhook_id, own=True)
    try:
        delivery = services.send_test(webhook, actor=person_of(request))
    except services.WebhookDisabledError as error:
        messages.warning(request, str(error))
        return redirect("webhook-detail", webhook.pk)
    return redirect("webhook-delivery", webhook.pk, delivery.pk)


@signed_in
@require_safe
def delivery_detail(request: HttpRequest, webhook_id: int, delivery_id: int) -> HttpResponse:
    """Show one delivery: what is sent, and what came of each try."""
    return render(request, "webhooks/delivery_detail.html", _context(request, webhook_id, delivery_id))


@signed_in
@require_safe
def delivery_state(request: HttpRequest, webhook_id: int, delivery_id: int) -> HttpResponse:
    """Show how far a delivery is, as a part of its page that asks until it is delivered or given up."""
    return render(request, "webhooks/partials/delivery.html", _context(request, webhook_id, delivery_id))


def _context(request: HttpRequest, webhook_id: int, delivery_id: int) -> dict[str, Any]:
    webhook = find(request, webhook_id)
    delivery = _find(webhook, delivery_id)
    return {
        "webhook": webhook,
        "delivery": delivery,
        "attempts": delivery.attempts.order_by("-at", "-pk"),
        "body": json.dumps(json.loads(delivery.body), indent=2, ensure_ascii=False),
        "own": webhook.user_id == person_of(request).pk,
    }


@signed_in
@require_POST
def delivery_redeliver(request: HttpRequest, webhook_id: int, delivery_id: int) -> HttpResponse:
    """Send a message of a webhook of one's own once more."""
    webhook = find(request, webhook_id, own=True)
    try:
        services.redeliver(_find(webhook, delivery_id), actor=person_of(request))
    except services.WebhookDisabledError as error:
        messages.warning(request, str(error))
    return redirect("webhook-delivery", webhook.pk, delivery_id)


def _find(webhook: Subscription, delivery_id: int) -> Delivery:
    return get_object_or_404(webhook.deliveries.for_listing().select_related("subscription"), pk=delivery_id)
