"""Let calls be found by what became of them, and by any part of a number, without reading them all."""

import logging
from typing import Any

from django.db import DatabaseError, migrations, models

from web.migration_operations import AddIndexInUse

logger = logging.getLogger("portal.migrations")
COLUMNS = ("caller_number", "callee_number")


def add_trigrams(apps: Any, schema_editor: Any) -> None:
    """Index every three characters of the numbers, on PostgreSQL; SQLite has no such index."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        try:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except DatabaseError as error:
            # The rest works without, only slower; docs/operations.md says how to make up for it.
            logger.warning("Calls are found by part of a number slowly: %s", error)
            return
        for column in COLUMNS:
            cursor.execute(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS call_{column}_trigrams"
                f" ON telephony_call USING gin ({column} gin_trgm_ops)"
            )


def remove_trigrams(apps: Any, schema_editor: Any) -> None:
    """Remove the indexes; the extension stays, since others may use it."""
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            for column in COLUMNS:
                cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS call_{column}_trigrams")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("telephony", "0006_switch_heard_on_its_event_socket"),
    ]

    operations = [
        AddIndexInUse(
            model_name="call",
            index=models.Index(fields=["outcome", "-started_at", "-id"], name="call_by_outcome"),
        ),
        migrations.RunPython(add_trigrams, remove_trigrams),
    ]
