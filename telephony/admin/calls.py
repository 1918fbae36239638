"""Calls and what belongs to them in Django's admin: all of it read only."""

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from telephony.models import Call, CallLink, Leg, Quarantine, Recording
from web.admin import ReadOnlyAdmin, CappedPaginator


class LegInline(admin.TabularInline):  # type: ignore[type-arg]
    """A call's legs."""

    model = Leg
    fields = readonly_fields = ("uuid", "user", "destination", "started_at", "bridged_at", "ended_at", "billsec", "hangup_cause")
    show_change_link = True
    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Let nobody add."""
        return False


@admin.register(Call)
class CallAdmin(ReadOnlyAdmin):
    """Calls."""

    list_display = (
        "started_at", "direction", "caller_number", "callee_number", "caller_user", "callee_user", "bill_seconds",
        "outcome_label", "switch",
    )  # fmt: skip
    list_filter = ("direction", "answered", "local", "outcome", "switch")
    list_select_related = ("caller_user", "callee_user", "switch")
    search_fields = ("caller_number", "callee_number", "=call_uuid")
    search_help_text = "Any part of a number, or a call's whole uuid"
    ordering = ("-started_at", "-id")
    paginator = CappedPaginator
    inlines = (LegInline,)


@admin.register(Leg)
class LegAdmin(ReadOnlyAdmin):
    """Legs, with the record that the switch posted, without its secrets."""

    list_display = ("started_at", "uuid", "user", "destination", "billsec", "hangup_cause", "switch")
    list_select_related = ("switch",)
    search_fields = ("=uuid", "=user")
    paginator = CappedPaginator
    ordering = ("-started_at", "-id")
    exclude = ("raw",)
    readonly_fields = ("record",)

    @admin.display(description="Record")
    def record(self, leg: Leg) -> SafeString:
        """Show the record; all of it is text of strangers, escaped."""
        return format_html("<pre>{}</pre>", json.dumps(leg.raw, indent=2, ensure_ascii=False))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Leg]:
        """Leave the records out of the list."""
        return super().get_queryset(request).defer("raw")


@admin.register(CallLink)
class CallLinkAdmin(ReadOnlyAdmin):
    """Calls that the portal placed."""

    list_display = ("created_at", "user", "source_number", "destination_number", "status", "hangup_cause")
    list_filter = ("status", "mode")
    list_select_related = ("user",)
    search_fields = ("source_number", "destination_number", "=call_uuid", "user__name")


@admin.register(Recording)
class RecordingAdmin(ReadOnlyAdmin):
    """Recordings; they are listened to in the console."""

    list_display = ("created_at", "call", "leg_uuid", "state", "duration_ms", "size_bytes", "legal_hold")
    list_filter = ("state", "legal_hold")
    list_select_related = ("call",)
    search_fields = ("=leg_uuid",)
    paginator = CappedPaginator
    exclude = ("file_name",)


@admin.register(Quarantine)
class QuarantineAdmin(ReadOnlyAdmin):
    """What could not be read; the bytes may hold secrets and are not shown."""

    list_display = ("last_seen_at", "kind", "state", "reason", "size_bytes", "times_seen", "address")
    list_filter = ("kind", "state")
    search_fields = ("reason", "=leg_uuid", "=sha256")
    exclude = ("body",)
