"""From a query to the Parquet files of one table.

DuckDB sorts, PyArrow writes. DuckDB's own partitioned COPY gives other bytes with another number of threads or another
memory limit; rows in a total order, cut into row groups of a fixed size by one writer, give the same bytes always, at
no cost in time. PyArrow also writes the dictionary statistics that some BI engines need to be fast
(duckdb/duckdb#24956).

Rows are sorted by their key inside a partition, but as text keys of several partitions fall into one range ('234567'
lies between '00001' and '99999'). So key columns have Bloom filters: a reader that knows them looks one key up in one
row group of one file.

The partition key is a column of the file and part of its path. It is written as a dictionary column: PyArrow and pandas
read the key of a path as a dictionary and refuse to merge it with plain text; all others see text either way.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.models import Column, Model

ROW_GROUP_ROWS = 122_880
"""DuckDB's own row group size: what one of its threads reads at a time."""

ARROW_TYPES = {
    "varchar": pa.string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
}
_KEY_TYPE = pa.dictionary(pa.int32(), pa.string())
# Text columns that gain by a dictionary. Of ids, names and hashes it would hold nearly every value: without one, the
# files of a full release are a tenth smaller and written a tenth faster.
_FEW_VALUED = {"length_unit", "width_unit", "height_unit", "weight_unit", "id_style", "scope", "reason"}
_FALSE_POSITIVES = 0.01
_FILE = "part-0.parquet"
_WRITERS = 2


def export_model(connection: duckdb.DuckDBPyConnection, model: Model, folder: Path) -> list[Path]:
    """Run `model` and write its files below `folder`, sorted: one a partition, or one in all.

    Files are written while the rows of the next ones still come. Memory: DuckDB's sort (it spills), and the rows of
    three partitions. A table without rows is one file without rows.
    """
    relation = connection.sql(f"select * from ({model.query}) order by {model.order}")
    schema = pa.schema([_to_field(column, model) for column in model.columns])
    if relation.columns != schema.names:
        raise ValueError(f"the header of {model.name} names {schema.names}, its query gives {relation.columns}")
    batches = (batch.cast(schema) for batch in relation.to_arrow_reader(ROW_GROUP_ROWS))
    writing: list[Future[Path]] = []
    with ThreadPoolExecutor(_WRITERS) as pool:
        for place, rows in _gather_partitions(batches, model.partition):
            if len(writing) >= _WRITERS:
                writing[-_WRITERS].result()  # no more partitions in memory than are being written
            table = pa.Table.from_batches(rows, schema)
            writing.append(pool.submit(_write, table, model, folder / place))
    return [future.result() for future in writing] or [_write(schema.empty_table(), model, folder / _FILE)]


def export_flat(rows: duckdb.DuckDBPyRelation, model: Model, path: Path) -> None:
    """Write all `rows` of the table of `model`, in their order, to one file of the same types; streams."""
    schema = pa.schema([_to_field(column, model) for column in model.columns])
    with pq.ParquetWriter(path, schema, **_choose_encoding(schema, model, ROW_GROUP_ROWS)) as writer:
        for batch in rows.to_arrow_reader(ROW_GROUP_ROWS):
            writer.write_batch(batch.cast(schema), ROW_GROUP_ROWS)


def _to_field(column: Column, model: Model) -> pa.Field:
    return pa.field(column.name, _KEY_TYPE if column.name == model.partition else ARROW_TYPES[column.type])


def _gather_partitions(batches: Iterator[pa.RecordBatch], partition: str) -> Iterator[tuple[str, list[pa.RecordBatch]]]:
    """The place of each file, and its rows. The order makes the rows of a partition contiguous."""
    pieces = (piece for batch in batches for piece in _cut(batch, partition))
    for key, group in groupby(pieces, key=lambda piece: piece[0]):
        yield (f"{partition}={key}/{_FILE}" if partition else _FILE), [batch for _, batch in group]


def _cut(batch: pa.RecordBatch, partition: str) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Slices of `batch` of one partition each, with its key."""
    if not partition:
        yield "", batch
        return
    keys = pc.run_end_encode(batch[partition].cast(pa.string()))
    start = 0
    for key, end in zip(keys.values.to_pylist(), keys.run_ends.to_pylist(), strict=True):
        yield key, batch.slice(start, end - start)
        start = end


def _write(rows: pa.Table, model: Model, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    encoding = _choose_encoding(rows.schema, model, min(rows.num_rows, ROW_GROUP_ROWS))
    pq.write_table(rows, path, ROW_GROUP_ROWS, **encoding)
    return path


def _choose_encoding(schema: pa.Schema, model: Model, keys: int) -> dict[str, Any]:
    """Options of PyArrow's writer for row groups of at most so many `keys`."""
    plain = {field.name for field in schema if field.type == pa.string()} - _FEW_VALUED
    partition, key, *_ = [*model.order.split(", "), ""]
    filters = {key: {"ndv": max(keys, 1), "fpp": _FALSE_POSITIVES}} if partition == model.partition else None
    return {
        "compression": "zstd",
        "use_dictionary": [name for name in schema.names if name not in plain],
        "write_page_index": True,
        "bloom_filter_options": filters,
    }
