"""Let numbers be found by country and by any part of them, and be counted, without reading them all."""

import logging
from typing import Any

from django.db import DatabaseError, migrations, models

from web.migration_operations import AddIndexInUse

logger = logging.getLogger("portal.migrations")
NAME = "number_number_trigrams"


def add_trigrams(apps: Any, schema_editor: Any) -> None:
    """Index every three characters of the numbers, on PostgreSQL; SQLite has no such index."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        try:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except DatabaseError as error:
            # The rest works without, only slower; docs/operations.md says how to make up for it.
            logger.warning("Numbers are found by a part of them slowly: %s", error)
            return
        cursor.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {NAME} ON telephony_number USING gin (number gin_trgm_ops)")


def remove_trigrams(apps: Any, schema_editor: Any) -> None:
    """Remove the index; the extension stays, since others may use it."""
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("telephony", "0023_undertakings_with_numbers"),
    ]

    operations = [
        AddIndexInUse(
            model_name="number",
            index=models.Index(fields=["country", "number"], name="number_by_country"),
        ),
        AddIndexInUse(
            model_name="number",
            index=models.Index(fields=["country", "state"], name="number_counts"),
        ),
        migrations.RunPython(add_trigrams, remove_trigrams),
    ]
