"""What imports of numbers and changes to many of them have in common."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from telephony.models import NumberChange, NumberImport
from telephony.models.undertakings import Undertaking

# So long they can be read; the file of an import is gone once it is in.
KEPT_FOR: Final = timedelta(hours=24)
# So long one works at a time, in seconds; then another job goes on. So a killed worker is missed soon, however long the work.
SPELL: Final = 60.0
LEASE: Final = timedelta(minutes=5)


class NotNowError(Exception):
    """It is not in the state in which this could be done: somebody did it already, or it is still being checked."""


def expiry() -> datetime:
    """Return until when an undertaking of now is kept."""
    return timezone.now() + KEPT_FOR


def turn(undertaking: Undertaking, before: str, after: str, **values: Any) -> None:
    """Move on from one state to another, in the database and here, once. Raises NotNowError."""
    rows = type(undertaking).objects.filter(pk=undertaking.pk, state=before)
    if not rows.update(state=after, updated_at=timezone.now(), **values):
        raise NotNowError
    undertaking.refresh_from_db()


def forget(at_once: int) -> int:
    """Delete some whose time is over; return how many."""
    forgotten = 0
    for undertakings in (NumberImport.objects.all(), NumberChange.objects.all()):
        some = list(undertakings.over(timezone.now()).values_list("pk", flat=True)[:at_once])
        forgotten += undertakings.filter(pk__in=some).delete()[0]
    return forgotten
