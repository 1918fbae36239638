"""Actions that numbers and extensions share."""

from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.actors import actor_of
from telephony.models import Assignment, Extension, Number
from telephony.models.holding import HoldableQuerySet
from telephony.services.assignments import set_disabled
from web.admin import KeptAdmin


class HoldableAdmin(KeptAdmin):
    """Something that one person holds at a time; its state changes by actions and assignments alone."""

    readonly_fields: ClassVar[tuple[str, ...]] = ("state", "cooling_until", "created_at", "updated_at")
    fixed_fields: ClassVar[tuple[str, ...]] = ()
    actions = ("disable_selected", "enable_selected")

    def get_readonly_fields(self, request: HttpRequest, obj: Extension | Number | None = None) -> Any:
        """Fix what names a thing once it exists: its calls and its password are bound to it."""
        return (*(self.fixed_fields if obj else ()), *self.readonly_fields)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Offer a new assignment only what can be given away."""
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        if request.GET.get("model_name") == Assignment._meta.model_name:
            found = cast(HoldableQuerySet[Any], found).claimable(timezone.now())
        return found, may_have_duplicates

    @admin.action(description="Take out of use", permissions=["change"])
    def disable_selected(self, request: HttpRequest, queryset: QuerySet[Extension] | QuerySet[Number]) -> None:
        """Take what is free out of use."""
        self._set_disabled(request, queryset, disabled=True)

    @admin.action(description="Bring back into use", permissions=["change"])
    def enable_selected(self, request: HttpRequest, queryset: QuerySet[Extension] | QuerySet[Number]) -> None:
        """Bring back what was taken out of use."""
        self._set_disabled(request, queryset, disabled=False)

    def _set_disabled(self, request: HttpRequest, queryset: QuerySet[Extension] | QuerySet[Number], *, disabled: bool) -> None:
        changed = sum(set_disabled(thing, disabled=disabled, actor=actor_of(request)) for thing in queryset)
        left = len(queryset) - changed
        self.message_user(request, f"{changed} changed; {left} left as they were.", messages.SUCCESS)
