"""The cache in the database, with counters that many workers can add to at once."""

import base64
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache.backends import db
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.utils import timezone


class DatabaseCache(db.DatabaseCache):
    """Django's cache in a table, of which `incr` is atomic, and leaves the time at which the entry expires.

    `incr` does not wait for the disk: a count that a crash takes from a cache is no loss.
    """

    _table: str

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add to a number and return the sum. Raises ValueError where there is no such entry."""
        cache_key = self.make_and_validate_key(key, version=version)
        with self._hasty_cursor() as cursor:
            # Two statements, and no transaction around them: a number that somebody changed in between is read again.
            # Whenever one has to, another one has got on.
            while True:
                stored = self._stored(cursor, cache_key)
                number = int(pickle.loads(base64.b64decode(stored))) + delta  # noqa: S301 - written by us, into our table
                if self._replace(cursor, cache_key, stored, number):
                    return number

    def delete_expired(self) -> int:
        """Delete the entries whose time is over; return how many."""
        with self._connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {self._quoted} WHERE expires < %s", [self._now()])  # noqa: S608
            return int(cursor.rowcount)

    @property
    def _connection(self) -> BaseDatabaseWrapper:
        return connections[router.db_for_write(self.cache_model_class)]

    @property
    def _quoted(self) -> str:
        """The table's name, from the settings: nothing that a client sends is ever part of a statement."""
        return self._connection.ops.quote_name(self._table)

    def _now(self) -> Any:
        return self._connection.ops.adapt_datetimefield_value(timezone.now())

    def _stored(self, cursor: CursorWrapper, cache_key: str) -> str:
        query = f"SELECT value FROM {self._quoted} WHERE cache_key = %s AND expires > %s"  # noqa: S608
        cursor.execute(query, [cache_key, self._now()])
        row = cursor.fetchone()
        if row is None:
            raise ValueError(f"Key {cache_key!r} not found")
        return str(row[0])

    def _replace(self, cursor: CursorWrapper, cache_key: str, stored: str, number: int) -> bool:
        """Write a number in place of what was read; tell whether it still stood there."""
        encoded = base64.b64encode(pickle.dumps(number, self.pickle_protocol)).decode("ascii")
        query = f"UPDATE {self._quoted} SET value = %s WHERE cache_key = %s AND value = %s"  # noqa: S608
        if self._connection.vendor == "postgresql" and not self._connection.in_atomic_block:
            # For this statement's own transaction alone, without a round trip to begin and to end one.
            query += " AND set_config('synchronous_commit', 'off', true) = 'off'"
        cursor.execute(query, [encoded, cache_key, stored])
        return bool(cursor.rowcount)

    @contextmanager
    def _hasty_cursor(self) -> Iterator[CursorWrapper]:
        """Lend a cursor whose writes SQLite does not carry to the disk at once; in WAL mode that never damages a database.

        Inside of somebody's transaction it is one like any other.
        """
        connection = self._connection
        is_hasty = connection.vendor == "sqlite" and not connection.in_atomic_block
        with connection.cursor() as cursor:
            if is_hasty:
                cursor.execute("PRAGMA synchronous = NORMAL")
            try:
                yield cursor
            finally:
                if is_hasty:
                    cursor.execute("PRAGMA synchronous = FULL")
