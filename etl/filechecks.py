"""The checks that look at a table's files rather than its rows, and so can't be SQL over the tables.

They read the footers and the few columns that the rows are sorted by; a batch of rows at a time.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.export import ARROW_TYPES
from etl.failure import Failure
from etl.models import Model

_SHOWN = 5
RULES = {
    "header": "The files have the columns that the header of the model names, of the types that it names.",
    "not_null": "A column is null only where the header of the model allows it.",
    "partition_folders": "A file holds the rows of the partition that its folder names, and no others.",
    "sort_order": "The rows of a file are sorted as the header of the model says, no two alike.",
}
Row = tuple[Any, ...]


def check_files(folder: Path, model: Model) -> list[Failure]:
    """Hold the files of one table of the release in `folder` against the header of `model`."""
    files = {str(path.relative_to(folder)): path for path in sorted((folder / model.name).rglob("*.parquet"))}
    differing = [row for name, path in files.items() for row in _compare_columns(name, path, model)]
    if differing:  # nothing else can be asked of other columns
        return [_fail("header", ["file", "header", "found"], differing)]
    nulls = [row for name, path in files.items() for row in _find_nulls(name, path, model)]
    strays = [row for name, path in files.items() for row in _find_strays(name, path, model)]
    unsorted = [row for name, path in files.items() for row in _find_unsorted(name, path, model)]
    found = [
        _fail("not_null", ["file", "column", "nulls"], nulls),
        _fail("partition_folders", ["file", model.partition, "rows"], strays),
        _fail("sort_order", ["file", "row", *_sort_keys(model)], unsorted),
    ]
    return [failure for failure in found if failure.count]


def _fail(check: str, columns: list[str], rows: list[Row]) -> Failure:
    return Failure(check, RULES[check], len(rows), columns, rows[:_SHOWN])


def _compare_columns(name: str, path: Path, model: Model) -> Iterator[Row]:
    told = [(column.name, str(ARROW_TYPES[column.type])) for column in model.columns]
    found = [(field.name, str(_plain(field.type))) for field in pq.read_schema(path)]
    for place in range(max(len(told), len(found))):
        pair = [" ".join(columns[place]) if place < len(columns) else None for columns in (told, found)]
        if pair[0] != pair[1]:
            yield name, *pair


def _plain(type_: pa.DataType) -> pa.DataType:
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def _find_nulls(name: str, path: Path, model: Model) -> Iterator[Row]:
    """From the statistics, so that no row is read; a row group without rows has none."""
    footer = pq.read_metadata(path)
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    for place, column in enumerate(model.columns):
        statistics = [group.column(place).statistics for group in groups if group.num_rows]
        nulls = sum(found.null_count for found in statistics)
        if nulls and not column.nullable:
            yield name, column.name, nulls


def _find_strays(name: str, path: Path, model: Model) -> Iterator[Row]:
    if model.partition:
        counts = pc.value_counts(_read(path, [model.partition])[model.partition].cast(pa.string()))
        for count in counts.to_pylist():
            if path.parent.name != f"{model.partition}={count['values']}":
                yield name, count["values"], count["counts"]


def _find_unsorted(name: str, path: Path, model: Model) -> Iterator[Row]:
    """The rows that don't come after the row before them, with their places from 0."""
    keys = _sort_keys(model)
    last: pa.RecordBatch | None = None
    place = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=keys):
            rows = pa.Table.from_batches([batch] if last is None else [last, batch]).combine_chunks()
            first = place - (last is not None)
            wrong = pc.indices_nonzero(pc.invert(_rises(rows.slice(0, len(rows) - 1), rows.slice(1), keys)))
            for index in wrong.to_pylist():
                yield name, first + index + 1, *(rows[key][index + 1].as_py() for key in keys)
            place += len(batch)
            last = batch.slice(len(batch) - 1)


def _rises(before: pa.Table, after: pa.Table, keys: list[str]) -> Any:
    """Row by row, whether `after` is larger, by the first key that differs. Keys are never null."""
    key, *others = keys
    rises = pc.less(before[key], after[key])
    return pc.or_(rises, pc.and_(pc.equal(before[key], after[key]), _rises(before, after, others))) if others else rises


def _sort_keys(model: Model) -> list[str]:
    """Without the partition key, which is the same in a whole file."""
    return [key for key in model.order.split(", ") if key != model.partition]


def _read(path: Path, columns: list[str]) -> pa.Table:
    return pq.read_table(path, columns=columns, partitioning=None)
