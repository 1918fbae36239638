"""Calls and what belongs to them in Django's admin: all of it read only."""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from telephony.models import Call, CallAlias, CallLink, Leg, Quarantine, Recording
from web.admin import ReadOnlyAdmin, ReadOnlyInline, RecordAdmin

OUTCOMES = ("answered", "busy", "cancelled", "failed", "no_answer", "not_found", "rejected", "unreachable")


class OutcomeFilter(admin.SimpleListFilter):
    """What became of a call; named here, since Django would look through all calls for what there is."""

    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> Iterable[tuple[str, str]]:
        """Return the choices."""
        return [(outcome, outcome.replace("_", " ").capitalize()) for outcome in OUTCOMES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Call]) -> QuerySet[Call]:
        """Keep the calls that came to this."""
        return queryset.filter(outcome=self.value()) if self.value() in OUTCOMES else queryset


class LegInline(ReadOnlyInline):
    """A call's legs."""

    model = Leg
    fields = readonly_fields = (
        "uuid",
        "user",
        "destination",
        "started_at",
        "bridged_at",
        "ended_at",
        "billsec",
        "hangup_cause",
    )
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Leg]:
        """Leave the records out."""
        return super().get_queryset(request).defer("raw")


class CallAliasInline(ReadOnlyInline):
    """The calls that were joined to this one."""

    model = CallAlias
    fields = readonly_fields = ("former_id", "former_uuid", "created_at")


@admin.register(Call)
class CallAdmin(RecordAdmin):
    """Calls."""

    list_display = (
        "started_at", "direction", "caller_number", "callee_number", "caller_user", "callee_user", "bill_seconds",
        "outcome_label", "switch",
    )  # fmt: skip
    list_filter = ("direction", "answered", "local", OutcomeFilter, "switch")
    list_select_related = ("caller_user", "callee_user", "switch")
    search_fields = ("caller_number", "callee_number", "call_uuid__exact")
    search_help_text = "Any part of a number, or a call's whole uuid"
    ordering = ("-started_at", "-id")
    inlines = (LegInline, CallAliasInline)


@admin.register(CallAlias)
class CallAliasAdmin(RecordAdmin):
    """Which call a former id leads to."""

    list_display = ("former_id", "former_uuid", "call", "created_at")
    list_select_related = ("call",)
    search_fields = ("former_id__exact", "former_uuid__exact")
    search_help_text = "A former id or a former uuid, whole"


@admin.register(Leg)
class LegAdmin(RecordAdmin):
    """Legs, with the record that the switch posted, without its secrets."""

    list_display = ("started_at", "uuid", "user", "destination", "billsec", "hangup_cause", "switch")
    list_select_related = ("switch",)
    search_fields = ("uuid__exact",)
    search_help_text = "A leg's whole uuid"
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
class CallLinkAdmin(RecordAdmin):
    """Calls that the portal placed."""

    list_display = ("created_at", "user", "source_number", "destination_number", "status", "hangup_cause")
    list_filter = ("status", "mode")
    list_select_related = ("user",)
    search_fields = ("source_number", "destination_number", "=call_uuid", "user__name")


@admin.register(Recording)
class RecordingAdmin(RecordAdmin):
    """Recordings; they are listened to in the console."""

    list_display = ("created_at", "call", "leg_uuid", "state", "duration_ms", "size_bytes", "legal_hold")
    list_filter = ("state", "legal_hold")
    list_select_related = ("call",)
    search_fields = ("leg_uuid__exact",)
    search_help_text = "The whole uuid of the leg that recorded"
    exclude = ("file_name",)
    readonly_fields = ("waveform", "pauses")

    @admin.display(description="Waveform", boolean=True)
    def waveform(self, recording: Recording) -> bool:
        """Tell whether it was measured."""
        return recording.measured_at is not None

    @admin.display(description="Silence recorded in place of the talk")
    def pauses(self, recording: Recording) -> str:
        """Tell when the recording was paused."""
        return ", ".join(
            f"{pause.starts_at:%H:%M:%S} to {pause.ends_at:%H:%M:%S}"
            if pause.ends_at
            else f"{pause.starts_at:%H:%M:%S} to the end"
            for pause in recording.pauses()
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recording]:
        """Leave the waveforms where they are."""
        return super().get_queryset(request).defer("peaks")


@admin.register(Quarantine)
class QuarantineAdmin(ReadOnlyAdmin):
    """What could not be read; the bytes may hold secrets and are not shown."""

    list_display = ("last_seen_at", "kind", "state", "reason", "size_bytes", "times_seen", "address")
    list_filter = ("kind", "state")
    search_fields = ("reason", "=leg_uuid", "=sha256")
    exclude = ("body",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Quarantine]:
        """Leave the bytes where they are."""
        return super().get_queryset(request).defer("body")
