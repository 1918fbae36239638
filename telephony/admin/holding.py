"""Actions that numbers and extensions share."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from telephony.models import Extension, Number
from telephony.services.assignments import set_disabled
from web.admin import KeptAdmin


class HoldableAdmin(KeptAdmin):
    """Something that one person holds at a time; its state changes by actions and assignments alone."""

    readonly_fields: tuple[str, ...] = ("state", "cooling_until", "created_at", "updated_at")
    actions = ("disable_selected", "enable_selected")

    @admin.action(description="Take out of use", permissions=["change"])
    def disable_selected(self, request: HttpRequest, queryset: QuerySet[Extension] | QuerySet[Number]) -> None:
        """Take what is free out of use."""
        self._set_disabled(request, queryset, True)

    @admin.action(description="Bring back into use", permissions=["change"])
    def enable_selected(self, request: HttpRequest, queryset: QuerySet[Extension] | QuerySet[Number]) -> None:
        """Bring back what was taken out of use."""
        self._set_disabled(request, queryset, False)

    def _set_disabled(self, request: HttpRequest, queryset: QuerySet[Extension] | QuerySet[Number], disabled: bool) -> None:
        changed = sum(set_disabled(thing, disabled, actor=request.user) for thing in queryset)
        left = len(queryset) - changed
        self.message_user(request, f"{changed} changed; {left} left as they were, being held or at rest.", messages.SUCCESS)
