"""Standard output: results, and nothing else."""

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cli.formats import HEADED, WRITERS, Writer, to_text, write_html
from cli.options import Format
from cli.text import escape_controls
from etl.atomic import open_folder, replace_file
from etl.errors import UsageError

if TYPE_CHECKING:
    from etl.result import Result


_ENDINGS: dict[str, Format] = {
    **{format_.value: format_ for format_ in Format if format_ not in (Format.TABLE, Format.SHEET_CSV)},
    "jsonl": Format.NDJSON,
    "md": Format.MARKDOWN,
}


class ReaderGoneError(Exception):
    """Whoever read our output (`head`, say) has enough. No OSError: for those, typer ends the program with code 1."""


def choose_format(asked: Format | None, output: Path | None) -> Format:
    """The format that is asked for; without one, that of the file's ending; a table, where that names none."""
    ending = output.suffix.removeprefix(".").lower() if output else ""
    return asked or _ENDINGS.get(ending, Format.TABLE)


def write_result(
    result: "Result",
    format_: Format | None,
    output: Path | None,
    bars_of: str | None = None,
    *,
    header: bool = True,
    title: str = "Result",
) -> None:
    """Write a result to `output`, or to standard output.

    Streams; a table for people is held whole, because its columns are as wide as their widest value. It alone shows
    bars, of the column `bars_of`; a page has the title.

    Raises:
        ReaderGoneError: nobody reads standard output any more.
        UsageError: a format without a header was asked to leave it out, or can't hold the result.
    """
    format_ = choose_format(format_, output)
    if not header and format_ is not Format.TABLE and format_.value not in HEADED:
        raise UsageError(f"--no-header is for {', '.join(['table', *HEADED])}, and not for {format_.value}")
    if format_ in _BINARY:
        _write_binary(_BINARY[format_], format_, result, output)
        return
    columns, chunks = result.stream()
    if output:
        # A table in a file is Markdown's: it reads well in any editor, and has no terminal to fit.
        shape = Format.MARKDOWN if format_ is Format.TABLE else format_
        _write_file(output, _find_writer(shape, title, header=header)(columns, chunks))
        return
    with _watch_reader():
        if format_ is Format.TABLE:
            from cli.tables import print_table  # noqa: PLC0415  (rich is slow to import)

            print_table(columns, chunks, bars_of, header=header)
        else:
            _print_pieces(_find_writer(format_, title, header=header)(columns, chunks))


def _find_writer(format_: Format, title: str, *, header: bool) -> Writer:
    if format_ is Format.HTML:
        return partial(write_html, title=title)
    return WRITERS[format_.value] if header else partial(HEADED[format_.value], header=False)


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
    with open_output(output) as path, path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces)


@contextmanager
def open_output(output: Path) -> Iterator[Path]:
    """Where to write so that a file appears whole; a pipe or a device is written to as it is, a link followed."""
    target = output.resolve()
    if target.is_dir():
        raise UsageError(f"{output} is a folder: name a file in it")
    if target.exists() and not target.is_file():
        yield target
        return
    with replace_file(target) as temporary:
        yield temporary


def _write_parquet(result: "Result", path: Path) -> None:
    result.write_parquet(path)


def _write_workbook(result: "Result", path: Path) -> None:
    from etl.exports.workbook import write_result_workbook  # noqa: PLC0415  (its library is an optional extra)

    write_result_workbook(result, path, to_text)


_BINARY = {Format.PARQUET: _write_parquet, Format.XLSX: _write_workbook}


def _write_binary(
    write: Callable[["Result", Path], None], format_: Format, result: "Result", output: Path | None
) -> None:
    """Such a file is written with its end in sight, so that a pipe gets it when it is whole."""
    if output:
        with open_output(output) as path:
            write(result, path)
        return
    if sys.stdout.isatty():
        raise UsageError(f"{format_.value} isn't for a terminal: name a file with --output, or pipe it")
    with open_folder() as folder:
        path = folder / "result"
        write(result, path)
        with path.open("rb") as file, _watch_reader():
            shutil.copyfileobj(file, sys.stdout.buffer)
