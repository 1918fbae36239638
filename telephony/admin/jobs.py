"""The jobs of the workers in Django's admin: read only, but for another try of what was set aside."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.actors import actor_of
from accounts.models import AuditEntry
from web.admin import RecordAdmin
from web.jobs import try_again
from web.models import Job


@admin.register(Job)
class JobAdmin(RecordAdmin):
    """Work that waits for a worker, or was set aside; what is done is gone."""

    list_display = ("run_at", "task", "arguments", "state", "attempt", "lease_until", "last_error")
    list_filter = ("state", "task")
    search_fields = ("key__exact",)
    search_help_text = "A job's whole key"
    ordering = ("run_at", "id")
    actions = ("try_selected_again",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody change a job by hand; on the list, the action needs leave to change."""
        return obj is None and admin.ModelAdmin.has_change_permission(self, request)

    @admin.action(description="Try again", permissions=["change"])
    def try_selected_again(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Let what was set aside wait for a worker again."""
        moved = try_again(queryset)
        if moved:
            AuditEntry.objects.record("jobs.tried_again", actor=actor_of(request), after={"jobs": moved})
        left = len(queryset) - moved
        self.message_user(request, f"{moved} to be tried again; {left} wait anyway.", messages.SUCCESS)
