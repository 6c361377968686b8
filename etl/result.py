"""The rows of a query, in whatever form they are asked for; the query isn't run before."""

import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from etl.errors import QueryError, UsageError
from etl.parameters import Value
from etl.pythonvalues import changes_values, keep_values
from etl.queryerrors import explaining

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_ROWS_AT_A_TIME = 10_000
_NO_ROWS = "that statement gives no rows; a release can only be read"


@dataclass(frozen=True, slots=True)
class Result:  # where whatever runs has a name: Python loses an interrupt that comes while it is let go of
    """The rows of a query, in its order. Each method runs the query, on a connection of its own, so take one.

    Where there is no row, whatever reads or writes all of them calls `if_empty` first. `metadata` are the keys and
    values of a Parquet file of them.
    """

    connect: Callable[[], duckdb.DuckDBPyConnection]
    query: str
    parameters: dict[str, Value] = field(default_factory=dict)
    if_empty: Callable[[], object] = lambda: None
    metadata: dict[str, str] | None = None

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.relation().columns)

    def relation(self) -> duckdb.DuckDBPyRelation:
        """The query as DuckDB's own relation, not yet run: each call of one that gives rows runs it again."""
        with explaining(self.query):
            connection = self.connect()
            try:
                relation = connection.sql(self.query, params=self.parameters or None)
            except (duckdb.BinderException, duckdb.CatalogException):
                connection.execute(self.query, self.parameters)  # fails alike, and marks the line
                raise
        if relation is None:
            raise QueryError(_NO_ROWS)
        _require_distinct(relation.columns)
        weakref.finalize(relation, id, (connection, self.connect))  # it needs both for as long as it is referred to
        return relation

    def count_rows(self) -> int:
        """How many rows there are; runs the query, but fetches none of them."""
        with explaining(self.query):
            relation = self.relation()
            [(rows,)] = relation.aggregate("count(*)").fetchall()
        return int(rows)

    def head(self, most: int) -> tuple[list[str], list[tuple[Any, ...]], int]:
        """The names of the columns, at most so many rows, and how many there are in all; holds these rows only.

        Where there are more, the query runs twice.
        """
        with explaining(self.query):
            relation = self.relation()
            rows = keep_values(relation).limit(most).fetchall()
        total = len(rows) if len(rows) < most else self.count_rows()
        return list(relation.columns), rows, total

    def stream(self) -> tuple[list[str], Iterator[list[tuple[Any, ...]]]]:
        """The names of the columns, and the rows in lists of some thousands; holds one list."""
        with explaining(self.query):
            cursor = self.connect()
            cursor.execute(self.query, self.parameters)
            if not cursor.description:
                raise QueryError(_NO_ROWS)
            names, types = zip(*(column[:2] for column in cursor.description), strict=True)
            _require_distinct(names)
            if changes_values(types):
                cursor = self.connect()
                cursor.execute(keep_values(self.relation()).sql_query(), self.parameters)
            first = cursor.fetchmany(_ROWS_AT_A_TIME)
        if not first:
            self.if_empty()
        return list(names), chain([first], self._fetch(cursor))

    def rows(self) -> list[tuple[Any, ...]]:
        """All rows."""
        return [row for rows in self.stream()[1] for row in rows]

    def write_parquet(self, path: Path) -> int:
        """Write all rows to one Parquet file, and return how many they are; streams."""
        from etl.parquet import write_relation  # noqa: PLC0415  (slow to import, and needed here only)

        with explaining(self.query):
            relation = self.relation()
            rows = write_relation(relation, path, self.metadata)
        if not rows:
            self.if_empty()
        return rows

    def arrow(self) -> "pa.Table":
        """All rows as an Arrow table."""
        with explaining(self.query):
            relation = self.relation()
            return relation.to_arrow_table()

    def lazy(self) -> "pl.LazyFrame":
        """The query as a Polars lazy frame: DuckDB runs what is collected of it, filters and columns included."""
        with explaining(self.query):
            relation = self.relation()
            frame: pl.LazyFrame = relation.pl(lazy=True)
        return frame

    def pl(self) -> "pl.DataFrame":
        """All rows as a Polars data frame."""
        with explaining(self.query):
            relation = self.relation()
            frame: pl.DataFrame = relation.pl()
        return frame

    def df(self) -> "pd.DataFrame":
        """All rows as a pandas data frame.

        Raises:
            UsageError: pandas isn't installed.
        """
        try:
            import pandas as pd  # noqa: F401, PLC0415  (slow to import, and needed here only)
        except ImportError as error:
            raise UsageError("a data frame of pandas needs pandas: pip install pandas") from error
        with explaining(self.query):
            relation = self.relation()
            return relation.df()

    def _fetch(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[list[tuple[Any, ...]]]:
        with explaining(self.query):
            while rows := cursor.fetchmany(_ROWS_AT_A_TIME):
                yield rows


def _require_distinct(names: list[str]) -> None:
    if twice := {name for name in names if names.count(name) > 1}:
        raise QueryError(
            f"several columns are called {min(twice)}: list those that you want, each with a name of its own (`as`), "
            "or leave some out with `select * exclude (...)`"
        )
