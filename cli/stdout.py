"""Standard output: results, and nothing else."""

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cli.formats import WRITERS, Rows
from cli.options import Format
from cli.text import escape_controls
from etl.atomic import replace_file
from etl.errors import UsageError
from etl.warehouse import Result


def write_result(result: Result, format_: Format, output: Path | None) -> int:
    """Write a result to `output`, or to standard output, and return the number of its rows.

    Streams; a table for people is held whole, because its columns are as wide as their widest value.
    """
    if format_ is Format.PARQUET:
        return _write_parquet(result, output)
    columns, chunks = result.stream()
    counter = _Counter(chunks)
    if format_ is Format.TABLE and output is None:
        from cli.tables import print_table  # noqa: PLC0415  (rich is slow to import)

        print_table(columns, counter)
        return counter.rows
    # A table in a file is Markdown's: it reads well in any editor, and has no terminal to fit.
    pieces = WRITERS["markdown" if format_ is Format.TABLE else format_.value](columns, counter)
    if output:
        _write_file(output, pieces)
    else:
        _print_pieces(pieces)
    return counter.rows


class _Counter:
    """Passes chunks of rows on and counts the rows."""

    def __init__(self, chunks: Rows) -> None:
        self._chunks = chunks
        self.rows = 0

    def __iter__(self) -> Iterator[list[tuple[Any, ...]]]:
        for chunk in self._chunks:
            self.rows += len(chunk)
            yield chunk


def print_text(text: str) -> None:
    """Print text of our own making."""
    sys.stdout.write(text + "\n")


def _print_pieces(pieces: Iterable[str]) -> None:
    """Exact bytes in a pipe or a file; on a terminal, characters that could drive it are spelled out."""
    on_terminal = sys.stdout.isatty()
    for piece in pieces:
        sys.stdout.buffer.write((escape_controls(piece, keep="\n\t") if on_terminal else piece).encode())
    sys.stdout.buffer.flush()


def _write_file(output: Path, pieces: Iterable[str]) -> None:
    with replace_file(output) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces)


def _write_parquet(result: Result, output: Path | None) -> int:
    if output:
        with replace_file(output) as temporary:
            return result.write_parquet(temporary)
    if sys.stdout.isatty():
        raise UsageError("parquet isn't for a terminal: name a file with --output, or pipe it")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.parquet"
        rows = result.write_parquet(path)
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
    return rows
