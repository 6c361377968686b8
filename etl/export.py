"""From a query to the Parquet files of one table.

DuckDB sorts, PyArrow writes. DuckDB's own partitioned COPY gives other bytes with another number of threads or another
memory limit; rows in a total order, cut into row groups of a fixed size by one writer, give the same bytes always, at
no cost in time. PyArrow also writes the dictionary statistics that some BI engines need to be fast
(duckdb/duckdb#24956).

The partition key is a column of the file and part of its path. It is written as a dictionary column: PyArrow and pandas
read the key of a path as a dictionary and refuse to merge it with plain text; all others see text either way.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.models import Column, Model

ROW_GROUP_ROWS = 122_880
"""DuckDB's own row group size: what one of its threads reads at a time."""

_ARROW_TYPES = {
    "varchar": pa.string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
}
_KEY_TYPE = pa.dictionary(pa.int32(), pa.string())


def export_model(connection: duckdb.DuckDBPyConnection, model: Model, folder: Path) -> list[Path]:
    """Run `model` and write its files below `folder`, sorted: one a partition, or one in all.

    Memory: DuckDB's sort (it spills), and one row group. A table without rows is one file without rows.
    """
    relation = connection.sql(f"select * from ({model.query}) order by {model.order}")
    schema = pa.schema([_to_field(column, model) for column in model.columns])
    if relation.columns != schema.names:
        raise ValueError(f"the header of {model.name} names {schema.names}, its query gives {relation.columns}")
    batches = (batch.cast(schema) for batch in relation.to_arrow_reader(ROW_GROUP_ROWS))
    written = [_write(parts, schema, folder / place) for place, parts in _split(batches, model)]
    return written or [_write(iter(()), schema, folder / "part-0.parquet")]


def _to_field(column: Column, model: Model) -> pa.Field:
    return pa.field(column.name, _KEY_TYPE if column.name == model.partition else _ARROW_TYPES[column.type])


def _split(batches: Iterator[pa.RecordBatch], model: Model) -> Iterator[tuple[str, Iterator[pa.RecordBatch]]]:
    """The batches of each partition, which the order makes contiguous. Each group must be used up before the next."""
    if not model.partition:
        first = next(batches, None)
        if first is not None:
            yield "part-0.parquet", _chain(first, batches)
        return
    pieces = (piece for batch in batches for piece in _cut(batch, model.partition))
    pending = next(pieces, None)
    while pending is not None:
        group = _Group(pending, pieces)
        yield f"{model.partition}={group.key}/part-0.parquet", iter(group)
        pending = group.rest


def _chain(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


def _cut(batch: pa.RecordBatch, partition: str) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Slices of `batch` of one partition each."""
    keys = pc.run_end_encode(batch[partition].cast(pa.string()))
    start = 0
    for key, end in zip(keys.values.to_pylist(), keys.run_ends.to_pylist(), strict=True):
        yield key, batch.slice(start, end - start)
        start = end


class _Group:
    """The run of pieces that share a key; `rest` is the first piece after it, once the run is used up."""

    def __init__(self, first: tuple[str, pa.RecordBatch], pieces: Iterator[tuple[str, pa.RecordBatch]]) -> None:
        self.key, self._first = first
        self._pieces = pieces
        self.rest: tuple[str, pa.RecordBatch] | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        yield self._first
        for key, batch in self._pieces:
            if key != self.key:
                self.rest = (key, batch)
                return
            yield batch


def _write(batches: Iterator[pa.RecordBatch], schema: pa.Schema, path: Path) -> Path:
    """One file of row groups of `ROW_GROUP_ROWS`, however the rows arrive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    held: list[pa.RecordBatch] = []
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd", write_page_index=True) as writer:
        for batch in batches:
            held.append(batch)
            rows += batch.num_rows
            while rows >= ROW_GROUP_ROWS:
                table = pa.Table.from_batches(held, schema)
                writer.write_table(table.slice(0, ROW_GROUP_ROWS), ROW_GROUP_ROWS)
                held = table.slice(ROW_GROUP_ROWS).to_batches()
                rows -= ROW_GROUP_ROWS
        if rows:
            writer.write_table(pa.Table.from_batches(held, schema), ROW_GROUP_ROWS)
    return path
