"""`abid-etl export`: a release in other shapes."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, DataDirOption, LogFormat, LogFormatOption, QuietOption
from cli.stderr import open_progress, say, set_log


def export(
    *,
    duckdb: Annotated[
        Path | None, typer.Option("--duckdb", metavar="FILE", help="One DuckDB database that holds the tables.")
    ] = None,
    flat: Annotated[Path | None, typer.Option("--flat", metavar="DIR", help="One Parquet file a table.")] = None,
    excel: Annotated[
        Path | None,
        typer.Option(
            "--excel",
            metavar="FILE",
            help="A workbook, a sheet a table: all but observations and quantities, unless --table names them.",
        ),
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option("--table", metavar="NAME", help="Only this table; again for one more.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    quiet: QuietOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Write the current release in other shapes, for tools that want a single file or a file a table.

    Each appears whole or not at all. Workbooks need `pip install 'abid-warehouse[excel]'`.

    Examples:

        abid-etl export --duckdb abid-all.duckdb

        abid-etl export --flat parquet --table bins --table items

        abid-etl export --excel abid.xlsx --force
    """
    from etl.exports.export import export_release  # noqa: PLC0415  (pyarrow is slow to import)
    from etl.exports.targets import Targets  # noqa: PLC0415
    from etl.warehouse import Warehouse  # noqa: PLC0415

    set_log(log_format, quiet=quiet)
    warehouse = Warehouse.open(data_dir)
    targets = Targets(duckdb, flat, excel)
    with open_progress().step("exporting"):
        export_release(warehouse, targets, table or (), force=force)
    say(f"release {warehouse.release.id} exported to {', '.join(map(str, targets.paths))}")
