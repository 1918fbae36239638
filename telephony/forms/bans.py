"""Forms of the console."""

from typing import Final

from django import forms

from telephony.models.bans import validate_network

LASTING: Final = (
    ("60", "An hour"), ("1440", "A day"), ("10080", "A week"), ("43200", "30 days"), ("", "Until somebody lifts it"),
)  # fmt: skip


class BanForm(forms.Form):
    """What is to be banned, why and for how long."""

    address = forms.CharField(max_length=64, validators=[validate_network])
    minutes = forms.ChoiceField(choices=LASTING, required=False, initial="1440")
    reason = forms.CharField(max_length=200, required=False)

    def clean_reason(self) -> str:
        """Take what can be printed."""
        reason: str = self.cleaned_data["reason"]
        if not reason.isprintable():
            raise forms.ValidationError("Use printable characters only.")
        return reason
