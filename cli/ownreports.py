"""`abid-report new` and `check`: how users write reports of their own."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, DataDirOption
from cli.stderr import say
from etl.datadir import DataDir
from etl.errors import CheckError
from etl.ownreports import name_folder, write_template
from etl.reportfile import MistakesError


def new_report(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the report, its command and its file are called.")],
) -> None:
    """Write NAME.sql, a report that works at once, for you to change.

    It goes to the folder of --reports-dir or ABID_REPORTS_DIR, or to this one.

    Examples:

        abid-report new bins-by-asins

        abid-report --reports-dir reports new bins-by-asins
    """
    folder = name_folder(context.find_root().params["reports_dir"]) or Path()
    path = write_template(name, folder, context.obj.taken)
    say(f"wrote {path}\ncheck it:  abid-report check {quote(str(path))}")
    say(f"run it:    abid-report --reports-dir {quote(str(folder))} {name}")


def check_report(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A report of your own.")],
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Say on which lines a report of your own is wrong, and what to do.

    Its query is tried on the current release, if there is one, but not run.

    Example:

        abid-report check reports/bins-by-asins.sql
    """
    from etl.reportcheck import check_report as check  # noqa: PLC0415  (duckdb is slow to import)
    from etl.warehouse import Warehouse  # noqa: PLC0415

    warehouse = Warehouse.open(data_dir) if DataDir(data_dir).current.exists() else None
    try:
        check(file, context.obj.taken, warehouse)
    except MistakesError as mistakes:  # what was asked is what is wrong, and not how it was asked
        raise CheckError(str(mistakes)) from mistakes
    say(f"{file} is a report that works" if warehouse else f"{file} is well written; no release is here to try it on")
