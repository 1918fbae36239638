"""The pool of numbers: what comes in, normalised, once."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import AuditEntry
from telephony.fields import country_of, normalise_number
from telephony.models import Number, Provider
from web.locks import lock_names

MOST_A_CALL = 10_000
AT_ONCE = 500


class Skipped(NamedTuple):
    """A number that was not added, as it was given, and why."""

    number: str
    reason: str


@transaction.atomic
def add_numbers(provider_name: str, numbers: Sequence[str], *, actor_label: str) -> tuple[int, list[Skipped]]:
    """Add numbers in any notation, of a provider created when new; return how many are new, and the others with reasons."""
    # One import at a time: what two of them share is then counted by the first and skipped by the second.
    lock_names(["telephony.inventory"])
    wanted, skipped = _normalised(numbers)
    known = _known(wanted)
    skipped += [Skipped(text, "is in the pool already") for digits, text in wanted.items() if digits in known]
    fresh = [digits for digits in wanted if digits not in known]
    provider, _ = Provider.objects.get_or_create(name=provider_name)
    Number.objects.bulk_create(
        (Number(number=digits, provider=provider, country=country_of(digits)) for digits in fresh), batch_size=AT_ONCE
    )
    AuditEntry.objects.record(
        "numbers.added", provider, actor_label=actor_label, after={"added": len(fresh), "skipped": len(skipped)}
    )
    return len(fresh), skipped


def _normalised(numbers: Iterable[str]) -> tuple[dict[str, str], list[Skipped]]:
    """Return E.164 digits with the text they came from, and what is no number or comes twice."""
    wanted: dict[str, str] = {}
    skipped = []
    for text in numbers:
        try:
            digits = normalise_number(text)
        except ValidationError:
            skipped.append(Skipped(text, "is not a phone number"))
            continue
        if digits in wanted:
            skipped.append(Skipped(text, "is given more than once"))
        else:
            wanted[digits] = text
    return wanted, skipped


def _known(wanted: Iterable[str]) -> set[str]:
    digits = list(wanted)
    known: set[str] = set()
    for start in range(0, len(digits), AT_ONCE):
        known.update(Number.objects.filter(number__in=digits[start : start + AT_ONCE]).values_list("number", flat=True))
    return known
