"""Model fields that the field of telephony needs."""

from typing import Any

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

E164_PATTERN = r"[1-9][0-9]{6,14}"


def normalise_number(text: str) -> str:
    """Return the E.164 digits of a number in any notation people use, without `+`.

    Tried in this order: as a number of the home country, as an international number, and with a `+` put before it.
    Raises ValidationError where none of them gives a possible number. `;ext=` and letters are refused: what is
    returned goes to the switch.
    """
    if not text.isascii() or len(text) > 40 or any(mark in text for mark in ";=@,") or any(c.isalpha() for c in text):
        raise ValidationError("Not a phone number: use digits, as in 2762087784 or +44 20 7946 0018.", code="invalid")
    for candidate in (text, f"+{text.strip()}"):
        try:
            number = phonenumbers.parse(candidate, settings.HOME_COUNTRY)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number) and number.extension is None:
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    raise ValidationError("Not a phone number: use digits, as in 2762087784 or +44 20 7946 0018.", code="invalid")


def format_number(digits: str) -> str:
    """Return E.164 digits as people write them (`+1 703-687-9447`); anything else comes back as it is."""
    if not digits.isascii() or not digits.isdigit() or not 7 <= len(digits) <= 15:
        return digits
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return digits
    if not phonenumbers.is_valid_number(number):
        return digits
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def country_of(digits: str) -> str:
    """Return the two-letter country of E.164 digits, "" where none is known."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(f"+{digits}")) or ""
    except phonenumbers.NumberParseException:
        return ""


class E164Field(models.CharField):  # type: ignore[type-arg]
    """An E.164 number: digits without `+`, 7 to 15 of them; forms take any notation."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"max_length": 15} | kwargs))
        self.validators.append(RegexValidator(rf"\A{E164_PATTERN}\Z", "Give the E.164 digits, without +."))

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """Normalise what a person typed, then validate it."""
        return super().clean(normalise_number(value) if isinstance(value, str) and value else value, model_instance)
