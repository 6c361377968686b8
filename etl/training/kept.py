"""Sides that stay: those of an earlier split, which the bins that a later one adds are dealt around."""

import csv
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from etl.errors import UsageError

_COLUMNS = ("bin_id", "side")
_REMEDY = "Name a file that `abid-report splits --output` wrote, as sides.csv, sides.jsonl or sides.parquet."


@dataclass(frozen=True, slots=True)
class Kept:
    """The side of each bin that an earlier split had on one, and the SHA-256 of the file that says so."""

    sides: Mapping[str, str] = field(default_factory=dict)
    sha256: str | None = None


def read_kept(path: Path, asked: Collection[str]) -> Kept:
    """The bins that an earlier result of `abid-report splits` has on one of the sides that are asked for.

    Those on none are left out, as if they were new. Holds the file.

    Raises:
        UsageError: it isn't there or isn't such a result, or a side isn't asked for.
    """
    try:
        content = path.read_bytes()
        sides = _take_sides(_read_rows(content, path.suffix))
    except (UsageError, ValueError, OSError, RecursionError, csv.Error, pa.ArrowException) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
        raise UsageError(f"--keep {path} can't be read: {said}\n{_REMEDY}") from error
    if others := sorted({*sides.values()} - {*asked}):
        raise UsageError(
            f"--keep {path} has bins on {', '.join(others)}, and asked for are {', '.join(asked)}: "
            "give the --ratios or --folds that it was made with"
        )
    return Kept(sides, hashlib.sha256(content).hexdigest())


def _read_rows(content: bytes, ending: str) -> Iterable[Mapping[str, Any]]:
    if read := _READERS.get(ending):
        return read(content)
    raise UsageError(f"its name must end in {', '.join(_READERS)}")


def _take_sides(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    sides: dict[str, str] = {}
    for row in rows:
        if missing := [name for name in _COLUMNS if name not in row]:
            raise UsageError(f"no column is called {' or '.join(missing)}")
        bin_id, side = map(row.__getitem__, _COLUMNS)
        if not isinstance(bin_id, str):
            raise UsageError(f"bin_id is {bin_id!r}, which is no text: mind that 523 and 00523 are different bins")
        if not isinstance(side, str | None):
            raise UsageError(f"the side of {bin_id} is {side!r}, which is no text")
        if side and sides.setdefault(bin_id, side) != side:
            raise UsageError(f"{bin_id} is on two sides, {sides[bin_id]} and {side}")
    if not sides:
        raise UsageError("no bin of it is on a side")
    return sides


def _read_csv(content: bytes) -> Iterable[Mapping[str, Any]]:
    return csv.DictReader(StringIO(content.decode("utf-8-sig"), newline=""), strict=True)


def _read_json(content: bytes) -> Iterable[Mapping[str, Any]]:
    for number, line in enumerate(content.splitlines(), 1):
        row = json.loads(line) if line.strip() else None
        if row is not None and not isinstance(row, dict):
            raise UsageError(f"line {number} is no JSON object")
        if row is not None:
            yield row


def _read_parquet(content: bytes) -> Iterable[Mapping[str, Any]]:
    with pq.ParquetFile(BytesIO(content)) as file:
        names = [name for name in file.schema_arrow.names if name in _COLUMNS]
        rows: list[dict[str, Any]] = file.read(columns=names).to_pylist()
    return rows


_READERS = {".csv": _read_csv, ".jsonl": _read_json, ".ndjson": _read_json, ".parquet": _read_parquet}
