"""Forms about extensions."""

from typing import Any, Final

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.text import capfirst

from telephony.fields import normalise_number
from telephony.forms.people import PersonField
from telephony.models import Domain, Extension
from telephony.models.call_limits import MOST
from telephony.models.recording_policies import OWN_CHOICES
from telephony.services.extensions import CHANGEABLE, NEXT, check_extension_number
from telephony.services.talk_limits import LIMIT_LABELS, OWN_LIMITS, default_allowance

OWN: Final = "own"
WITH_NUMBER: Final = (("", "No number"), (NEXT, "The next free number"), (OWN, "The number below"))


def _text(label: str, *, longest: int, hint: str = "", **attributes: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"} | attributes)
    return forms.CharField(label=label, max_length=longest, required=False, help_text=hint, widget=widget)


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "form-select"})


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValidationError("Use printable characters only.")
    return text


class AssignForm(forms.Form):
    """Who gets an extension, and which number with it."""

    person = PersonField(label="Person")
    with_number = forms.ChoiceField(
        label="With a number",
        choices=WITH_NUMBER,
        required=False,
        widget=_select(),
        help_text="It is shown outside, and rings here. Without one, only other extensions can be called.",
    )
    number = _text("Which number", longest=60, hint="One of ours that is free.", inputmode="tel")

    def clean(self) -> dict[str, Any]:
        """Ask for the number where one is to be named; anywhere else it is not shown."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("with_number") == OWN and "number" in cleaned:
            try:
                normalise_number(cleaned["number"])
            except ValidationError as error:
                self.add_error("number", error)
        return cleaned

    @property
    def wanted_number(self) -> str:
        """What the service is asked for: "", `NEXT`, or the number that was typed."""
        chosen: str = self.cleaned_data["with_number"]
        return str(self.cleaned_data["number"]) if chosen == OWN else chosen


class NewExtensionForm(AssignForm):
    """An extension as it is to be, and whose, if anybody's."""

    domain = forms.ModelChoiceField(Domain.objects.all(), label="Domain", empty_label=None, widget=_select())
    exten = _text("Number", longest=7, inputmode="numeric", placeholder="The next free one")
    display_name = _text("Display name", longest=100, hint="What other extensions see. Left blank, the holder's name.")
    person = PersonField(label="Person", required=False, help_text="Who gets it at once, if anybody.")
    field_order = ("domain", "exten", "display_name", "person", "with_number", "number")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first, last = settings.EXTENSION_RANGE
        self.fields["exten"].help_text = f"From {first} to {last}. Left blank, the next one that does not exist yet."
        self.initial.setdefault("domain", Domain.objects.filter(name=settings.SIP_DOMAIN).first())

    def clean_exten(self) -> str:
        """Take a number that an extension can have."""
        digits: str = self.cleaned_data["exten"]
        if digits:
            check_extension_number(digits)
        return digits

    def clean_display_name(self) -> str:
        """Take what can be printed."""
        return _printable(self.cleaned_data["display_name"])

    def clean(self) -> dict[str, Any]:
        """Give a number to nobody but a person."""
        cleaned = super().clean()
        if cleaned.get("with_number") and "person" in cleaned and cleaned["person"] is None:
            self.add_error("person", "Say who gets the number.")
        return cleaned


class ExtensionForm(forms.ModelForm):  # type: ignore[type-arg]
    """What may be changed of an extension; the number to forward to is judged by the service, like one that is dialled."""

    forward_to = _text(
        "Forward to",
        longest=60,
        hint="Rung when nobody answers, at the holder's charge and within the limits below. Left blank, nowhere.",
        inputmode="tel",
    )
    recording = forms.ChoiceField(
        label="Which talks are recorded",
        choices=[(value, capfirst(label)) for value, label in OWN_CHOICES],
        widget=_select(),
    )

    class Meta:
        model = Extension
        fields = CHANGEABLE
        widgets = {
            "display_name": forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
            "recording_notice": forms.CheckboxInput(attrs={"class": "form-check-input"}),
        }
        help_texts = {"display_name": "What other extensions see. Left blank, the holder's name."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["display_name"].label = "Display name"
        self.fields["recording_notice"].label = "Notice before a recording"
        for name, label, default in zip(OWN_LIMITS, LIMIT_LABELS, default_allowance(), strict=True):
            hint = {"class": "form-control", "placeholder": f"{default} (default)"}
            self.fields[name] = forms.IntegerField(
                label=label, min_value=1, max_value=MOST[name], required=False, widget=forms.NumberInput(attrs=hint)
            )

    def clean_display_name(self) -> str:
        """Take what can be printed."""
        return _printable(self.cleaned_data["display_name"])

    def _post_clean(self) -> None:
        """Leave the row at hand as it is: the service changes it, and tells what it was."""
