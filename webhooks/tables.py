"""Webhooks and their deliveries, as tables; each cell's look is its template's."""

from typing import Any

import django_tables2 as tables

from webhooks.models import Delivery, Subscription


class WebhookTable(tables.Table):
    """Webhooks; whose they are only where they are of several people."""

    name = tables.TemplateColumn(template_name="webhooks/partials/webhook_name.html", verbose_name="Webhook")
    owner = tables.TemplateColumn("{{ record.user }}", verbose_name="Whose")
    events = tables.TemplateColumn(template_name="webhooks/partials/webhook_events.html", verbose_name="Told of")
    created_at = tables.TemplateColumn(template_name="webhooks/partials/created_at.html", verbose_name="Made")
    state = tables.TemplateColumn(template_name="webhooks/partials/webhook_state.html", verbose_name="State")

    class Meta:
        model = Subscription
        fields = ()
        sequence = ("name", "owner", "events", "created_at", "state")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls records webhooks"}

    def __init__(self, *args: Any, of_everybody: bool, **kwargs: Any) -> None:
        super().__init__(*args, exclude=() if of_everybody else ("owner",), **kwargs)


class DeliveryTable(tables.Table):
    """What a webhook was sent."""

    type = tables.TemplateColumn(template_name="webhooks/partials/delivery_type.html", verbose_name="Event")
    created_at = tables.TemplateColumn(template_name="webhooks/partials/created_at.html", verbose_name="Written")
    tries = tables.TemplateColumn("{{ record.tries }}", verbose_name="Tries")
    answer = tables.TemplateColumn(template_name="webhooks/partials/delivery_answer.html", verbose_name="Answer")
    state = tables.TemplateColumn(template_name="webhooks/partials/delivery_state.html", verbose_name="State")

    class Meta:
        model = Delivery
        fields = ()
        sequence = ("type", "created_at", "tries", "answer", "state")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls records deliveries"}
