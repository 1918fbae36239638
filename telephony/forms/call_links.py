"""The form that places a call link; whether it may be placed is for the service to say, which the API calls as well."""

from typing import Any, Final

from django import forms
from django.core.validators import RegexValidator

from telephony.fields import format_number
from telephony.models import Assignment, CallLink
from telephony.services.call_links.placing import LONGEST_WAIT_MINUTES, WAIT_MINUTES
from telephony.services.dialing import DIALLED_PATTERN, NOT_DIALLED

EXTENSION, NUMBER, CELL_PHONE, OTHER = "extension", "number", "cell_phone", "other"
TEL: Final = {"class": "form-control", "type": "tel", "autocomplete": "off"}


def _number_field(**more: Any) -> forms.CharField:
    plain = RegexValidator(DIALLED_PATTERN, NOT_DIALLED)
    return forms.CharField(max_length=40, validators=[plain], **more)


class CallLinkForm(forms.Form):
    """Whom to connect with whom, and which of them is rung first; the choices are the person's own numbers."""

    destination_number = _number_field(
        label="Call", widget=forms.TextInput(attrs=TEL | {"placeholder": "+1 240 301 9517 or 1005"})
    )
    mode = forms.ChoiceField(choices=CallLink.Mode.choices, initial=CallLink.Mode.CALLBACK)
    other_number = _number_field(label="Another number", required=False, widget=forms.TextInput(attrs=TEL))
    timeout = forms.IntegerField(
        label="Wait for so many minutes", min_value=1, max_value=LONGEST_WAIT_MINUTES, initial=WAIT_MINUTES, required=False,
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )  # fmt: skip
    # The same form sent twice, as by a second click, places one call.
    form_id = forms.RegexField(r"\A[A-Za-z0-9_-]{22}\Z", widget=forms.HiddenInput)

    def __init__(self, held: Assignment, cell_phone: str, data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        number = held.number.number if held.number else ""
        self._numbers = {EXTENSION: held.extension.number, NUMBER: number, CELL_PHONE: cell_phone}
        self.sources = [
            (EXTENSION, f"My phones, at extension {held.extension.number}"),
            (NUMBER, f"My number, {format_number(number)}: the same phones"),
            *([(CELL_PHONE, f"My cell phone, {format_number(cell_phone)}")] if cell_phone else []),
            (OTHER, "Another number"),
        ]
        self.fields["source"] = forms.ChoiceField(choices=self.sources, required=False, initial=EXTENSION)

    def clean(self) -> dict[str, Any] | None:
        """Want what each mode needs, and put `source_number` into the cleaned data."""
        cleaned = super().clean() or {}
        cleaned["timeout"] = cleaned.get("timeout") or WAIT_MINUTES
        cleaned["source_number"] = ""
        if cleaned.get("mode") != CallLink.Mode.CALLBACK:
            # Whoever dials in does so from their cell phone; what stands in the other fields means nothing.
            self.errors.pop("other_number", None)
            return cleaned
        source = cleaned.get("source") or EXTENSION
        if source == OTHER and not cleaned.get("other_number") and "other_number" not in self.errors:
            self.add_error("other_number", "Give the number that is rung first.")
        cleaned["source_number"] = self._numbers.get(source) or cleaned.get("other_number", "")
        return cleaned

    @property
    def idempotency_key(self) -> str:
        """What tells this form from every other: of one that is valid."""
        return f"form:{self.cleaned_data['form_id']}"

    def refuse(self, field: str, sentences: str | list[str]) -> None:
        """Say why the service refused, beside the field that it is about; "" for none."""
        where = {"source_number": "other_number" if self["source"].value() == OTHER else "source"}.get(field, field)
        self.add_error(where or None, sentences)
