"""Whom the portal lets people call: an allow-list by country and kind of number, for both legs of what it places."""

import re
from typing import Final

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from phonenumbers import PhoneNumberType, shortnumberinfo

from telephony.fields import format_number, normalise_number
from telephony.models import Number

# What ordinary people have. All that is left out costs the caller, or is nobody: premium rate, shared cost, personal,
# pager, universal access, voicemail.
ALLOWED_KINDS: Final = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.VOIP,
    }
)
# Pay-per-call inside ordinary area codes, which numbering data does not tell apart.
# Source: North American Numbering Plan Administration, central office code 976.
NANP_PAY_PER_CALL: Final = frozenset({"976"})

# The characters in which people write a number, and none that could mean something to a switch.
DIALLED_PATTERN: Final = r"\A[0-9 ()+.-]{2,40}\Z"
NOT_DIALLED: Final = "Not a phone number: use digits, as in 2762087784 or +44 20 7946 0018."

# Short codes that people dial: 411, 811, 988; and the helplines of Europe, 116 and three digits.
LONGEST_SERVICE_CODE: Final = 3
HELPLINE_DIGITS: Final = 6

# How people write numbers; anything else is no number, wherever it would lead.
_PLAIN = re.compile(r"[0-9+ ().-]{7,30}")


class DestinationNotAllowedError(Exception):
    """The number may not be called; the message says why, `field` which of several it is where there are several."""

    field = ""


def callable_number(text: str) -> str:
    """Return the E.164 digits of a number, in any notation, that may be called.

    Raises ValidationError for what is no number and DestinationNotAllowedError for one that may not be called.
    """
    if is_emergency(text):
        raise DestinationNotAllowedError("Emergency numbers cannot be called this way: dial them on a phone.")
    try:
        digits = normalise_number(text)
    except ValidationError:
        if _is_abroad(text):
            # Numbers that nobody was given are what fraudsters collect on: no number, but no slip of the finger either.
            raise DestinationNotAllowedError("This number is in a country, or of a kind, that may not be called.") from None
        raise
    check_callable(digits)
    return digits


def _is_abroad(text: str) -> bool:
    """Tell whether a text is a number by its length, under a country code of which no country may be called."""
    given = text.strip()
    if not _PLAIN.fullmatch(given):
        return False
    for candidate in (given, f"+{given}"):
        try:
            number = phonenumbers.parse(candidate, settings.HOME_COUNTRY)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(number.country_code or 0, ())
            return settings.DIALING_COUNTRIES.isdisjoint(regions)
    return False


def is_emergency(text: str) -> bool:
    """Tell whether a text, as it was given, would reach emergency services at home."""
    digits = text.strip().removeprefix("+")
    return digits.isascii() and digits.isdigit() and shortnumberinfo.is_emergency_number(digits, settings.HOME_COUNTRY)


def is_service_code(digits: str) -> bool:
    """Tell whether short digits are, at home, a way to help or to a service, so that no extension can have them.

    Numbering data knows of short codes of four and five digits as well, for text messages: people do not dial those.
    """
    if is_emergency(digits):
        return True
    try:
        number = phonenumbers.parse(digits, settings.HOME_COUNTRY)
    except phonenumbers.NumberParseException:
        return False
    if not shortnumberinfo.is_valid_short_number_for_region(number, settings.HOME_COUNTRY):
        return False
    if len(digits) <= LONGEST_SERVICE_CODE:
        return True
    cost = shortnumberinfo.expected_cost_for_region(number, settings.HOME_COUNTRY)
    return len(digits) == HELPLINE_DIGITS and cost == phonenumbers.ShortNumberCost.TOLL_FREE


def forwardable_number(text: str) -> str:
    """Return the E.164 digits of a number, in any notation, to which an extension may be forwarded.

    Raises what `callable_number` does, and ValidationError for one of ours.
    """
    digits = callable_number(text)
    check_forwardable(digits)
    return digits


def check_forwardable(digits: str) -> None:
    """Raise ValidationError for a number of ours, DestinationNotAllowedError for one that may not be called."""
    if Number.objects.filter(number=digits).exists():
        raise ValidationError(f"{format_number(digits)} is a number of ours, and calls could go round in circles.")
    check_callable(digits)


def check_callable(digits: str) -> None:
    """Raise DestinationNotAllowedError where E.164 digits are not of an allowed country and kind."""
    number = phonenumbers.parse(f"+{digits}")
    region = phonenumbers.region_code_for_number(number)
    if region not in settings.DIALING_COUNTRIES:
        raise DestinationNotAllowedError(f"{format_number(digits)} is in a country that may not be called.")
    national = str(number.national_number)
    if number.country_code == 1 and national[3:6] in NANP_PAY_PER_CALL:
        raise DestinationNotAllowedError(f"{format_number(digits)} costs its caller and may not be called.")
    if phonenumbers.number_type(number) not in ALLOWED_KINDS:
        raise DestinationNotAllowedError(f"{format_number(digits)} is of a kind that may not be called.")
