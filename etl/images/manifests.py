"""Manifests: files that name a picture a row, and copies of them without the rows whose picture isn't there.

A row names its picture by `image_key` or, where there is no such column, by `bin_id`; a bin can have many rows. Rows of
text are copied byte for byte, so each is kept together with its bytes; a CSV row may span lines.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from etl.atomic import replace_file
from etl.errors import UsageError
from etl.sources.base import IMAGES_PREFIX

COLUMNS = ("image_key", "bin_id")
_BATCH_ROWS = 65_536
_Row = tuple[bytes, str | None]  # its bytes, and the key that it names; None where it names none, as a header
_Split = Callable[[BinaryIO], Iterator[_Row]]


class Manifest(Protocol):
    """A file that names pictures."""

    @property
    def path(self) -> Path:
        """Where it is."""

    def read_keys(self) -> Iterator[str]:
        """The key of each row's picture, as it is named. Streams.

        Raises:
            UsageError: the file isn't a manifest.
        """

    def read_rows(self) -> Iterator[bytes]:
        """What tells each row from others, and the head, if there is one. Streams."""

    def write_copy(self, path: Path, kept: set[str]) -> None:
        """Write the rows whose keys are in `kept` to `path`, which appears whole."""


def find_manifests(path: Path) -> list[Path]:
    """`path` itself or, where it is the folder of a training set, those of its files that name pictures.

    The largest comes first, which is training: a limit takes the first that are named.

    Raises:
        UsageError: it is a folder without any.
    """
    if not path.is_dir():
        return [path]
    rows = {name: count for name, count in _read_counts(path).items() if Path(name).suffix in {*_SPLITS, ".parquet"}}
    if not rows:
        raise UsageError(
            f"--manifest {path} is a folder, and no training set whose files name pictures: "
            "name one that `abid-report manifest --format jsonl --output` made, or a file"
        )
    return [path / name for name in sorted(rows, key=rows.__getitem__, reverse=True)]


def _read_counts(folder: Path) -> dict[str, int]:
    """The rows of each file of a training set; none where the folder is anything else."""
    try:
        listed = json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    match listed:
        case {"files": dict() as files}:
            counts = {name: about.get("rows") for name, about in files.items() if isinstance(about, dict)}
            return {name: count for name, count in counts.items() if isinstance(count, int)}
        case _:
            return {}


def open_manifest(path: Path, suffix: str = "") -> Manifest:
    """The manifest at `path`, of the kind that its ending says, or `suffix`.

    Raises:
        UsageError: there is none.
    """
    if not path.is_file():
        raise UsageError(f"--manifest {path} is no file: name one that `abid-report manifest` wrote")
    suffix = suffix or path.suffix
    if suffix == ".parquet":
        return _ParquetManifest(path)
    if split := _SPLITS.get(suffix):
        return _TextManifest(path, split)
    raise UsageError(f"--manifest {path} can't be read: its name must end in {', '.join(_SPLITS)} or .parquet")


def choose_column(names: Mapping[str, Any] | list[str]) -> str:
    """The column that names pictures.

    Raises:
        UsageError: there is none, or more than one.
    """
    column = next((name for name in COLUMNS if name in names), None)
    if not column:
        raise UsageError(f"no column is called {' or '.join(COLUMNS)}, one of which must name the pictures")
    if list(names).count(column) > 1:
        raise UsageError(f"more than one column is called {column}: rename or remove all but the one to go by")
    return column


def make_key(column: str, value: Any) -> str:
    """The key of the picture that a value of `column` names.

    Raises:
        UsageError: it is no text.
    """
    if not isinstance(value, str):
        raise UsageError(f"{column} is {value!r}, which is no text: mind that 523 and 00523 are different bins")
    return value if column == "image_key" else f"{IMAGES_PREFIX}{value}.jpg"


@dataclass(frozen=True, slots=True)
class _TextManifest:
    """JSON lines or CSV. Holds one row."""

    path: Path
    split: _Split

    def read_keys(self) -> Iterator[str]:
        return (key for _, key in self._read_rows() if key is not None)

    def read_rows(self) -> Iterator[bytes]:
        return (row for row, _ in self._read_rows())

    def write_copy(self, path: Path, kept: set[str]) -> None:
        with replace_file(path) as temporary, temporary.open("wb") as copy:
            copy.writelines(row for row, key in self._read_rows() if key is None or key in kept)

    def _read_rows(self) -> Iterator[_Row]:
        with _explain(self.path), self.path.open("rb") as file:
            yield from self.split(file)


@dataclass(frozen=True, slots=True)
class _ParquetManifest:
    """Holds one batch. The copy has the schema, and what the file says of itself."""

    path: Path

    def read_keys(self) -> Iterator[str]:
        return (key for _, keys in self._read_batches(whole=False) for key in keys)

    def read_rows(self) -> Iterator[bytes]:
        for batch, _ in self._read_batches():
            names = batch.schema.names
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield repr((names, values)).encode()

    def write_copy(self, path: Path, kept: set[str]) -> None:
        schema = pq.read_schema(self.path)
        with replace_file(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as copy:
            for batch, keys in self._read_batches():
                copy.write_table(_filter(batch, [key in kept for key in keys]))

    def _read_batches(self, *, whole: bool = True) -> Iterator[tuple[pa.RecordBatch, list[str]]]:
        """Each with the keys of its rows."""
        with _explain(self.path), pq.ParquetFile(self.path) as file:
            column = choose_column(file.schema_arrow.names)
            for batch in file.iter_batches(_BATCH_ROWS, columns=None if whole else [column]):
                yield batch, [make_key(column, value) for value in batch[column].to_pylist()]


def _filter(batch: pa.RecordBatch, is_kept: list[bool]) -> pa.Table:
    """By slices: PyArrow's own filter doesn't know all types that a Parquet file can have, as views of text."""
    runs, place = [], 0
    for kept, run in groupby(is_kept):
        length = len(list(run))
        runs += [batch.slice(place, length)] * kept
        place += length
    return pa.Table.from_batches(runs, batch.schema)


def _split_json(file: BinaryIO) -> Iterator[_Row]:
    for number, line in enumerate(file, 1):
        with _locate(number):
            row = json.loads(line) if line.strip() else None
            if row is not None and not isinstance(row, dict):
                raise UsageError("it is no JSON object")
            yield line, None if row is None else _read_key(row)


def _split_csv(file: BinaryIO) -> Iterator[_Row]:
    taken: list[bytes] = []

    def decode() -> Iterator[str]:
        for line in file:
            taken.append(line)
            yield line.decode("utf-8")

    lines = decode()
    first = next(lines, "").removeprefix("\ufeff")
    reader = csv.reader(chain([first], lines), strict=True)
    header: list[str] | None = None
    for cells in reader:
        with _locate(reader.line_num):
            is_row = header is not None and bool(cells)
            key = _read_key(dict(zip(header or (), cells, strict=False))) if is_row else None
            if header is None:
                choose_column(header := cells)
            yield b"".join(taken), key
            taken.clear()


def _read_key(row: Mapping[str, Any]) -> str:
    column = choose_column(row)
    return make_key(column, row[column])


@contextmanager
def _locate(line: int) -> Iterator[None]:
    """Say in which line something is wrong."""
    try:
        yield
    except (UsageError, ValueError, RecursionError) as error:
        raise UsageError(f"line {line}: {error}") from error


@contextmanager
def _explain(path: Path) -> Iterator[None]:
    """Say in which file something is wrong."""
    try:
        yield
    except (UsageError, ValueError, OSError, csv.Error, pa.ArrowException) as error:
        remedy = "" if isinstance(error, UsageError) else ": mend it, or write it anew in another way"
        reason = str(error).partition("\n")[0].rstrip(".")
        raise UsageError(f"--manifest {path} can't be read: {reason}{remedy}") from error


_SPLITS: dict[str, _Split] = {".jsonl": _split_json, ".csv": _split_csv}
