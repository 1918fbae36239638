"""Webhooks and their deliveries, as tables; each cell's look is its template's."""

from typing import Any

from web.tables import Cell, ListTable


class WebhookTable(ListTable):
    """Webhooks; whose they are only where they are of several people."""

    name = Cell(template_name="webhooks/partials/webhook_name.html", verbose_name="Webhook")
    owner = Cell("{{ record.user }}", verbose_name="Whose")
    events = Cell(template_name="webhooks/partials/webhook_events.html", verbose_name="Told of")
    created_at = Cell(template_name="webhooks/partials/created_at.html", verbose_name="Made")
    state = Cell(template_name="webhooks/partials/webhook_state.html", verbose_name="State")

    class Meta:
        attrs = {"class": "calls records webhooks"}

    def __init__(self, *args: Any, of_everybody: bool, **kwargs: Any) -> None:
        super().__init__(*args, exclude=() if of_everybody else ("owner",), **kwargs)


class DeliveryTable(ListTable):
    """What a webhook was sent."""

    type = Cell(template_name="webhooks/partials/delivery_type.html", verbose_name="Event")
    created_at = Cell(template_name="webhooks/partials/created_at.html", verbose_name="Written")
    tries = Cell("{{ record.tries }}", verbose_name="Tries")
    answer = Cell(template_name="webhooks/partials/delivery_answer.html", verbose_name="Answer")
    state = Cell(template_name="webhooks/partials/delivery_state.html", verbose_name="State")

    class Meta:
        attrs = {"class": "calls records deliveries"}
