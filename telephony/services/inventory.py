"""The pool of numbers: what comes in, normalised, once."""

import enum
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction

from accounts.models import AuditEntry, User
from telephony.fields import NotANumberError, PhoneNumber, country_of, is_number_of, read_number
from telephony.models import Number, Provider
from web.locks import lock_names

MOST_A_CALL = 10_000
SAMPLES = 5
AT_ONCE = 500
ATTEMPTS = 3


class Offer(NamedTuple):
    """A number that is to come in, as somebody wrote it in the notation of `country` ("" for home), on a file's `line`."""

    text: str
    provider: str
    country: str = ""
    line: int = 0


class Fate(enum.Enum):
    """Why a number does not come in."""

    WRONG = enum.auto()
    REPEATED = enum.auto()
    KNOWN = enum.auto()


class WrongOfferError(Exception):
    """An offer that is no number of ours to be; the message says why, in words that go on after it."""


class Skipped(NamedTuple):
    """A number that does not come in, and why, in words that go on after it."""

    offer: Offer
    fate: Fate
    reason: str


@dataclass
class Outcome:
    """What became of the numbers that were offered."""

    added: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    new_providers: list[str] = field(default_factory=list)
    # How many of those that are in the pool already are another provider's, and stay so.
    kept_elsewhere: int = 0
    # How the first of those that come in were read: as they stood there, and their digits.
    samples: list[tuple[Offer, str]] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        """How many were no numbers."""
        return sum(each.fate is Fate.WRONG for each in self.skipped)


class Rehearsal:
    """What would be in the pool by now had every number been added, beside it and on disk: there may be any number of them."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("")
        self._database.execute("CREATE TABLE number (digits TEXT PRIMARY KEY, provider TEXT) WITHOUT ROWID")
        self._providers: set[str] = set()

    def close(self) -> None:
        """Forget all of it."""
        self._database.close()

    def providers_of(self, digits: Sequence[str]) -> dict[str, str]:
        """Return those of the numbers that would be there, with the names of their providers."""
        places = ",".join("?" * len(digits))
        return dict(self._database.execute(f"SELECT * FROM number WHERE digits IN ({places})", digits))  # noqa: S608 - marks

    def add(self, fresh: Iterable["_Wanted"]) -> list[str]:
        """Note numbers as added; return the names of the providers that would have been created for them."""
        pairs = [(wanted.number.digits, wanted.offer.provider) for wanted in fresh]
        self._database.executemany("INSERT INTO number VALUES (?, ?)", pairs)
        names = {name for _, name in pairs} - self._providers
        self._providers |= names
        known = Provider.objects.filter(name__in=names).values_list("name", flat=True)
        return sorted(names - set(known))


class _Wanted(NamedTuple):
    """A number that is one, and the offer that it came from."""

    number: PhoneNumber
    offer: Offer


def add_numbers(
    offers: Sequence[Offer], *, actor: User | None = None, actor_label: str = "", origin: Mapping[str, Any] | None = None
) -> Outcome:
    """Add the numbers that are not in the pool yet, in one transaction, their providers created when new.

    Who does it is named by `actor` or `actor_label`; `origin` says in the audit log where they came from.
    """
    wanted, skipped = _read(offers)
    by = {"actor": actor, "actor_label": actor_label}
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _add(wanted, skipped, by, dict(origin or {}))
        except IntegrityError:
            # Somebody added one of them by hand since we looked: look again.
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def preview_numbers(offers: Sequence[Offer], rehearsal: Rehearsal) -> Outcome:
    """Tell what `add_numbers` would do, after all that was rehearsed before, and do nothing."""
    wanted, skipped = _read(offers)
    known = _known(wanted) | {
        digits: name for some in _chunks(wanted) for digits, name in rehearsal.providers_of(some).items()
    }  # fmt: skip
    fresh, outcome = _sorted_out(wanted, known, skipped)
    outcome.new_providers = rehearsal.add(fresh)
    return outcome


@transaction.atomic
def _add(wanted: Mapping[str, _Wanted], skipped: Sequence[Skipped], by: dict[str, Any], origin: dict[str, Any]) -> Outcome:
    # One import at a time: what two of them share is then counted by the first and skipped by the second.
    lock_names(["telephony.inventory"])
    fresh, outcome = _sorted_out(wanted, _known(wanted), skipped)
    for name in dict.fromkeys(each.offer.provider for each in wanted.values()):
        provider, is_new = Provider.objects.get_or_create(name=name)
        numbers = [each.number for each in fresh if each.offer.provider == name]
        Number.objects.bulk_create(
            (Number(number=digits, provider=provider, country=country) for digits, country in numbers), batch_size=AT_ONCE
        )
        if is_new:
            outcome.new_providers.append(name)
        if is_new or numbers:
            # In the same transaction: the log tells of what is in the pool, also where an import was cut off.
            AuditEntry.objects.record(
                "numbers.added", provider, **by,
                after={"added": len(numbers), "skipped": len(outcome.skipped)} | origin,
            )  # fmt: skip
    return outcome


def read_offer(offer: Offer) -> PhoneNumber:
    """Return the number that is meant. Raises WrongOfferError where it is none, or another country's."""
    try:
        number = read_number(offer.text, offer.country)
    except NotANumberError as error:
        raise WrongOfferError(f"is not a phone number: {error.why}") from None
    if offer.country not in ("", number.country) and not is_number_of(number.digits, offer.country):
        raise WrongOfferError(f"is a number of {number.country or 'no country'}, not of {offer.country}")
    return number


