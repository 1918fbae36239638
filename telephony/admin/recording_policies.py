"""Whose talks are recorded is written down whenever somebody changes it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.actors import actor_of
from accounts.models import AuditEntry

FIELDS = ("recording", "recording_notice")


class PolicyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Something that has a policy of recording."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save it, and note who changed which talks are recorded."""
        super().save_model(request, obj, form, change)
        changed = [name for name in FIELDS if name in form.changed_data]
        if changed:
            before = {name: form.initial.get(name) for name in changed} if change else {}
            after = {name: form.cleaned_data[name] for name in changed}
            AuditEntry.objects.record("recording_policy.changed", obj, actor=actor_of(request), before=before, after=after)
