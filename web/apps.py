"""What every endpoint shares."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """HTTP manners, and the table of the shared cache."""

    name = "web"
    verbose_name = "Web"