def is_of(digits: str, country: str) -> bool:
    """Tell whether a number is of a country; one of a whole plan, such as +1 800, is of each in it."""
    return country_of(digits) == country or is_number_of(digits, country)


def _read(offers: Iterable[Offer]) -> tuple[dict[str, _Wanted], list[Skipped]]:
    """Return the numbers by their E.164 digits, and what is no number or comes twice."""
    wanted: dict[str, _Wanted] = {}
    skipped = []
    for offer in offers:
        try:
            number = read_offer(offer)
        except WrongOfferError as error:
            skipped.append(Skipped(offer, Fate.WRONG, str(error)))
            continue
        if number.digits in wanted:
            skipped.append(Skipped(offer, Fate.REPEATED, "is given more than once"))
        else:
            wanted[number.digits] = _Wanted(number, offer)
    return wanted, skipped


def _sorted_out(
    wanted: Mapping[str, _Wanted], known: Mapping[str, str], skipped: Sequence[Skipped]
) -> tuple[list[_Wanted], Outcome]:
    """Return the numbers that are to be added, and what becomes of all."""
    fresh = [each for digits, each in wanted.items() if digits not in known]
    there = [(each.offer, known[digits]) for digits, each in wanted.items() if digits in known]
    return fresh, Outcome(
        added=len(fresh),
        skipped=[*skipped, *(Skipped(offer, Fate.KNOWN, "is in the pool already") for offer, _ in there)],
        kept_elsewhere=sum(offer.provider != name for offer, name in there),
        samples=[(each.offer, each.number.digits) for each in fresh[:SAMPLES]],
    )


def _known(wanted: Iterable[str]) -> dict[str, str]:
    """Return those of the numbers that are in the pool, with the names of their providers."""
    found = [
        pair for some in _chunks(wanted) for pair in Number.objects.filter(number__in=some).values_list("number", "provider_id")
    ]
    # Afterwards, so that the provider of each is among them; without a join, for which PostgreSQL takes a plan of its own.
    names: dict[int, str] = dict(Provider.objects.values_list("pk", "name"))
    return {digits: names[provider] for digits, provider in found}


def _chunks(digits: Iterable[str]) -> Iterator[list[str]]:
    every = list(digits)
    return (every[start : start + AT_ONCE] for start in range(0, len(every), AT_ONCE))
