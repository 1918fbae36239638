"""Domains, extensions, gateways and switches in Django's admin."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.actors import actor_of
from telephony.admin.holding import HoldableAdmin
from telephony.admin.recording_policies import PolicyAdmin
from telephony.forms.kept import GatewayFields, changes_of, values_of
from telephony.models import Domain, Extension, Gateway, Switch, SwitchListening
from telephony.services.domains import change_domain, create_domain, has_extensions
from telephony.services.gateway_loading import load
from telephony.services.gateways import change_gateway, create_gateway
from web.admin import KeptAdmin, ReadOnlyAdmin


@admin.register(Domain)
class DomainAdmin(KeptAdmin):
    """SIP domains."""

    fields = ("name", "is_active", "recording", "recording_notice")
    list_display = ("name", "is_active", "recording", "recording_notice", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name",)

    def get_readonly_fields(self, request: HttpRequest, obj: Domain | None = None) -> Any:
        """Fix the name once there are extensions: their passwords are bound to it."""
        return ("name",) if obj and has_extensions(obj) else ()

    def save_model(self, request: HttpRequest, obj: Domain, form: Any, change: bool) -> None:
        """Store it as everywhere: the phones of a domain that is taken out of use are thrown out."""
        if change:
            change_domain(obj, changes_of(form), actor=actor_of(request))
        else:
            obj.pk = create_domain(values_of(form), actor=actor_of(request)).pk


@admin.register(Extension)
class ExtensionAdmin(PolicyAdmin, HoldableAdmin):
    """Extensions; their passwords are never shown."""

    list_display = ("number", "domain", "display_name", "state", "cooling_until", "forward_to", "recording")
    list_filter = ("state", "recording", "domain")
    search_fields = ("number", "display_name")
    autocomplete_fields = ("domain",)
    fields = (
        "domain", "number", "display_name", "forward_to", "recording", "recording_notice", "state", "cooling_until",
        "created_at", "updated_at",
    )  # fmt: skip
    fixed_fields = ("domain", "number")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Extension]:
        """Load the domains too: an extension's name has one, also where it is offered for choice."""
        return super().get_queryset(request).select_related("domain")


@admin.register(Gateway)
class GatewayAdmin(KeptAdmin):
    """Upstream trunks."""

    form = GatewayFields
    fields = (
        "name", "domain", "provider", "priority", "is_active", "proxy", "username", "password", "register", "ping_seconds",
        "networks",
    )  # fmt: skip
    list_display = ("name", "domain", "provider", "proxy", "priority", "register", "is_active")
    list_filter = ("is_active", "domain")
    list_select_related = ("domain", "provider")
    search_fields = ("name",)
    autocomplete_fields = ("domain", "provider")

    def save_model(self, request: HttpRequest, obj: Gateway, form: Any, change: bool) -> None:
        """Store it as everywhere; a password that was given is kept encrypted. The switches are told once that is committed."""
        names = {Gateway.objects.get(pk=obj.pk).name, obj.name} if change else {obj.name}
        password, actor = form.password_given, actor_of(request)
        if change:
            stored, must_be_told = change_gateway(obj, changes_of(form), password=password, actor=actor)
        else:
            stored, must_be_told = create_gateway(values_of(form), password=password, actor=actor), True
        obj.pk = stored.pk
        if must_be_told:
            transaction.on_commit(partial(load, names), robust=True)


@admin.register(Switch)
class SwitchAdmin(ReadOnlyAdmin):
    """Servers that have reported; they make themselves known."""

    list_display = ("name", "event_socket", "is_up", "last_heard_at", "version", "sessions", "last_cdr_at")
    search_fields = ("name",)


@admin.register(SwitchListening)
class SwitchListeningAdmin(ReadOnlyAdmin):
    """How switches listen: `manage.py switchconfig` writes it down, together with their files, which say the same."""

    list_display = ("switch", "address", "public_address", "internal_port", "external_port", "srtp")
    list_select_related = ("switch",)
    search_fields = ("switch__name",)
