"""The checks of `sql/checks/`: one rule a file; a query that returns no rows is a rule that holds."""

import duckdb

from etl.errors import CheckError
from etl.sqlfiles import read_folder

_SHOWN_ROWS = 5


def run_checks(connection: duckdb.DuckDBPyConnection) -> None:
    """Hold all checks against the tables that `connection` sees.

    Raises:
        CheckError: at least one doesn't hold; the message shows the first rows of each.
    """
    failures = [failure for name in read_folder("checks") if (failure := run_check(connection, name))]
    if failures:
        raise CheckError("nothing was published, because a check failed:\n" + "\n".join(failures))


def run_check(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    """What is wrong, with the first rows; empty when the check holds."""
    check = read_folder("checks")[name]
    relation = connection.sql(check.query)
    rows = relation.limit(_SHOWN_ROWS + 1).fetchall()
    if not rows:
        return ""
    shown = [", ".join(f"{c}={v!r}" for c, v in zip(relation.columns, row, strict=True)) for row in rows[:_SHOWN_ROWS]]
    more = ["..."] if len(rows) > _SHOWN_ROWS else []
    return "\n    ".join([f"  {name}: {check.text_of('about')}", *shown, *more])
