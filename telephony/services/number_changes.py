"""One thing done to many numbers, each by itself and audited by itself: what cannot be done is told with the reason.

Which numbers they are is fixed when the question is asked, so that nothing is done but what was said yes to.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from telephony.models import Number, NumberChange
from telephony.services.numbers import (
    NumberRefusedError,
    Wishes,
    change_number,
    disable_number,
    enable_number,
    release_number,
)
from telephony.services.undertakings import LEASE, SPELL, expiry, turn
from web.jobs import task

MOST_NUMBERS: Final = 100_000
# More than these are done by a worker: each can mean that a switch is told something.
AT_ONCE: Final = 50
NOTED_EVERY: Final = 50
MOST_REFUSALS: Final = 500

State = NumberChange.State
Action = NumberChange.Action

# What is done to one, to which value, by whom: whether that changed anything. Raises NumberRefusedError.
DEEDS: Final[Mapping[str, Callable[[Number, str, User], bool]]] = {
    Action.RELEASE: lambda number, _, actor: release_number(number, actor=actor),
    Action.DISABLE: lambda number, _, actor: disable_number(number, actor=actor),
    Action.ENABLE: lambda number, _, actor: enable_number(number, actor=actor),
    Action.PROVIDER: lambda number, value, actor: change_number(number, Wishes(provider=value), actor=actor),
    Action.COUNTRY: lambda number, value, actor: change_number(number, Wishes(country=value), actor=actor),
}


class TooManyError(Exception):
    """There are more numbers than are changed at once."""

    def __init__(self) -> None:
        super().__init__(f"More than {MOST_NUMBERS:,} numbers match: narrow the list down.")


class NoneChosenError(Exception):
    """No number was chosen."""

    def __init__(self) -> None:
        super().__init__("No number was chosen.")


def propose(owner: User, numbers: Any, action: str, value: str = "") -> NumberChange:
    """Write down what is to be done to which numbers; nothing is done yet. Raises NoneChosenError and TooManyError."""
    ids = list(numbers.order_by("number").values_list("pk", flat=True)[: MOST_NUMBERS + 1])
    if not ids:
        raise NoneChosenError
    if len(ids) > MOST_NUMBERS:
        raise TooManyError
    return NumberChange.objects.create(
        owner=owner, state=State.ASKED, action=action, value=value, number_ids=ids, total=len(ids), expires_at=expiry()
    )


def confirm(change: NumberChange) -> None:
    """Do it: at once to a few numbers, by a worker to more. Raises NotNowError."""
    with transaction.atomic():
        turn(change, State.ASKED, State.WORKING, expires_at=expiry())
        if change.total > AT_ONCE:
            carry_out_change.enqueue(key=f"{carry_out_change.name}:{change.pk}", change=change.pk)
    if change.total <= AT_ONCE:
        carry_out_change(change.pk)
        change.refresh_from_db()


@task("numbers.carry_out_change", lease=LEASE)
def carry_out_change(change: int) -> None:
    """Do it to number after number, from where it stands. What a killed worker did without noting it is so already."""
    rows = NumberChange.objects.filter(pk=change, state=State.WORKING).select_related("owner")
    row = rows.first()
    if row is None:
        return
    until = time.monotonic() + SPELL
    while row.position < row.total:
        before = row.position
        ids = row.number_ids[before : before + NOTED_EVERY]
        numbers = Number.objects.in_bulk(ids)
        for number_id in ids:
            _do(row, numbers.get(number_id))
        row.position += len(ids)
        if not _note(rows.filter(position=before), row):
            return
        if row.position < row.total and time.monotonic() > until:
            carry_out_change.enqueue(key=f"{carry_out_change.name}:{change}:{row.position}", change=change)
            return
    rows.update(state=State.DONE, position=F("total"), updated_at=timezone.now())


def _do(row: NumberChange, number: Number | None) -> None:
    try:
        if number is None:
            raise NumberRefusedError("not_found", "The number is gone.")
        if DEEDS[row.action](number, row.value, row.owner):
            row.changed += 1
        else:
            row.unchanged += 1
    except NumberRefusedError as error:
        row.refused += 1
        if len(row.refusals) < MOST_REFUSALS:
            row.refusals.append([number.pk if number else 0, str(number or ""), str(error)])


def _note(rows: Any, row: NumberChange) -> bool:
    names = ("position", "changed", "unchanged", "refused", "refusals")
    return bool(rows.update(**{name: getattr(row, name) for name in names}, updated_at=timezone.now()))
