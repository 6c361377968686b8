"""The checks of `sql/checks/`: one rule a file; a query that returns no rows is a rule that holds."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from etl.errors import CheckError
from etl.failure import Failure
from etl.filechecks import check_files
from etl.models import find_reads, load_tables
from etl.sqlfiles import read_folder

_SHOWN_ROWS = 5


RECEIPT = "receipt_balanced"
"""The check of the equations, which hold for a whole build only."""
_TABLES_OF_ITEMS = {"items", "dimensions"}


def list_checks(*, of_items: bool) -> list[str]:
    """Those that can be asked where items are made, or those that can where bins are."""
    return [
        name
        for name, check in read_folder("checks").items()
        if name != RECEIPT and bool(find_reads(check.query) & _TABLES_OF_ITEMS) == of_items
    ]


def run_checks(
    connection: duckdb.DuckDBPyConnection, folder: Path, tables: Iterable[str], checks: Iterable[str]
) -> None:
    """Hold these checks against what `connection` sees, and the files of these tables below `folder` to their rules.

    Raises:
        CheckError: at least one doesn't hold; the message shows the first rows of each.
    """
    failures = [failure for name in tables for failure in check_files(folder, load_tables()[name])]
    failures += [failure for name in checks if (failure := run_check(connection, name))]
    if failures:
        shown = "\n".join(map(str, failures))
        raise CheckError(f"nothing was published, because a check failed:\n{shown}")


def run_check(connection: duckdb.DuckDBPyConnection, name: str) -> Failure | None:
    """What is wrong; None when the check holds."""
    check = read_folder("checks")[name]
    relation = connection.sql(check.query)
    rows = relation.limit(_SHOWN_ROWS).fetchall()
    if not rows:
        return None
    count = connection.sql(f"select count(*) from ({check.query})").fetchall()[0][0]
    return Failure(name, check.text_of("about"), count, list(relation.columns), rows)
