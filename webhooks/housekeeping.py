"""What is over of webhooks: a month after it was written nobody asks any more what became of a message."""

from datetime import timedelta
from typing import Final

from django.utils import timezone

from webhooks.models import Delivery, Event

KEPT: Final = timedelta(days=30)


def sweep_deliveries(most: int) -> int:
    """Delete at most so many messages of a month ago, with their tries; return how many."""
    over = Delivery.objects.filter(created_at__lt=timezone.now() - KEPT).exclude(state=Delivery.State.WAITING)
    some = list(over.order_by("created_at").values_list("pk", flat=True)[:most])
    Delivery.objects.filter(pk__in=some).delete()
    return len(some)


def sweep_events(most: int) -> int:
    """Delete at most so many events of a month ago that are on their way to nobody; return how many."""
    over = Event.objects.filter(created_at__lt=timezone.now() - KEPT, deliveries=None)
    some = list(over.order_by("created_at").values_list("pk", flat=True)[:most])
    Event.objects.filter(pk__in=some).delete()
    return len(some)
