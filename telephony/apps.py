"""Numbers, extensions, calls, recordings and the switch."""

from django.apps import AppConfig


class TelephonyConfig(AppConfig):
    """What the phone service is made of."""

    name = "telephony"
    verbose_name = "Telephony"
