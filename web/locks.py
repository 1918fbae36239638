"""Locks by name, held to the end of the transaction."""

import hashlib
from collections.abc import Iterable

from django.db import connection


def lock_names(names: Iterable[str]) -> None:
    """Wait until no other transaction holds any of the names, then hold them all.

    Sorted, so that two that want the same names cannot wait for each other. On SQLite nothing is to be done: an
    IMMEDIATE transaction is alone with the database.
    """
    if connection.vendor != "postgresql":
        return
    keys = sorted({int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True) for name in names})
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
