"""`abid-report connect`: the lines that connect another program to the current release."""

from typing import Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, DataDirOption
from cli.stdout import print_text
from etl.connect.tools import check_location, find_tool, load_tools
from etl.datadir import DataDir
from etl.errors import UsageError
from etl.release import open_release


def connect(
    tool: Annotated[
        str | None, typer.Argument(help="What to connect; without it, all are listed.", show_default=False)
    ] = None,
    *,
    location: Annotated[
        str | None,
        typer.Option(
            "--location",
            metavar="URI",
            help="Where a copy of the release lies, for athena, bigquery and trino: s3://..., gs:// or file://.",
        ),
    ] = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Print the lines that connect another program to the current release, with its paths filled in, to be pasted.

    Standard output is those lines and comments, and nothing else.

    Examples:

        abid-report connect

        abid-report connect superset

        abid-report connect python | python

        abid-report connect clickhouse > abid.sql

        abid-report connect athena --location s3://lake/abid/r1
    """
    if tool is None:
        if location:
            raise UsageError("--location is what a tool reads: name the tool, as in `abid-report connect athena`")
        _list_tools()
        return
    from etl.connect.filling import fill_template  # noqa: PLC0415  (duckdb is slow to import)

    found = find_tool(tool)
    release = open_release(DataDir(data_dir))
    print_text(fill_template(found, release, check_location(found, location, release.id)))


def _list_tools() -> None:
    tools = load_tools()
    width = max(map(len, tools))
    print_text("\n".join(f"{name:{width}}  {tool.title}" for name, tool in tools.items()))
