"""Forms about numbers."""

import re
from typing import Any

from django import forms
from django.utils.text import capfirst

from telephony.forms.people import PersonField
from telephony.models import Extension, Number, NumberChange, Provider
from telephony.models.directory import NAMED_EXTENSION
from telephony.models.recording_policies import OWN_CHOICES
from telephony.services.number_files import LONGEST_PROVIDER
from telephony.services.number_imports import MOST_BYTES

PROVIDERS = "providers"


def text(**attributes: Any) -> forms.TextInput:
    """Return an input of the console's look."""
    return forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"} | attributes)


class PrintableField(forms.CharField):
    """A line of text, all of which can be printed."""

    def to_python(self, value: Any) -> str:
        """Return the text."""
        line = super().to_python(value) or ""
        if not line.isprintable():
            raise forms.ValidationError("Use printable characters only.")
        return line


class ProviderField(PrintableField):
    """A provider's name: one that is there, or of one that is to be there."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "Created when it is new.")
        super().__init__(max_length=LONGEST_PROVIDER, widget=text(list=PROVIDERS), **kwargs)


class CountryField(forms.CharField):
    """A country's two letters."""

    def __init__(self, **kwargs: Any) -> None:
        widget = text(maxlength=2, placeholder="US", spellcheck="false")
        super().__init__(max_length=2, required=False, widget=widget, **kwargs)

    def to_python(self, value: Any) -> str:
        """Return them in capitals."""
        letters = (super().to_python(value) or "").upper()
        if letters and not re.fullmatch("[A-Z]{2}", letters):
            raise forms.ValidationError("Give the country's two letters, such as US.")
        return letters


class ProvidersForm(forms.Form):
    """A form in which a provider is named; the page shows those that there are below its field."""

    @property
    def providers(self) -> list[str]:
        """The names to choose from."""
        return list(Provider.objects.values_list("name", flat=True))


class NumberForm(ProvidersForm):
    """A number that is to be added."""

    number = PrintableField(
        max_length=60,
        widget=text(inputmode="tel", placeholder="+1 703 687 9447"),
        help_text="In any notation; without + or 00 it is one of the country below, else of home.",
    )
    provider = ProviderField()
    country = CountryField(help_text="Two letters; may be left out.")


class NumberEditForm(ProvidersForm):
    """What is said of a number."""

    provider = ProviderField()
    country = CountryField(help_text="Two letters; empty where it is not known.")
    recording = forms.ChoiceField(
        label="Recorded", choices=[(value, capfirst(label)) for value, label in OWN_CHOICES],
        widget=forms.Select(attrs={"class": "form-select"}),
        help_text="What the number says counts where it is dialled from outside, or shown there.",
    )  # fmt: skip
    recording_notice = forms.BooleanField(
        label="A tone before a talk that is recorded", required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
        help_text=Number._meta.get_field("recording_notice").help_text,
    )  # fmt: skip


class ImportForm(ProvidersForm):
    """A file of numbers."""

    file = forms.FileField(
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,.txt,text/csv,text/plain"}),
        help_text=f"CSV whose first line names the columns, or one number a line; at most {MOST_BYTES // 1024 // 1024} MB. "
        "Columns provider and country are used where there are any.",
    )
    provider = ProviderField(required=False, help_text="Of the numbers whose line names none. Created when it is new.")
    column = PrintableField(
        label="Column of the numbers", max_length=100, initial="number", widget=text(spellcheck="false"),
        help_text="As the first line names it.",
    )  # fmt: skip

    def clean_file(self) -> Any:
        """Refuse what is too large, before it is read."""
        file = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(f"It is larger than {MOST_BYTES // 1024 // 1024} MB: split it.")
        return file


class AssignForm(forms.Form):
    """Who is to be given a number, and with which extension."""

    OWN, CHOSEN = "own", "chosen"

    person = PersonField()
    which = forms.ChoiceField(choices=((OWN, ""), (CHOSEN, "")), initial=OWN)
    extension = forms.RegexField(NAMED_EXTENSION, required=False, widget=text())

    def clean(self) -> dict[str, Any] | None:
        """Find the extension that is named; None where the person's own, or the next free one, will do."""
        cleaned = super().clean()
        if cleaned is None or "extension" in self.errors or cleaned.get("which") != self.CHOSEN:
            return (cleaned or {}) | {"extension": None}
        found = Extension.objects.named(cleaned.get("extension", ""))
        if found is None:
            self.add_error("extension", "There is no such extension; where several domains have it, name it as 1006@domain.")
        return cleaned | {"extension": found}


class ChangeForm(forms.Form):
    """What is to be done to which numbers of the list."""

    action = forms.ChoiceField(choices=NumberChange.Action.choices)
    number = forms.TypedMultipleChoiceField(coerce=int, required=False)
    everything = forms.BooleanField(required=False)
    query = forms.CharField(required=False, max_length=2000)
    provider = ProviderField(required=False)
    country = CountryField()

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        # Whichever ids were ticked: which of them are numbers is for the database to say.
        ticked = [value for value in data.getlist("number") if re.fullmatch("[0-9]{1,18}", value)]
        field = self.fields["number"]
        if isinstance(field, forms.TypedMultipleChoiceField):
            field.choices = [(value, value) for value in ticked]

    def clean(self) -> dict[str, Any] | None:
        """Put what is to be set into `value`."""
        cleaned = super().clean() or {}
        action = cleaned.get("action", "")
        if action == NumberChange.Action.PROVIDER and not cleaned.get("provider") and "provider" not in self.errors:
            self.add_error("provider", "Name the provider.")
        return cleaned | {"value": cleaned.get(action, "") if action in ("provider", "country") else ""}
