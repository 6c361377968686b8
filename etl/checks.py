"""The checks of `sql/checks/`: one rule a file; a query that returns no rows is a rule that holds."""

from pathlib import Path

import duckdb

from etl.errors import CheckError
from etl.failure import Failure
from etl.filechecks import check_files
from etl.models import load_tables
from etl.sqlfiles import read_folder

_SHOWN_ROWS = 5


def run_checks(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Hold all checks against the tables that `connection` sees, and against their files below `folder`.

    Raises:
        CheckError: at least one doesn't hold; the message shows the first rows of each.
    """
    failures = [failure for model in load_tables().values() for failure in check_files(folder, model)]
    failures += [failure for name in read_folder("checks") if (failure := run_check(connection, name))]
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
