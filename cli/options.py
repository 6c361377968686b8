"""The options that commands share, each described once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How a result is written."""

    TABLE = "table"
    CSV = "csv"
    SHEET_CSV = "sheet-csv"
    TSV = "tsv"
    JSON = "json"
    NDJSON = "ndjson"
    MARKDOWN = "markdown"
    HTML = "html"
    XLSX = "xlsx"
    PARQUET = "parquet"


class LogFormat(StrEnum):
    """How standard error is written."""

    TEXT = "text"
    JSON = "json"


class Engine(StrEnum):
    """What runs the models."""

    DUCKDB = "duckdb"
    SPARK = "spark"


DEFAULT_DATA_DIR = Path("data")
DEFAULT_MEMORY = "2GB"
DEFAULT_TIMEOUT = 300.0
LOG_FORMAT_VARIABLE = "ABID_LOG_FORMAT"

DataDirOption = Annotated[
    Path,
    typer.Option("--data-dir", envvar="ABID_DATA_DIR", help="The folder of the raw layer and the warehouse."),
]
FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        "-f",
        help="How the result is written. Without it, as the ending of --output says, or else as a table.",
        show_default=False,
    ),
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write to this file instead of standard output.")
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="'COLUMN OP VALUE'",
        help="Only bins of which this holds, as in 'expected_quantity >= 10'; 'abid-report schema bins' "
        "lists the columns. Several must all hold.",
        show_default=False,
    ),
]
SampleOption = Annotated[
    int | None,
    typer.Option("--sample", min=1, help="Only so many of these bins, always the same ones.", show_default=False),
]
NoHeaderOption = Annotated[
    bool,
    typer.Option("--no-header", help="Leave out the names of the columns: table, csv, sheet-csv, tsv and markdown."),
]
PlotOption = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="FILE",
        help="Draw the rows to a file that ends in .png, .svg, .pdf, .html or .json, or to the terminal if it is -. "
        "--output writes them as well.",
    ),
]
ShowSqlOption = Annotated[bool, typer.Option("--show-sql", help="Print the query instead of running it.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
LogFormatOption = Annotated[
    LogFormat,
    typer.Option(
        "--log-format",
        envvar=LOG_FORMAT_VARIABLE,
        help="How standard error is written: text, or json, one object a line. The variable counts for all commands.",
    ),
]
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
SignOption = Annotated[
    bool | None,
    typer.Option(
        "--sign/--no-sign",
        help="Sign requests. Else they are where credentials are found, but not for the public bucket.",
        show_default=False,
    ),
]
RequesterPaysOption = Annotated[
    bool, typer.Option("--requester-pays", help="Pay for the requests, where the bucket's owner doesn't.")
]
ConcurrencyOption = Annotated[
    int, typer.Option("--concurrency", min=1, max=1024, help="Requests to S3 at once; fewer while it asks for that.")
]
IncludeOption = Annotated[
    str | None, typer.Option("--include", metavar="GLOB", help="Only bins whose id matches, as in '000*'.")
]
IdsOption = Annotated[
    Path | None, typer.Option("--ids", help="Only the bins whose ids this file names, one a line.", dir_okay=False)
]
LimitOption = Annotated[
    int | None, typer.Option("--limit", min=1, help="Only so many documents, the first by key.", show_default=False)
]
ShardOption = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="Get the I-th of N shares. Raw layers merge by copying."),
]
WarehouseArgument = Annotated[
    str, typer.Argument(metavar="URI", help="The warehouse that a cluster published to: s3://bucket[/prefix].")
]
RawOption = Annotated[
    str | None,
    typer.Option(
        "--raw", envvar="ABID_RAW", help="Keep the raw layer at s3://bucket/prefix instead of in the data directory."
    ),
]
RawEndpointOption = Annotated[
    str | None,
    typer.Option("--raw-endpoint-url", envvar="ABID_RAW_ENDPOINT_URL", help="The S3 endpoint of --raw."),
]
RawProfileOption = Annotated[
    str | None, typer.Option("--raw-profile", envvar="ABID_RAW_PROFILE", help="The AWS profile for --raw.")
]
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
EngineOption = Annotated[
    Engine,
    typer.Option("--engine", envvar="ABID_ENGINE", help="Build in this process or on a Spark cluster."),
]
MasterOption = Annotated[
    str | None,
    typer.Option(
        "--master",
        metavar="URL",
        help="The cluster: local[2], spark://HOST:7077, yarn, k8s://...; without it, all cores of this machine.",
        show_default=False,
    ),
]
WarehouseOption = Annotated[
    str | None,
    typer.Option(
        "--warehouse",
        metavar="URI",
        help="Publish at s3://bucket/prefix instead of in the data directory; with --engine spark.",
    ),
]
WarehouseEndpointOption = Annotated[
    str | None,
    typer.Option("--warehouse-endpoint-url", help="The S3 endpoint of it."),
]
WarehouseProfileOption = Annotated[
    str | None,
    typer.Option("--warehouse-profile", help="The AWS profile for it."),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option("--threads", min=1, max=1024, help="Threads of the build; one a core, or on Spark one a task."),
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        "--memory",
        help="Memory for DuckDB in the build; it spills beyond. Else 1600MB, and 30 times the largest document.",
    ),
]
TempDirOption = Annotated[
    Path | None,
    typer.Option(
        "--temp-dir",
        file_okay=False,
        resolve_path=True,  # tasks on Spark have other working directories
        help="Where the build holds what doesn't fit into memory; else in the data directory, "
        "or on Spark in the folder for temporary files of each machine.",
        show_default=False,
    ),
]
QueryMemoryOption = Annotated[
    str,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="What a query may hold in memory, as 500MB or 2GB; up to 10 GB more go to the folder for temporary files.",
    ),
]
ShellMemoryOption = Annotated[
    str,
    typer.Option(
        "--memory", metavar="SIZE", help="What a query may hold in memory, as 500MB or 2GB; nothing goes to a disk."
    ),
]
TimeoutOption = Annotated[
    float,
    typer.Option("--timeout", metavar="SECONDS", min=0, help="Give up after so long, writing included; 0 never does."),
]
