"""What workers can be asked to do for webhooks; importing a task makes it known."""

from webhooks.delivering import send_due

__all__ = ["send_due"]
