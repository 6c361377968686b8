"""`abid-report site`: the current release as pages."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import (
    DEFAULT_DATA_DIR,
    DEFAULT_MEMORY,
    DEFAULT_TIMEOUT,
    DataDirOption,
    LogFormat,
    LogFormatOption,
    QueryMemoryOption,
    QuietOption,
    TimeoutOption,
)
from cli.plots import require_pictures
from cli.stderr import open_progress, say, set_log
from cli.text import format_bytes


def make_site(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to make, or a former site to replace.")],
    *,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
    memory: QueryMemoryOption = DEFAULT_MEMORY,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    quiet: QuietOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Make a folder of pages about the current release: they open in any browser, without a server or a network.

    Every report that needs no argument has a page with its chart, its rows to sort and filter, and its SQL; so have
    those of your own. Other pages have the figures of the release, bins, and what every column means. A table holds
    1,000 rows at most, and as many bins as there is room for: both say of how many.

    It needs `pip install 'abid-warehouse[plot]'`.

    Example:

        abid-report site out
    """
    require_pictures()
    from cli.guard import open_guarded  # noqa: PLC0415  (duckdb is slow to import)
    from cli.site.build import build_site  # noqa: PLC0415
    from cli.site.folder import replace_site  # noqa: PLC0415
    from etl.limits import Limits  # noqa: PLC0415

    set_log(log_format, quiet=quiet)
    with open_guarded(data_dir, Limits(memory, timeout)) as warehouse, replace_site(out, warehouse.release) as folder:
        size = build_site(warehouse, context.obj.reports.values(), folder, open_progress())
    say(f"wrote {format_bytes(size)} about release {warehouse.release.id}: open {out / 'index.html'}")
