"""Create the table of the database cache, so that `migrate` alone makes a portal that runs."""

from django.core.management import call_command
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLE = "portal_cache"


def create(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the cache table where it is missing."""
    call_command("createcachetable", TABLE, database=schema_editor.connection.alias, verbosity=0)


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the cache table."""
    schema_editor.execute(f"DROP TABLE IF EXISTS {TABLE}")


class Migration(migrations.Migration):
    """The cache table has no model: Django's own command knows its shape."""

    initial = True
    dependencies = []
    operations = [migrations.RunPython(create, drop)]
