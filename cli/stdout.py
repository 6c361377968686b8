"""Standard output: results, and nothing else."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.formats import WRITERS
from cli.options import Format
from cli.text import escape_controls
from etl.atomic import replace_file
from etl.errors import UsageError
from etl.warehouse import Result


class ReaderGoneError(Exception):
    """Whoever read our output (`head`, say) has enough. No OSError: for those, typer ends the program with code 1."""


def write_result(result: Result, format_: Format, output: Path | None) -> None:
    """Write a result to `output`, or to standard output.

    Streams; a table for people is held whole, because its columns are as wide as their widest value.

    Raises:
        ReaderGoneError: nobody reads standard output any more.
    """
    if format_ is Format.PARQUET:
        _write_parquet(result, output)
        return
    columns, chunks = result.stream()
    if output:
        # A table in a file is Markdown's: it reads well in any editor, and has no terminal to fit.
        writer = WRITERS["markdown" if format_ is Format.TABLE else format_.value]
        _write_file(output, writer(columns, chunks))
        return
    with _watch_reader():
        if format_ is Format.TABLE:
            from cli.tables import print_table  # noqa: PLC0415  (rich is slow to import)

            print_table(columns, chunks)
        else:
            _print_pieces(WRITERS[format_.value](columns, chunks))


def print_text(text: str) -> None:
    """Print text of our own making."""
    with _watch_reader():
        sys.stdout.write(text + "\n")


@contextmanager
def _watch_reader() -> Iterator[None]:
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError as error:
        # Nothing may be flushed into the closed pipe at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ReaderGoneError from error


def _print_pieces(pieces: Iterable[str]) -> None:
    """Exact bytes in a pipe or a file; on a terminal, characters that could drive it are spelled out."""
    on_terminal = sys.stdout.isatty()
    for piece in pieces:
        sys.stdout.buffer.write((escape_controls(piece, keep="\n\t") if on_terminal else piece).encode())
    sys.stdout.buffer.flush()


def _write_file(output: Path, pieces: Iterable[str]) -> None:
    with _open_output(output) as path, path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces)


@contextmanager
def _open_output(output: Path) -> Iterator[Path]:
    """Where to write so that a file appears whole; a pipe or a device is written to as it is, a link followed."""
    target = output.resolve()
    if target.is_dir():
        raise UsageError(f"{output} is a folder: name a file in it")
    if target.exists() and not target.is_file():
        yield target
        return
    with replace_file(target) as temporary:
        yield temporary


def _write_parquet(result: Result, output: Path | None) -> None:
    if output:
        with _open_output(output) as path:
            result.write_parquet(path)
        return
    if sys.stdout.isatty():
        raise UsageError("parquet isn't for a terminal: name a file with --output, or pipe it")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.parquet"
        result.write_parquet(path)
        with path.open("rb") as file, _watch_reader():
            shutil.copyfileobj(file, sys.stdout.buffer)
