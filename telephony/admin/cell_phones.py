"""Registered cell phones in Django's admin."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.actors import actor_of
from telephony.models import CellPhone
from telephony.services.cell_phones import check_cell_phone, forget_cell_phone, register_cell_phone
from telephony.services.dialing import DestinationNotAllowedError, callable_number
from web.admin import KeptAdmin


class CellPhoneForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whose phone it is, and its number in any notation."""

    number = forms.CharField(max_length=60, help_text="From here its owner dials in to call links.")

    class Meta:
        model = CellPhone
        fields = ("user", "number")

    def clean_number(self) -> str:
        """Refuse what the person could not register either."""
        try:
            digits = callable_number(self.cleaned_data["number"])
        except DestinationNotAllowedError as error:
            raise forms.ValidationError(str(error)) from None
        check_cell_phone(digits)
        return digits


@admin.register(CellPhone)
class CellPhoneAdmin(KeptAdmin):
    """From which phones people dial in to call links."""

    form = CellPhoneForm
    list_display = ("user", "__str__", "number", "updated_at")
    list_select_related = ("user",)
    search_fields = ("user__name", "user__username", "number")
    autocomplete_fields = ("user",)
    fields = ("user", "number")
    actions = ("forget_selected",)

    def get_readonly_fields(self, request: HttpRequest, obj: CellPhone | None = None) -> tuple[str, ...]:
        """Fix whose phone it is once it exists."""
        return ("user",) if obj else ()

    def save_model(self, request: HttpRequest, obj: CellPhone, form: Any, change: bool) -> None:
        """Register it as the person would, so that it is written down the same way."""
        register_cell_phone(obj.user, f"+{obj.number}", actor=actor_of(request))
        obj.pk = CellPhone.objects.get(user=obj.user).pk

    @admin.action(description="Forget", permissions=["change"])
    def forget_selected(self, request: HttpRequest, queryset: QuerySet[CellPhone]) -> None:
        """Forget them: nobody can dial in from there any more."""
        phones = list(queryset.select_related("user"))
        for phone in phones:
            forget_cell_phone(phone.user, actor=actor_of(request))
        self.message_user(request, f"{len(phones)} forgotten.", messages.SUCCESS)
