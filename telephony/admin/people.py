"""People in Django's admin, where they have phones: who is deactivated cannot go on to call by theirs."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.actors import actor_of
from accounts.admin import UserAdmin
from accounts.models import User
from telephony.services.people import OwnAccountError
from telephony.services.revocations.asking import revoke_holder

admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People, and what becomes of their phones."""

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Let the switches forget the phones of who is deactivated, and end their calls; nobody deactivates himself."""
        if obj.pk == actor_of(request).pk and not obj.is_active:
            raise PermissionDenied(str(OwnAccountError()))
        was_active = change and User.objects.filter(pk=obj.pk, is_active=True).exists()
        super().save_model(request, obj, form, change)
        if was_active and not obj.is_active:
            revoke_holder(obj, actor=actor_of(request))
