"""Who may come in."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, their keys and what they did."""

    name = "accounts"
    verbose_name = "People and access"
