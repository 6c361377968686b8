"""`abid-etl reconcile`, `diff` and `replay`: a release beside what others published, beside another one, beside itself.

Their result goes to standard output as a report's does, and one line about it to standard error.
"""

import shlex
from typing import Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, DataDirOption, FormatOption, OutputOption
from cli.stderr import say
from cli.stdout import write_result
from etl.datadir import DataDir
from etl.errors import CheckError

_MOST = 2**63 - 1
_ReleaseHelp = "An id, the beginning of one, or current."


def reconcile(
    *,
    format_: FormatOption = None,
    output: OutputOption = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Hold the current release against the figures that others have published about the whole bucket, one a line.

    Every line says whether it can be compared, and why not. The exit code is 1 when one that can be compared differs.

    Examples:

        abid-etl reconcile

        abid-etl reconcile --format csv
    """
    from etl.reconcile import reconcile as compare  # noqa: PLC0415  (duckdb is slow to import)
    from etl.warehouse import Warehouse  # noqa: PLC0415

    found = compare(Warehouse.open(data_dir))
    write_result(found.result, format_, output)
    counts = f"{found.matching} match, {found.differing} differ, {found.incomparable} not comparable"
    if found.differing:
        raise CheckError(f"the release differs from what was published: {counts}")
    say(counts)


def diff(
    old: Annotated[str, typer.Argument(help=_ReleaseHelp)],
    new: Annotated[str, typer.Argument(help=_ReleaseHelp)],
    *,
    limit: Annotated[
        int, typer.Option("--limit", min=0, max=_MOST, help="Keys to show of each kind of difference; 0 shows all.")
    ] = 5,
    format_: FormatOption = None,
    output: OutputOption = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Say which bins and items were added, removed or changed from one release to another, and in which columns.

    Not a change: another ETag or time of a document of the same bytes, and pictures of which one release knows nothing.

    Examples:

        abid-etl diff 1f0c current

        abid-etl diff 1f0c current --limit 0 --format json
    """
    from etl.diff import diff_releases  # noqa: PLC0415  (duckdb is slow to import)
    from etl.pick import hold_picked  # noqa: PLC0415

    data = DataDir(data_dir)
    with hold_picked(data, old) as former, hold_picked(data, new) as latter:
        found = diff_releases(former, latter, limit=limit)
    write_result(found.result, format_, output)
    told = [f"{table} {change}: {rows:,}" for (table, change), rows in found.totals.items()]
    say(", ".join(told) or "no bin and no item differs")


def replay(
    *,
    limit: Annotated[int, typer.Option("--limit", min=0, max=_MOST, help="Rejects to show; 0 shows all.")] = 100,
    format_: FormatOption = None,
    output: OutputOption = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Run what the current release rejected through this version of the models, and say what would be loaded now.

    Nothing is fetched or built: `abid-etl build` is what loads it.

    Example:

        abid-etl replay
    """
    from etl.pick import hold_picked  # noqa: PLC0415  (duckdb is slow to import)
    from etl.release import CURRENT  # noqa: PLC0415
    from etl.replay import replay_rejects  # noqa: PLC0415

    with hold_picked(DataDir(data_dir), CURRENT) as release:
        found = replay_rejects(release, limit=limit)
    write_result(found.result, format_, output)
    told = [f"{count:,} {outcome}" for outcome, count in found.totals.items()]
    say(f"rejects of release {release.id}: {', '.join(told) or 'none'}")
    if found.totals.get("loaded"):
        say(f"`abid-etl build --data-dir {shlex.quote(str(data_dir))}` loads them")
