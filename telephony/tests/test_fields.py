"""Phone numbers in every notation people use, and what is none."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from telephony.fields import PhoneNumber, country_of, format_number, is_number_of, normalise_number, read_number

OURS = "12762087784"


@pytest.mark.parametrize(
    "text",
    [
        "2762087784", "12762087784", "+12762087784", "(276) 208-7784", "(276)208-7784", "276.208.7784", "276 208 7784",
        "276-208-7784", "1-276-208-7784", "1 (276) 208-7784", "+1 276 208 7784", "+1 (276) 208-7784", "(+1) 276 208 7784",
        "+ 1 276 208 7784", "001 276 208 7784", "0012762087784", "011 1 276 208 7784", "01112762087784", "276/208-7784",
        "tel:+1-276-208-7784", "TEL:+12762087784", "tel:2762087784",
        # Blanks around, and of every width between.
        "  2762087784 ", "\u00a02762087784\u00a0", "276\u00a0208\u00a07784", "276\u2009208\u20097784", "276\u202f208\u202f7784",
        "276\u2007208\u30007784",
        # Hyphens and dots that word processors make of plain ones.
        "276\u2010208\u20107784", "276\u2011208\u20117784", "276\u2013208\u20137784", "276 \u2014 208 \u2212 7784",
        "276\u00b7208\u00b77784",
        # What nobody sees: a byte order mark, zero-width marks, the marks of direction of an address book.
        "\ufeff2762087784", "276\u200b208\u200b7784", "\u202a+1 276 208 7784\u202c", "\u2066276\u2060208\u00ad7784\u2069",
    ],
)  # fmt: skip
def test_one_number_in_every_notation(text: str) -> None:
    assert read_number(text) == PhoneNumber(OURS, "US")


@pytest.mark.parametrize(
    ("home", "text", "digits"),
    [
        ("US", "442079460018", "442079460018"),
        ("US", "+44 (0)20 7946 0018", "442079460018"),
        ("US", "0044 20 7946 0018", "442079460018"),
        ("US", "011 44 20 7946 0018", "442079460018"),
        ("US", "+39 06 6982", "39066982"),
        ("US", "+800 1234 5678", "80012345678"),
        ("GB", "020 7946 0018", "442079460018"),
        ("GB", "(020) 7946 0018", "442079460018"),
        ("GB", "00 1 276 208 7784", OURS),
        ("GB", "0044 20 7946 0018", "442079460018"),
        ("DE", "030/901820", "4930901820"),
        ("DE", "(030) 90 18 20", "4930901820"),
        ("DE", "+49 30 / 901820", "4930901820"),
        ("DE", "0049 30 901820", "4930901820"),
        ("DE", "001 276 208 7784", OURS),
        ("DE", "12762087784", OURS),
        ("FR", "01 42 68 53 00", "33142685300"),
        ("FR", "01.42.68.53.00", "33142685300"),
        ("FR", "+33 (0)1 42 68 53 00", "33142685300"),
        ("FR", "00 33 1 42 68 53 00", "33142685300"),
        ("FR", "12762087784", OURS),
    ],
)
def test_trunk_zeros_and_exit_codes_of_the_home_country(settings: Any, home: str, text: str, digits: str) -> None:
    settings.HOME_COUNTRY = home
    assert normalise_number(text) == digits


@pytest.mark.parametrize("text", ["+390669812345", "+80012345678", "+290 22158", "416-555-0123", "800-555-1234"])
def test_a_number_and_its_country_are_found_together(text: str) -> None:
    number = read_number(text)
    assert number.country == country_of(number.digits)
    assert len(number.country) in (0, 2), "what the column holds"


def test_the_country_in_whose_notation_it_is_written() -> None:
    assert read_number("020 7946 0018", "GB") == PhoneNumber("442079460018", "GB")
    assert read_number("2079460018", "GB").digits == "442079460018"
    assert read_number("2079460018").digits == "12079460018"
    assert read_number("+1 276 208 7784", "GB") == PhoneNumber(OURS, "US")


def test_of_which_country_a_number_is() -> None:
    assert is_number_of(OURS, "US")
    assert not is_number_of(OURS, "CA")
    # Free of charge in the whole numbering plan.
    assert is_number_of("18005551234", "US")
    assert is_number_of("18005551234", "CA")
    for unknown in ("GB", "UK", "ZZ"):
        assert not is_number_of(OURS, unknown)


LETTERS = "letters, extensions and parameters"
DIGITS = "digits must be 0 to 9"
CONTROL = "control character"
USUAL = "use digits, as in"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", USUAL), ("   ", USUAL), ("+", USUAL), ("()", USUAL), ("\u200b", USUAL), ("12", USUAL), ("911", USUAL), ("1" * 50, USUAL),
        ("1" * 5000, USUAL), ("-2762087784", USUAL), ("++12762087784", USUAL), ("276+2087784", USUAL), ("00000000000", USUAL),
        ("1761234567", USUAL), ("0276 208 7784", USUAL), ("2762087784/85", USUAL), ("276/208/7784", USUAL), ("2762087784 2762087785", USUAL),
        ("hello", LETTERS), ("1-800-FLOWERS", LETTERS), ("276-208-778O", LETTERS), ("tel:", LETTERS), ("sip:2762087784", LETTERS),
        ("2762087784;ext=5", LETTERS), ("tel:+12762087784;ext=5", LETTERS), ("2762087784;phone-context=+1", LETTERS),
        ("2762087784 x5", LETTERS), ("2762087784 ext. 5", LETTERS), ("2762087784,555", LETTERS), ("2762087784,5", "a decimal number"), ("2762087784#5", LETTERS), ("*2762087784", LETTERS),
        ("2,762,087,784", LETTERS),
        # Digits of other scripts: Arabic, full-width, mathematical.
        ("٢٧٦٢٠٨٧٧٨٤", DIGITS), ("+1 ٢٧٦ 208 7784", DIGITS), ("\uff12\uff17\uff162087784", DIGITS), ("\U0001d7d0762087784", DIGITS),
        # What spreadsheets do.
        ("1.2762E+10", "a spreadsheet has rounded it"), ("1,27621E+10", "a spreadsheet has rounded it"), ("1E10", "a spreadsheet has rounded it"),
        ("12762087784.0", "a decimal number"), ("12762087784,00", "a decimal number"), ("4930901820.0", "a decimal number"),
        # Nothing that could break out of a command, a line or a document is left away in silence.
        ("2762087784\n", CONTROL), ("\n2762087784", CONTROL), ("276\r\n2087784", CONTROL), ("2762087784\0", CONTROL), ("2762087784\t", CONTROL),
        ("276\x7f2087784", CONTROL), ("276\u2028 2087784", CONTROL), ("276\x852087784", CONTROL),
        ("'2762087784", USUAL), ('"2762087784"', USUAL), ("=2762087784", USUAL), ("@", USUAL), ("${2762087784}", USUAL), ("2762087784|1", USUAL),
        ("2762087784&1", USUAL), ("[2762087784]", USUAL), ("{2762087784}", USUAL), ("2762087784^", USUAL), ("276%202087784", USUAL),
        ("276_208_7784", USUAL), ("\uff0b12762087784", USUAL),
    ],
)  # fmt: skip
def test_what_is_no_number(text: str, why: str) -> None:
    with pytest.raises(ValidationError, match=rf"^\['Not a phone number: .*{why}"):
        normalise_number(text)


def test_an_unknown_country_reads_international_numbers_only(settings: Any) -> None:
    settings.HOME_COUNTRY = "XX"
    assert normalise_number("+12762087784") == normalise_number("12762087784") == OURS
    with pytest.raises(ValidationError):
        normalise_number("2762087784")


def test_numbers_for_people() -> None:
    assert format_number("17036879447") == "+1 703-687-9447"
    for odd in ("1006", "carrier", "", "99999999999", "٠١٢٣٤٥٦٧", "00000000000"):
        assert format_number(odd) == odd
    assert (country_of("442079460018"), country_of("000"), country_of("80012345678")) == ("GB", "", "")
