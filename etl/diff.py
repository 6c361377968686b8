"""What differs between two releases: bins and items added, removed, changed.

`sql/diff/` says what a row of each table is, by which key two are the same, and what about it means nothing;
`sql/diff.sql` compares. The releases may be of different versions of the program: what both know is compared, and a
column that one doesn't have is named.
"""

from dataclasses import dataclass

import duckdb

from etl.errors import explain_damage
from etl.globs import quote_text
from etl.release import Release
from etl.result import Result
from etl.sqlfiles import SQL_ROOT, SqlFile, read_file, read_folder

_DIFFERENCES = """
create table differences (
  table_name varchar, change varchar, changed_columns varchar[], row_count bigint, sample varchar[]
)
"""
_ORDERED = """
select * from differences
order by table_name, list_position(['added', 'removed', 'changed'], change), row_count desc, change, changed_columns
"""
_TOTALS = """
select table_name, change, sum(row_count)::bigint from differences where row_count is not null
group by all order by all
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """One row a kind of difference, and the rows of each (table, change)."""

    result: Result
    totals: dict[tuple[str, str], int]


def diff_releases(old: Release, new: Release, *, limit: int) -> Difference:
    """Compare two releases, with `limit` keys of each kind of difference; 0 gives all.

    Memory: some 320 MB for releases of 150,000 bins.

    Raises:
        UsageError: a file of a release can't be read.
    """
    connection = duckdb.connect()
    connection.execute(_DIFFERENCES)
    for rule in read_folder("diff").values():
        with explain_damage(f"release {old.id} or {new.id}", "`abid-etl verify` says what is wrong with it."):
            _compare(connection, rule, old, new, limit)
    totals = {(table, change): rows for table, change, rows in connection.sql(_TOTALS).fetchall()}
    return Difference(Result(connection.cursor, _ORDERED), totals)


def _compare(connection: duckdb.DuckDBPyConnection, rule: SqlFile, old: Release, new: Release, limit: int) -> None:
    known = {side: _open(connection, rule, side, release) for side, release in (("old", old), ("new", new))}
    shared = [name for name in known["new"] if name in known["old"]]
    fields = ", ".join(f"{quote_text(name)}: {name}" for name in shared)
    for side in known:
        connection.execute(
            f"create or replace view {side}_fields as "
            f"select {rule.text_of('key')} as key, {{{fields}}} as fields from {side}_rows"
        )
    connection.execute(
        f"insert into differences {read_file(SQL_ROOT / 'diff.sql').query}",
        {
            "table_name": rule.name,
            "limit": limit,
            "only_old": [name for name in known["old"] if name not in known["new"]],
            "only_new": [name for name in known["new"] if name not in known["old"]],
        },
    )


def _open(connection: duckdb.DuckDBPyConnection, rule: SqlFile, side: str, release: Release) -> list[str]:
    """Make the view of a release's rows; returns the columns that mean something and are known there."""
    tables = ", ".join(
        f"{table} as (from read_parquet({quote_text(release.table_glob(table))}, hive_partitioning = false))"
        for table in release.tables
    )
    connection.execute(f"create or replace view {side}_rows as with {tables} {rule.query}")
    ignored, optional = _names(rule, "ignored"), _names(rule, "optional")
    columns = [name for name in connection.table(f"{side}_rows").columns if name not in ignored]
    return [name for name in columns if name not in optional or _is_known(connection, side, name)]


def _names(rule: SqlFile, field: str) -> list[str]:
    return [name.strip() for name in rule.text_of(field).split(",")]


def _is_known(connection: duckdb.DuckDBPyConnection, side: str, column: str) -> bool:
    return connection.sql(f"select count({column}) > 0 from {side}_rows").fetchall() == [(True,)]
