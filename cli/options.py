"""The options that commands share, each described once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How a result is written."""

    TABLE = "table"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    NDJSON = "ndjson"
    MARKDOWN = "markdown"
    PARQUET = "parquet"


DEFAULT_DATA_DIR = Path("data")

DataDirOption = Annotated[
    Path,
    typer.Option("--data-dir", envvar="ABID_DATA_DIR", help="The folder of the raw layer and the warehouse."),
]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="How the result is written.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write to this file instead of standard output.")
]
ShowSqlOption = Annotated[bool, typer.Option("--show-sql", help="Print the query instead of running it.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
SourceArgument = Annotated[
    str,
    typer.Argument(
        help="s3://bucket[/prefix], a directory that holds metadata/, or an archive (.tar, .tar.gz, .tar.zst, .zip)."
    ),
]
PUBLIC_BUCKET = "s3://aft-vbi-pds"
EndpointOption = Annotated[
    str | None, typer.Option("--endpoint-url", help="An S3 endpoint other than the one that AWS configuration names.")
]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="The AWS profile to use.")]
ImagesOption = Annotated[
    bool | None,
    typer.Option(
        "--images/--no-images",
        help="List the pictures too, for has_image and image_bytes. Done by itself where listing costs no requests.",
        show_default=False,
    ),
]
AllowMissingOption = Annotated[
    bool, typer.Option("--allow-missing", help="Publish although listed documents have not been fetched.")
]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", min=1, max=1024, help="Threads of the build; one a core.")
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        "--memory",
        help="Memory for DuckDB in the build; it spills beyond. Else 1600MB, and 30 times the largest document.",
    ),
]
