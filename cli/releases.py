"""The commands about releases that are there already: list them, go back to one, remove the old ones."""

import datetime as dt
from typing import Annotated

import typer

from cli import summary
from cli.options import DEFAULT_DATA_DIR, DataDirOption, FormatOption, OutputOption
from cli.stderr import say
from cli.stdout import write_result
from etl.datadir import DataDir


def releases(
    *,
    format_: FormatOption = None,
    output: OutputOption = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """List the releases that are kept, the latest first.

    Example:

        abid-etl releases
    """
    from etl.history import list_releases  # noqa: PLC0415  (duckdb is slow to import)

    write_result(list_releases(DataDir(data_dir)), format_, output)


def rollback(
    release: Annotated[str, typer.Argument(metavar="ID", help="Its id, or as much of it as no other begins with.")],
    *,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Make a former release the current one, by one rename; readers that have one open stay on it.

    The next `abid-etl run` or `build` makes the release of the documents that it finds current again.

    Example:

        abid-etl rollback 3f2a
    """
    from etl.retention import roll_back  # noqa: PLC0415  (duckdb is slow to import)

    say(f"current is release {roll_back(DataDir(data_dir), release).id}")


def prune(
    *,
    keep: Annotated[int, typer.Option("--keep", min=1, help="Releases to keep, the latest.")] = 3,
    grace: Annotated[
        int, typer.Option("--grace", min=0, max=1_000_000, metavar="HOURS", help="Keep all younger ones too.")
    ] = 24,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Remove old releases, but never the current one, nor one that a report or a `Warehouse` is reading.

    Every build does the same with the default options.

    Example:

        abid-etl prune --keep 3
    """
    from etl.retention import prune_releases  # noqa: PLC0415  (duckdb is slow to import)

    say(summary.describe_pruning(prune_releases(DataDir(data_dir), keep=keep, grace=dt.timedelta(hours=grace))))
