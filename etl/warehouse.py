"""Reading a release: canned reports, SQL, tables. The same from Python as from the command line.

A warehouse is opened on one release and stays on it, whatever is published or pruned meanwhile. Its connection can read
that release and nothing else: no other file, no network, no extension, no changed setting. Neither PyArrow nor Polars
is imported before a result is asked for in their form.
"""

import os
import re
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from etl.catalog import create_views
from etl.datadir import DataDir
from etl.errors import QueryError, UsageError, explain_damage
from etl.globs import escape_glob
from etl.models import SCHEMA_VERSION, define_macros, load_views
from etl.receipt import register_receipt
from etl.release import Release, hold_release
from etl.reports import Value, bind_parameters, find_report

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

_ROWS_AT_A_TIME = 10_000
_NO_ROWS = "that statement gives no rows; a release can only be read"
_EXPLAIN = re.compile(r"\A\s*explain\s+(analyze\s+)?", re.IGNORECASE)
_PARQUET_ROWS = 122_880


@dataclass(frozen=True, slots=True)
class Result:
    """The rows of a query, in its order. Each method runs the query, so take one."""

    connection: duckdb.DuckDBPyConnection
    query: str
    parameters: dict[str, Value] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.relation().columns)

    def relation(self) -> duckdb.DuckDBPyRelation:
        """The query as DuckDB's own relation, not yet run."""
        try:
            relation = self.connection.sql(self.query, params=self.parameters)
        except duckdb.Error as error:
            raise _explain(error) from error
        if relation is None:
            raise QueryError(_NO_ROWS)
        return relation

    def has_rows(self) -> bool:
        """Whether there is any row; runs the query only as far as the first."""
        return bool(self.relation().limit(1).fetchall())

    def stream(self) -> tuple[list[str], Iterator[list[tuple[Any, ...]]]]:
        """The names of the columns, and the rows in lists of some thousands; holds one list."""
        try:
            cursor = self.connection.execute(self.query, self.parameters)
            if cursor is None or not cursor.description:
                raise QueryError(_NO_ROWS)
            names = [column[0] for column in cursor.description]
            if twice := {name for name in names if names.count(name) > 1}:
                raise QueryError(f"several columns are called {min(twice)}: give each its own name with `as`")
        except duckdb.Error as error:
            raise _explain(error) from error
        return names, _fetch(cursor)

    def rows(self) -> list[tuple[Any, ...]]:
        """All rows."""
        return [row for rows in self.stream()[1] for row in rows]

    def write_parquet(self, path: Path) -> int:
        """Write all rows to one Parquet file, and return how many they are; streams."""
        import pyarrow.parquet as pq  # noqa: PLC0415  (slow to import, and needed here only)

        reader = self.relation().to_arrow_reader(_PARQUET_ROWS)
        rows = 0
        with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)
                rows += batch.num_rows
        return rows

    def arrow(self) -> "pa.Table":
        """All rows as an Arrow table."""
        return self.relation().to_arrow_table()

    def pl(self) -> "pl.DataFrame":
        """All rows as a Polars data frame."""
        frame: pl.DataFrame = self.relation().pl()
        return frame


@dataclass(frozen=True, slots=True)
class Warehouse:
    """One release, open for reading."""

    release: Release
    connection: duckdb.DuckDBPyConnection

    @classmethod
    def open(cls, data_dir: Path | str) -> "Warehouse":
        """Open the current release below `data_dir`.

        Raises:
            UsageError: there is none, it is damaged, or its tables are those of another version.
        """
        release, held = hold_release(DataDir(Path(data_dir)))
        try:
            _require_known(release)
            connection = _connect(release)
        except BaseException:
            os.close(held)
            raise
        weakref.finalize(connection, os.close, held)
        return cls(release, connection)

    def report(self, name: str, /, **parameters: Value) -> Result:
        """A canned report, with its parameters by name: `report("quantity-histogram", id_style="padded")`.

        Raises:
            UsageError: no such report, or parameters that it doesn't take.
        """
        report = find_report(name)
        return Result(self.connection, report.query, bind_parameters(report, parameters))

    def sql(self, query: str, /, **parameters: Value) -> Result:
        """Any query over the tables of the release; `$name` in it stands for the parameter `name`.

        Raises:
            QueryError: it isn't exactly one statement that only reads.
        """
        _require_reading(self.connection, query)
        return Result(self.connection, query, parameters)

    def table(self, name: str) -> Result:
        """A whole table, in the order of its files; a view in that of its header.

        Raises:
            UsageError: there is no such table.
        """
        if view := load_views().get(name):
            return Result(self.connection, f"select * from {name} order by {view.order}")
        if name not in self.release.tables:
            known = [*self.release.tables, *load_views()]
            raise UsageError(f"there is no table {name}: there are {', '.join(known)}")
        return Result(self.connection, f"select * from {name}")


def _require_known(release: Release) -> None:
    made = release.manifest["schema_version"]
    if made != SCHEMA_VERSION:
        raise UsageError(
            f"the tables of release {release.id} are of schema version {made}, and this program reads "
            f"{SCHEMA_VERSION}: make them anew with `abid-etl build`"
        )


def _connect(release: Release) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    # Both the folder and the pattern that the views look for it with.
    folders = [f"{release.path}/", f"{escape_glob(release.path)}/"]
    connection.execute("set allowed_directories = $folders", {"folders": folders})
    define_macros(connection)
    with explain_damage(f"release {release.id}", "`abid-etl verify` says what is wrong with it."):
        create_views(connection, release.path)
    register_receipt(connection, release.manifest)
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def _require_reading(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """The directory of the release is open to the connection, and DuckDB can't open one for reading only."""
    read = _EXPLAIN.sub("", query)  # what is explained must only read, too: `analyze` runs it
    try:
        kinds = [statement.type.name for statement in connection.extract_statements(read)]
    except duckdb.Error as error:
        raise _explain(error) from error
    if kinds != ["SELECT"]:
        raise QueryError(
            f"a release can only be read, by one query at a time: {', '.join(kinds) or 'nothing'} isn't one"
        )


def _fetch(cursor: duckdb.DuckDBPyConnection) -> Iterator[list[tuple[Any, ...]]]:
    try:
        while rows := cursor.fetchmany(_ROWS_AT_A_TIME):
            yield rows
    except duckdb.Error as error:
        raise _explain(error) from error


def _explain(error: duckdb.Error) -> QueryError:
    return QueryError(str(error).strip())
