"""Have the calls counted that there are already: note each quarter hour in which any began. It reads one index, and locks nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import migrations

QUARTER = timedelta(minutes=15)
AT_ONCE = 1000


def quarters(calls: Any) -> Iterator[datetime]:
    """Yield the quarter hours with calls, oldest first, from one to the next by the index."""
    times = calls.order_by("started_at").values_list("started_at", flat=True)
    at = times.first()
    while at is not None:
        began = at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)
        yield began
        at = times.filter(started_at__gte=began + QUARTER).first()


def note(apps: Any, schema_editor: Any) -> None:
    stale = apps.get_model("telephony", "StaleTally")
    calls = apps.get_model("telephony", "Call").objects
    stale.objects.bulk_create((stale(starts_at=at) for at in quarters(calls)), batch_size=AT_ONCE)


class Migration(migrations.Migration):
    dependencies = [
        ("telephony", "0021_tallies_of_calls"),
    ]

    operations = [
        migrations.RunPython(note, migrations.RunPython.noop),
    ]
