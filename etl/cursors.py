"""The connections to one open release. Each query has its own: a second one on it would end the rows of the first."""

import weakref
from contextlib import suppress
from threading import Lock

import duckdb


class Cursors:
    """What one thread asks, and another may interrupt."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        # Without what weakref calls when one is let go of: Python would lose an interrupt that comes in it.
        self._opened: list[weakref.ref[duckdb.DuckDBPyConnection]] = []
        self._lock = Lock()

    def open(self) -> duckdb.DuckDBPyConnection:
        """One more connection, for as long as these are there."""
        cursor = self._connection.cursor()
        with self._lock:
            self._opened = [held for held in self._opened if held()] + [weakref.ref(cursor)]
        return cursor

    def interrupt(self) -> None:
        """Cancel whatever runs on any of them."""
        with self._lock:
            opened = [held() for held in self._opened]
        for connection in (*opened, self._connection):
            if connection:
                with suppress(duckdb.ConnectionException):  # it was closed meanwhile
                    connection.interrupt()
