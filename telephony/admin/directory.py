"""Domains, extensions, gateways and switches in Django's admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.actors import actor_of
from telephony.admin.holding import HoldableAdmin
from telephony.admin.recording_policies import PolicyAdmin
from telephony.models import Domain, Extension, Gateway, Switch, SwitchListening
from telephony.services.credentials import set_gateway_password
from telephony.services.revocations.asking import revoke_domain
from telephony.switch.configuration import PASSWORD_PATTERN
from web.admin import KeptAdmin, ReadOnlyAdmin


@admin.register(Domain)
class DomainAdmin(PolicyAdmin, KeptAdmin):
    """SIP domains."""

    fields = ("name", "is_active", "recording", "recording_notice")
    list_display = ("name", "is_active", "recording", "recording_notice", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name",)

    def get_readonly_fields(self, request: HttpRequest, obj: Domain | None = None) -> Any:
        """Fix the name once there are extensions: their passwords are bound to it."""
        return ("name",) if obj and obj.extensions.exists() else ()

    def save_model(self, request: HttpRequest, obj: Domain, form: Any, change: bool) -> None:
        """Let the switches forget the phones of a domain that is taken out of use, and end their calls."""
        was_active = change and Domain.objects.filter(pk=obj.pk, is_active=True).exists()
        super().save_model(request, obj, form, change)
        if was_active and not obj.is_active:
            revoke_domain(obj, actor=actor_of(request))


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


class GatewayForm(forms.ModelForm):  # type: ignore[type-arg]
    """A trunk; its password goes in and never comes out again."""

    password = forms.CharField(
        required=False,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        validators=[
            RegexValidator(rf"\A{PASSWORD_PATTERN}\Z", "Use no blanks, quotes, $, < or >: the switch cannot take them.")
        ],
        help_text="What the carrier gave. It is never shown; left blank it stays as it is.",
    )

    class Meta:
        model = Gateway
        fields = (
            "name",
            "domain",
            "provider",
            "priority",
            "is_active",
            "proxy",
            "username",
            "register",
            "ping_seconds",
            "networks",
        )

    def clean(self) -> dict[str, Any] | None:
        """Ask for what a registration needs: the switch leaves a gateway out that cannot register."""
        cleaned = super().clean() or {}
        has_password = bool(cleaned.get("password") or self.instance.encrypted_password)
        if cleaned.get("register") and not (cleaned.get("username") and has_password):
            raise forms.ValidationError("To register, a gateway needs a user name and a password.")
        return cleaned


@admin.register(Gateway)
class GatewayAdmin(KeptAdmin):
    """Upstream trunks."""

    form = GatewayForm
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
        """Keep a password that was given, encrypted."""
        super().save_model(request, obj, form, change)
        if form.cleaned_data.get("password"):
            set_gateway_password(obj, form.cleaned_data["password"], actor=actor_of(request))


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
