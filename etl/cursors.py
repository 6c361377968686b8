"""The connections to one open release. Each query has its own: a second one on it would end the rows of the first."""

import weakref
from contextlib import suppress
from threading import Lock

import duckdb


class Cursors:
    """What one thread asks, and another may interrupt."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._opened: weakref.WeakSet[duckdb.DuckDBPyConnection] = weakref.WeakSet()
        self._lock = Lock()

    def open(self) -> duckdb.DuckDBPyConnection:
        """One more connection; the first, which holds the release, is there for as long as it is referred to."""
        cursor = self._connection.cursor()
        weakref.finalize(cursor, id, self._connection)
        with self._lock:
            self._opened.add(cursor)
        return cursor

    def interrupt(self) -> None:
        """Cancel whatever runs on any of them."""
        with self._lock:
            opened = [*self._opened]
        for connection in (*opened, self._connection):
            with suppress(duckdb.ConnectionException):  # it was closed meanwhile
                connection.interrupt()
