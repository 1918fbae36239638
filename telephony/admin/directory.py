"""Domains, extensions, gateways and switches in Django's admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from telephony.admin.holding import HoldableAdmin
from telephony.models import Domain, Extension, Gateway, Switch
from web.admin import KeptAdmin, ReadOnlyAdmin


@admin.register(Domain)
class DomainAdmin(KeptAdmin):
    """SIP domains."""

    list_display = ("name", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name",)

    def get_readonly_fields(self, request: HttpRequest, obj: Domain | None = None) -> Any:
        """Fix the name once there are extensions: their passwords are bound to it."""
        return ("name",) if obj and obj.extensions.exists() else ()


@admin.register(Extension)
class ExtensionAdmin(HoldableAdmin):
    """Extensions; their passwords are never shown."""

    list_display = ("number", "domain", "display_name", "state", "cooling_until", "forward_to")
    list_filter = ("state", "domain")
    search_fields = ("number", "display_name")
    autocomplete_fields = ("domain",)
    fields = ("domain", "number", "display_name", "forward_to", "state", "cooling_until", "created_at", "updated_at")
    fixed_fields = ("domain", "number")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Extension]:
        """Load the domains too: an extension's name has one, also where it is offered for choice."""
        return super().get_queryset(request).select_related("domain")


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
