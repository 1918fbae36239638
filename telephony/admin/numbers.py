"""Providers, numbers and assignments in Django's admin."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.actors import actor_of
from telephony.admin.holding import HoldableAdmin
from telephony.admin.recording_policies import PolicyAdmin
from telephony.fields import country_of
from telephony.models import Assignment, Number, Provider
from telephony.services.assignments import NotClaimableError, open_assignment, release
from telephony.services.providers import create_provider, rename_provider
from web.admin import KeptAdmin


@admin.register(Provider)
class ProviderAdmin(KeptAdmin):
    """Where numbers come from."""

    list_display = ("name", "created_at")
    search_fields = ("name",)

    def save_model(self, request: HttpRequest, obj: Provider, form: Any, change: bool) -> None:
        """Store it as everywhere, and write down who did."""
        store = partial(rename_provider, obj) if change else create_provider
        obj.pk = store(form.cleaned_data["name"], actor=actor_of(request)).pk


@admin.register(Number)
class NumberAdmin(PolicyAdmin, HoldableAdmin):
    """Our phone numbers."""

    list_display = ("__str__", "number", "country", "provider", "state", "cooling_until", "recording")
    list_filter = ("state", "recording", "provider", "country")
    list_select_related = ("provider",)
    search_fields = ("number",)
    autocomplete_fields = ("provider",)
    fields = (
        "number", "provider", "country", "recording", "recording_notice", "state", "cooling_until", "created_at", "updated_at",
    )  # fmt: skip
    readonly_fields = ("country", *HoldableAdmin.readonly_fields)
    fixed_fields = ("number",)

    def save_model(self, request: HttpRequest, obj: Number, form: Any, change: bool) -> None:
        """Derive the country from the number."""
        obj.country = country_of(obj.number)
        super().save_model(request, obj, form, change)


class AssignmentForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who is to get what; trying it is how its validity is found out."""

    class Meta:
        model = Assignment
        fields = ("user", "extension", "number")

    def clean(self) -> dict[str, Any] | None:
        """Try the assignment and take it back, so that a conflict is shown at the form."""
        cleaned = super().clean()
        if self.errors or self.instance.pk:
            return cleaned
        try:
            with transaction.atomic():
                open_assignment(**self.cleaned_data)
                transaction.set_rollback(True)
        except NotClaimableError as error:
            raise forms.ValidationError(str(error)) from None
        return cleaned


@admin.register(Assignment)
class AssignmentAdmin(KeptAdmin):
    """Who holds, and held, which extension and number."""

    form = AssignmentForm
    list_display = ("user", "extension", "number", "starts_at", "ends_at")
    list_filter = (("ends_at", admin.EmptyFieldListFilter), ("number", admin.EmptyFieldListFilter))
    list_select_related = ("user", "extension__domain", "number")
    search_fields = ("user__name", "user__username", "user__subject", "extension__number", "number__number")
    autocomplete_fields = ("user", "extension", "number")
    fields = ("user", "extension", "number")
    actions = ("release_selected",)

    def get_fields(self, request: HttpRequest, obj: Assignment | None = None) -> tuple[str, ...]:
        """Show the times of one that exists."""
        return ("user", "extension", "number", "starts_at", "ends_at") if obj else self.fields

    def has_change_permission(self, request: HttpRequest, obj: Assignment | None = None) -> bool:
        """Fix what was: an assignment decides who sees a call. On the list, the action needs leave to change."""
        return obj is None and super().has_change_permission(request)

    def save_model(self, request: HttpRequest, obj: Assignment, form: Any, change: bool) -> None:
        """Open the assignment. Raises PermissionDenied where somebody else was quicker than the form."""
        try:
            opened = open_assignment(obj.user, obj.extension, obj.number, actor=actor_of(request))
        except NotClaimableError as error:
            raise PermissionDenied(str(error)) from None
        obj.pk, obj.starts_at = opened.pk, opened.starts_at

    @admin.action(description="Release the selected assignments", permissions=["change"])
    def release_selected(self, request: HttpRequest, queryset: QuerySet[Assignment]) -> None:
        """Take back what the assignments gave."""
        released = sum(release(assignment, actor=actor_of(request)) for assignment in queryset)
        self.message_user(request, f"{released} released; what they gave rests before it is given again.", messages.SUCCESS)
