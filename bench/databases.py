"""Databases of a benchmark's own, beside the configured one."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def databases(names: list[str]) -> Iterator[None]:
    """Create databases of these names beside the configured one, and drop them afterwards."""
    creation, configured = connection.creation, connection.settings_dict["NAME"]
    try:
        for name in names:
            connection.settings_dict["TEST"]["NAME"] = name
            creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        yield
    finally:
        for name in names:
            use(name)
            creation.destroy_test_db(configured, verbosity=0)


def use(name: str) -> None:
    """Work on another database from now on."""
    connection.close()
    connection.settings_dict["NAME"] = name


def settle() -> None:
    """Let the database take stock, as a server does by itself soon after so much has changed."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
