"""Model fields that the field of telephony needs."""

import functools
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

E164_PATTERN = r"[1-9][0-9]{6,14}"
LONGEST_NOTATION = 60

# What word processors, spreadsheets and address books put between digits: blanks, hyphens and dots of many widths, which
# read as plain ones; and marks that nobody sees (soft hyphens, zero-width marks, marks of direction), which read as nothing.
_SPACES: Final = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_DOTS: Final = "\u00b7\u2022\u2219\u22c5"
_UNSEEN: Final = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
_PLAIN: Final = str.maketrans(
    dict.fromkeys(_SPACES, " ") | dict.fromkeys(_DASHES, "-") | dict.fromkeys(_DOTS, ".") | dict.fromkeys(_UNSEEN, "")
)
# A whole notation. Nothing else is a number's: neither extensions, letters and parameters nor digits of other scripts. A
# slash stands once, after an area code: one with less behind it stands for a second number. A long row of digits with a
# few after a dot is what a spreadsheet made of a number.
_NOTATION: Final = re.compile(
    r"(?![0-9]{7,}\.[0-9]{1,2}\Z)(?:tel:)?(?P<number>[ (]*\+?[ (]*[0-9][0-9 ().-]*(?:/[0-9 .-]{4,})?)", re.IGNORECASE
)
_SEPARATORS: Final = re.compile(r"[ ().\-/]")

# What is often given instead of a number, and what to tell whoever did; the first that fits.
_MISTAKES: Final = (
    (re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"), "it has a control character in it"),
    (
        re.compile(r"\A\+?[0-9]+(?:[.,][0-9]*)?E\+?[0-9]+\Z", re.IGNORECASE),
        "a spreadsheet has rounded it; format its column as text and enter the numbers anew",
    ),
    (
        re.compile(r"\A[0-9]{7,}[.,][0-9]{1,2}\Z"),
        "a spreadsheet has made a decimal number of it; format its column as text",
    ),
    (re.compile(r"[^\W\d_]|[;,#*]"), "letters, extensions and parameters are no part of a number"),
    (re.compile(r"(?![0-9])\d"), "its digits must be 0 to 9"),
)
_USUAL: Final = "use digits, as in 2762087784 or +44 20 7946 0018"


class NotANumberError(ValidationError):
    """A text that is no phone number; `why` tells its author."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Not a phone number: {why}.", code="invalid")
        self.why = why


class PhoneNumber(NamedTuple):
    """A phone number: its E.164 digits without `+`, and its two-letter country, "" where it has none."""

    digits: str
    country: str


def read_number(text: str, country: str = "") -> PhoneNumber:
    """Return the number that a text means, in any notation people use.

    Tried in this order: as a number of `country` (the home country unless given), as an international number, with a
    `+` put before it, and with 00 taken for a `+`. Raises NotANumberError where none of them gives a valid number:
    what is returned goes to the switch.
    """
    plain = text.translate(_PLAIN).strip(" ")
    notation = _NOTATION.fullmatch(plain) if len(text) <= LONGEST_NOTATION else None
    if notation is None:
        raise NotANumberError(next((why for mistake, why in _MISTAKES if mistake.search(plain)), _USUAL))
    for candidate in _candidates(_SEPARATORS.sub("", notation["number"])):
        try:
            number = phonenumbers.parse(candidate, country or settings.HOME_COUNTRY)
        except phonenumbers.NumberParseException:
            continue
        region = phonenumbers.region_code_for_number(number)
        if region is not None and phonenumbers.is_valid_number_for_region(number, region):
            digits = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
            if re.fullmatch(E164_PATTERN, digits):
                return PhoneNumber(digits, _two_letters(region))
    raise NotANumberError(_USUAL)


def _candidates(compact: str) -> Iterator[str]:
    """Yield what digits, with or without a `+` before them, may mean, the likeliest first."""
    yield compact
    if not compact.startswith("+"):
        yield f"+{compact}"
        if compact.startswith("00"):
            yield f"+{compact[2:]}"


def normalise_number(text: str) -> str:
    """Return the E.164 digits of a number in any notation people use, without `+`. Raises NotANumberError."""
    return read_number(text).digits


@functools.lru_cache(maxsize=10_000)
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
        return _two_letters(phonenumbers.region_code_for_number(phonenumbers.parse(f"+{digits}")))
    except phonenumbers.NumberParseException:
        return ""


def is_number_of(digits: str, country: str) -> bool:
    """Tell whether E.164 digits are a number of this country; those of a whole plan, such as +1 800, are of each in it."""
    return phonenumbers.is_valid_number_for_region(phonenumbers.parse(f"+{digits}"), country)


def _two_letters(region: str | None) -> str:
    """Return a region's code, "" for none and for numbers of no country, whose region is 001."""
    return region if region and region.isalpha() else ""


class E164Field(models.CharField):  # type: ignore[type-arg]
    """An E.164 number: digits without `+`, 7 to 15 of them; forms take any notation."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"max_length": 15} | kwargs))
        self.validators.append(RegexValidator(rf"\A{E164_PATTERN}\Z", "Give the E.164 digits, without +."))

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """Normalise what a person typed, then validate it."""
        return super().clean(normalise_number(value) if isinstance(value, str) and value else value, model_instance)
