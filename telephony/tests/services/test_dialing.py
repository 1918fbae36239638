"""Who may be called: what fraudsters dial is refused, what people dial is not."""

import pytest
from django.core.exceptions import ValidationError

from telephony.services.dialing import DestinationNotAllowedError, callable_number

# Where stolen phone service is sold to: premium and shared-cost ranges, satellites, islands that look like home, countries
# with high termination rates; each as a number that exists as far as numbering plans tell.
FRAUD = [
    "+1 900 234 5678", "900-234-5678", "+1 703 976 1234", "+1 500 234 5678", "+1 521 234 5678", "+1 533 234 5678",
    "+1 876 555 1234", "18765551234", "+1 658 555 1234", "+1 809 555 1234", "+1 829 555 1234", "+1 849 555 1234",
    "+1 473 440 1234", "+1 268 464 1234", "+1 284 494 1234", "+1 649 946 1234", "+1 664 491 1234", "+1 758 452 1234",
    "+1 767 448 1234", "+1 784 456 1234", "+1 868 623 1234", "+1 869 465 1234", "+1 246 430 1234", "+1 242 322 1234",
    "+1 264 497 1234", "+1 345 949 1234", "+1 441 295 1234", "+1 721 542 1234", "+1 671 472 1234", "+1 684 633 1234",
    "+1 670 234 1234", "+1 787 555 1234", "+1 416 967 1111",
    "+881 6 1234 5678", "+870 773 123 456", "+882 16 1234567", "+883 5100 1234567", "+979 1 2345 6789", "+878 10 1234 567890",
    "+44 70 1234 5678", "+44 909 879 0123", "+44 871 234 5678", "+53 5 1234567", "+252 61 2345678", "+371 21 234 567",
    "+371 90 123 456", "+372 900 1234", "+960 771 2345", "+232 25 123456", "+224 601 12 34 56", "+220 301 2345",
    "+247 62889", "+290 51234", "+674 555 1234", "+675 7012 3456", "+685 72 12345", "+688 901234", "+690 7290", "+682 71 234",
    "+216 20 123 456", "+213 551 23 45 67", "+212 650 123456", "+263 71 234 5678", "+960 900 123 4567", "+381 60 1234567",
    "+374 77 123456", "+995 555 12 34 56", "+370 612 34567", "+48 70 1234567", "+49 900 1 234567", "+33 899 12 34 56",
    "011 44 20 7946 0018", "442079460018",
]  # fmt: skip


@pytest.mark.parametrize("number", FRAUD)
def test_what_fraudsters_dial(number: str) -> None:
    with pytest.raises(DestinationNotAllowedError):
        callable_number(number)


def test_the_list_is_long_enough() -> None:
    assert len(set(FRAUD)) >= 60


@pytest.mark.parametrize("number", ["911", "112", " 911 ", "+911"])
def test_emergencies_are_not_for_links(number: str) -> None:
    with pytest.raises(DestinationNotAllowedError, match="Emergency"):
        callable_number(number)


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        ("2403019517", "12403019517"),
        ("+1 276 208 7784", "12762087784"),
        ("(800) 234-5678", "18002345678"),
        ("9112345678", None),
    ],
)
def test_what_people_dial(number: str, digits: str | None) -> None:
    if digits is None:
        with pytest.raises(ValidationError):
            callable_number(number)
    else:
        assert callable_number(number) == digits


@pytest.mark.parametrize("number", ["", "12", "1006", "411", "988", "not a number", "+", "17036879447;ext=5", "٢٤٠٣٠١٩٥١٧"])
def test_what_is_no_number(number: str) -> None:
    with pytest.raises(ValidationError):
        callable_number(number)


def test_more_countries_by_setting(settings: object) -> None:
    settings.DIALING_COUNTRIES = frozenset({"US", "GB"})  # type: ignore[attr-defined]
    assert callable_number("+44 20 7946 0018") == "442079460018"
    # The country is allowed, its expensive numbers are not.
    for expensive in ("+44 70 1234 5678", "+44 909 879 0123", "+44 871 234 5678", "+1 876 555 1234"):
        with pytest.raises(DestinationNotAllowedError):
            callable_number(expensive)
