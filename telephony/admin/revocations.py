"""Revocations in Django's admin: to look at."""

from django.contrib import admin

from telephony.models import Revocation, RevocationErrand
from web.admin import ReadOnlyInline, RecordAdmin


class RevocationErrandInline(ReadOnlyInline):
    """What each switch was told, and what it answered."""

    model = RevocationErrand
    fields = readonly_fields = ("event_socket", "state", "attempts", "problem", "done_at", "steps")


@admin.register(Revocation)
class RevocationAdmin(RecordAdmin):
    """What was taken from extensions."""

    list_display = ("extension", "reason", "requested_by", "created_at")
    list_select_related = ("extension__domain", "requested_by")
    list_filter = ("reason",)
    search_fields = ("extension__number",)
    inlines = (RevocationErrandInline,)
