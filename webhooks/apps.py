"""The application's name."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class WebhooksConfig(AppConfig):
    """Webhooks."""

    name = "webhooks"

    def ready(self) -> None:
        """Let every app say what its events tell: it is above this one, and is not imported from here."""
        autodiscover_modules("webhook_data")
