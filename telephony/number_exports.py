"""Numbers as a file: every number of a filter, row by row. An import takes it again."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from telephony.exports import BATCH, csv_lines
from telephony.models import Number
from telephony.models.numbers import NumberQuerySet

COLUMNS: Final[dict[str, Callable[[Number], Any]]] = {
    "number": lambda number: number.number,
    "provider": lambda number: number.provider.name,
    "country": lambda number: number.country,
    "state": lambda number: number.state,
    "cooling_until": lambda number: f"{number.cooling_until:%Y-%m-%dT%H:%M:%SZ}" if number.cooling_until else "",
    "holder": lambda number: str(number.held_by.user) if number.held_by else "",
    "holder_auth0_id": lambda number: number.held_by.user.auth0_id if number.held_by else "",
    "extension": lambda number: str(number.held_by.extension) if number.held_by else "",
    "recorded": lambda number: number.recording,
    "recording_notice": lambda number: "yes" if number.recording_notice else "no",
}


def number_lines(numbers: NumberQuerySet) -> Iterator[bytes]:
    """Yield the lines of a CSV of some numbers; `for_listing` has been asked of them."""
    rows = ([value(number) for value in COLUMNS.values()] for number in numbers.order_by("number").iterator(chunk_size=BATCH))
    return csv_lines(rows, COLUMNS)
