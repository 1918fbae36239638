"""Domains, extensions, gateways and switches in Django's admin."""

from django.contrib import admin

from telephony.admin.holding import HoldableAdmin
from telephony.models import Domain, Extension, Gateway, Switch
from web.admin import KeptAdmin, ReadOnlyAdmin


@admin.register(Domain)
class DomainAdmin(KeptAdmin):
    """SIP domains."""

    list_display = ("name", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name",)


@admin.register(Extension)
class ExtensionAdmin(HoldableAdmin):
    """Extensions; their passwords are never shown."""

    list_display = ("number", "domain", "display_name", "state", "cooling_until", "forward_to")
    list_filter = ("state", "domain")
    list_select_related = ("domain",)
    search_fields = ("number", "display_name")
    autocomplete_fields = ("domain",)
    fields = ("domain", "number", "display_name", "forward_to", "state", "cooling_until", "created_at", "updated_at")


@admin.register(Gateway)
class GatewayAdmin(KeptAdmin):
    """Upstream trunks."""

    list_display = ("name", "domain", "provider", "priority", "is_active")
    list_filter = ("is_active", "domain")
    list_select_related = ("domain", "provider")
    search_fields = ("name",)
    autocomplete_fields = ("domain", "provider")


@admin.register(Switch)
class SwitchAdmin(ReadOnlyAdmin):
    """Servers that have reported; they make themselves known."""

    list_display = ("name", "core_uuid", "last_cdr_at", "created_at")
    search_fields = ("name",)
