"""`abid-report sql` and `abid-report shell`: what no report answers."""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.options import (
    DEFAULT_DATA_DIR,
    DEFAULT_MEMORY,
    DEFAULT_TIMEOUT,
    DataDirOption,
    FormatOption,
    NoHeaderOption,
    OutputOption,
    QueryMemoryOption,
    ShellMemoryOption,
    TimeoutOption,
)
from cli.stderr import say
from cli.stdout import write_result
from etl.errors import UsageError

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_TRUTH = {"true": True, "false": False}
_STANDARD_INPUT = "-"
Value = str | int | float | bool


def run_sql(
    query: Annotated[
        str | None,
        typer.Argument(help="A query in DuckDB's SQL; - reads it from standard input.", show_default=False),
    ] = None,
    *,
    file: Annotated[
        str | None, typer.Option("--file", metavar="FILE", help="Take the query from this file; - is standard input.")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param",
            metavar="NAME=VALUE",
            help="What $NAME in the query stands for: a number, true or false, else text, as 00523 or '523' in quotes "
            "is, too. May be given for several names.",
            show_default=False,
        ),
    ] = None,
    format_: FormatOption = None,
    no_header: NoHeaderOption = False,
    output: OutputOption = None,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
    memory: QueryMemoryOption = DEFAULT_MEMORY,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Run a query over bins, items, quantities, dimensions, observations, rejects, images and label_trust.

    The query can read the current release and nothing else, and it writes nothing.

    Examples:

        abid-report sql "select asin_kind, count(*) from items group by all"

        abid-report sql "from bins where expected_quantity >= $n" --param n=50 --format csv

        abid-report sql --file query.sql --timeout 20
    """
    from cli.guard import open_guarded  # noqa: PLC0415  (duckdb is slow to import)
    from etl.limits import Limits  # noqa: PLC0415

    text = _find_query(query, file)
    values = dict(map(parse_param, param or ()))
    with open_guarded(data_dir, Limits(memory, timeout)) as warehouse:
        write_result(warehouse.sql(text, **values), format_, output, header=not no_header)


def open_shell(memory: ShellMemoryOption = DEFAULT_MEMORY, data_dir: DataDirOption = DEFAULT_DATA_DIR) -> None:
    """Open the DuckDB shell on the current release, with its tables ready.

    It is the `duckdb` beside this Python, or on your PATH. It can read the release and nothing else; what it is given
    on standard input, it runs. The release stays as it is, and where it is, until the shell is left: Linux sees to
    that, and where a system can't, the shell says so.

    Examples:

        abid-report shell

        echo "summarize bins" | abid-report shell
    """
    from etl.limits import Limits  # noqa: PLC0415
    from etl.shell import exec_shell  # noqa: PLC0415

    exec_shell(data_dir, Limits(memory), say)


def parse_param(text: str) -> tuple[str, Value]:
    """The name and the value that `NAME=VALUE` states.

    Raises:
        UsageError: it states none.
    """
    name, equals, value = text.partition("=")
    if not equals or not _NAME.fullmatch(name):
        raise UsageError(f"--param {text}: write NAME=VALUE, as in --param n=5 for $n in the query")
    return name, _parse_value(value)


def _parse_value(text: str) -> Value:
    """A number with leading zeros is text, as the ids of bins are."""
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    quoted = len(text) > 1 and text[0] == text[-1] == "'"
    return text[1:-1].replace("''", "'") if quoted else _TRUTH.get(text, text)


def _find_query(query: str | None, file: str | None) -> str:
    if (query is None) == (file is None):
        raise UsageError(
            'give one query: as an argument (abid-report sql "select 1"), in a file (--file query.sql), or on standard '
            "input (abid-report sql -)"
        )
    if _STANDARD_INPUT in (query, file):
        return _decode(sys.stdin.buffer.read(), "standard input")
    return _decode(Path(file).read_bytes(), file) if file is not None else str(query)


def _decode(query: bytes, place: str) -> str:
    try:
        return query.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{place} isn't text in UTF-8: {error.reason} at byte {error.start}") from error
