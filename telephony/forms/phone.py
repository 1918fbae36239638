"""Forms of a person's own number and phones; whether a number may be had or called is for the services to say."""

from typing import Final

from django import forms
from django.core.validators import RegexValidator

from telephony.fields import LONGEST_NOTATION

TEL: Final = {"class": "form-control", "type": "tel", "autocomplete": "off", "placeholder": "+1 276 208 7784"}


class AreaCodeForm(forms.Form):
    """From where a new number is to be."""

    area_code = forms.CharField(
        label="Area code",
        required=False,
        min_length=2,
        max_length=5,
        validators=[RegexValidator(r"\A[0-9]+\Z", "Give the digits of an area code, such as 703.")],
        widget=forms.TextInput(
            attrs={"class": "form-control", "inputmode": "numeric", "placeholder": "any", "autocomplete": "off"}
        ),
    )


class CellPhoneForm(forms.Form):
    """From where its owner dials in."""

    cell_phone = forms.CharField(
        label="Its number",
        max_length=LONGEST_NOTATION,
        strip=False,
        widget=forms.TextInput(attrs=TEL | {"autocomplete": "tel"}),
    )


class ForwardingForm(forms.Form):
    """Where calls go that nobody answers."""

    forward_to = forms.CharField(
        label="Forward to", max_length=LONGEST_NOTATION, strip=False, widget=forms.TextInput(attrs=TEL)
    )
