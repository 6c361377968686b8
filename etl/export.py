"""From a query to the Parquet files of one table.

DuckDB sorts, PyArrow writes. DuckDB's own partitioned COPY gives other bytes with another number of threads or another
memory limit; rows in a total order, cut into row groups of a fixed size by one writer, give the same bytes always, at
no cost in time. PyArrow also writes the dictionary statistics that some BI engines need to be fast
(duckdb/duckdb#24956).

The partition key is a column of the file and part of its path. It is written as a dictionary column: PyArrow and pandas
read the key of a path as a dictionary and refuse to merge it with plain text; all others see text either way.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
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
# Text columns that gain by a dictionary. Of ids, names and hashes it would hold nearly every value: without one, the
# files of a full release are a tenth smaller and written a tenth faster.
_FEW_VALUED = {"length_unit", "width_unit", "height_unit", "weight_unit", "id_style", "scope", "reason"}
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
            writing.append(pool.submit(_write, pa.Table.from_batches(rows, schema), folder / place))
    return [future.result() for future in writing] or [_write(schema.empty_table(), folder / _FILE)]


def _to_field(column: Column, model: Model) -> pa.Field:
    return pa.field(column.name, _KEY_TYPE if column.name == model.partition else _ARROW_TYPES[column.type])


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


def _write(rows: pa.Table, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = {field.name for field in rows.schema if field.type == pa.string()} - _FEW_VALUED
    dictionary = [name for name in rows.column_names if name not in plain]
    pq.write_table(rows, path, ROW_GROUP_ROWS, compression="zstd", use_dictionary=dictionary, write_page_index=True)
    return path
