"""Bans and counted failures in Django's admin: to look at. The console bans and lifts."""

from django.contrib import admin

from telephony.models import BannedAddress, FailedRegistration
from web.admin import ReadOnlyAdmin


@admin.register(BannedAddress)
class BannedAddressAdmin(ReadOnlyAdmin):
    """Networks that are not listened to."""

    list_display = ("__str__", "since", "until", "failures", "last_user", "reason", "banned_by")
    list_select_related = ("banned_by",)
    search_fields = ("network",)


@admin.register(FailedRegistration)
class FailedRegistrationAdmin(ReadOnlyAdmin):
    """Networks that failed to prove themselves."""

    list_display = ("__str__", "total", "in_span", "last_at", "last_user", "last_agent")
    search_fields = ("network",)
