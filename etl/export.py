"""From a query to the Parquet files of one table.

DuckDB sorts, PyArrow writes. DuckDB's own partitioned COPY gives other bytes with another number of threads or another
memory limit; rows in a total order, cut into row groups of a fixed size by one writer, give the same bytes always, at
no cost in time. PyArrow also writes the dictionary statistics that some BI engines need to be fast
(duckdb/duckdb#24956).

A partition is one file, until it is so large that one would be unwieldy: the header of a model says by `parts` which
rows go to which file, as a function of the row. So a file holds the same rows whoever writes it: a build that sees all
rows, or one of many tasks that sees those of this file only.

Rows are sorted by their key inside a file, but as text keys of several partitions fall into one range ('234567'
lies between '00001' and '99999'). So key columns have Bloom filters: a reader that knows them looks one key up in one
row group of one file.

The partition key is a column of the file and part of its path. It is written as a dictionary column: PyArrow and pandas
read the key of a path as a dictionary and refuse to merge it with plain text; all others see text either way.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Semaphore
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.itemlines import ITEM_PART, ItemLines
from etl.manifest import describe_file
from etl.models import Column, Model

ROW_GROUP_ROWS = 122_880
"""DuckDB's own row group size: what one of its threads reads at a time."""

DOCUMENTS_A_FILE = 500_000
"""Of the files of items, in each partition, there is one for so many listed documents: 536,434 make one."""

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
_PENDING_GROUPS = 4  # row groups that may wait for their writers: some 40 MB each
_PART = "part"


def export_model(
    connection: duckdb.DuckDBPyConnection, model: Model, folder: Path, lines: ItemLines | None = None
) -> list[Path]:
    """Run `model` and write its files below `folder`, sorted; `lines` gets the rows too, which are those of lines.

    Files are written while the rows of the next ones still come. Memory: DuckDB's sort (it spills), and some row
    groups. A table without rows is one file without rows.
    """
    share = f", case when asin is not null then item_part_of(asin) end::bigint as {ITEM_PART}" if lines else ""
    relation = connection.sql(
        f"select *, {model.parts or 0} as {_PART}{share} from ({model.query}) order by {_order_of_rows(model)}"
    )
    schema = pa.schema([pa.field(column.name, ARROW_TYPES[column.type]) for column in model.columns])
    if relation.columns[: relation.columns.index(_PART)] != schema.names:
        raise ValueError(f"the header of {model.name} names {schema.names}, its query gives {relation.columns}")
    with _Files(model, folder) as files:
        for batch in relation.to_arrow_reader(ROW_GROUP_ROWS):
            for place, rows in _cut(batch, model.partition):
                files.add(place, rows.select(schema.names).cast(schema))
            if lines:
                lines.add(batch)
    return files.paths or [write_empty(model, folder)]


def describe_tables(made: Mapping[str, list[Path]], folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The entries of the files of tables in the manifest of the release in `folder`."""
    return {
        table: [describe_file(path, folder, rows=int(pq.read_metadata(path).num_rows)) for path in files]
        for table, files in made.items()
    }


def choose_item_parts(listed: int) -> int:
    """In how many files items are, of each partition, when so many documents are listed."""
    return max(round(listed / DOCUMENTS_A_FILE), 1)


def write_empty(model: Model, folder: Path) -> Path:
    """The one file of a table without rows."""
    path = folder / "part-0.parquet"
    schema = _file_schema(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(schema.empty_table(), path, **_choose_encoding(schema, model, 0))
    return path


def export_flat(rows: duckdb.DuckDBPyRelation, model: Model, path: Path) -> None:
    """Write all `rows` of the table of `model`, in their order, to one file of the same types; streams."""
    schema = _file_schema(model)
    with pq.ParquetWriter(path, schema, **_choose_encoding(schema, model, ROW_GROUP_ROWS)) as writer:
        for batch in rows.to_arrow_reader(ROW_GROUP_ROWS):
            writer.write_batch(batch.cast(schema), ROW_GROUP_ROWS)


def _order_of_rows(model: Model) -> str:
    """That of the header, a file after the other."""
    keys = model.order.split(", ")
    keys.insert(1 if model.partition else 0, _PART)
    return ", ".join(keys if model.parts else [key for key in keys if key != _PART])


def _file_schema(model: Model) -> pa.Schema:
    return pa.schema([_to_field(column, model) for column in model.columns])


def _to_field(column: Column, model: Model) -> pa.Field:
    return pa.field(column.name, _KEY_TYPE if column.name == model.partition else ARROW_TYPES[column.type])


def _cut(batch: pa.RecordBatch, partition: str) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Slices of `batch` of one file each, with its place."""
    keys = [name for name in (partition, _PART) if name]
    ends = sorted({end for name in keys for end in pc.run_end_encode(batch[name]).run_ends.to_pylist()})
    for start, end in zip([0, *ends], ends, strict=False):
        folder = f"{partition}={batch[partition][start]}/" if partition else ""
        yield f"{folder}{_PART}-{batch[_PART][start]}.parquet", batch.slice(start, end - start)


class _Files:
    """A context: the files of one table. Rows come file by file; each file has a thread that writes it.

    Two or three are being written at a time, as the row groups that may wait allow.
    """

    def __init__(self, model: Model, folder: Path) -> None:
        self._model, self._folder = model, folder
        self._room = Semaphore(_PENDING_GROUPS)
        self._files: dict[str, _File] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with ExitStack() as stack:  # one that fails keeps no other from being closed
            for file in self._files.values():
                stack.callback(file.close)

    @property
    def paths(self) -> list[Path]:
        """In the order of the rows."""
        return [self._folder / place for place in self._files]

    def add(self, place: str, rows: pa.RecordBatch) -> None:
        """Take the next rows."""
        if place not in self._files:
            for former in self._files.values():
                former.end()
            self._files[place] = _File(self._folder / place, self._model, self._room)
        self._files[place].add(rows)


class _File:
    """One file, written row group by row group, each copied to one piece: bytes mustn't depend on how rows came."""

    def __init__(self, path: Path, model: Model, room: Semaphore) -> None:
        self._path, self._model, self._room = path, model, room
        self._schema = _file_schema(model)
        self._waiting: list[pa.RecordBatch] = []
        self._pool = ThreadPoolExecutor(1)
        self._written: list[Future[None]] = []
        self._writer: pq.ParquetWriter | None = None
        self._ended = False

    def add(self, rows: pa.RecordBatch) -> None:
        self._waiting.append(rows)
        while sum(batch.num_rows for batch in self._waiting) >= ROW_GROUP_ROWS:
            table = pa.Table.from_batches(self._waiting)
            self._submit(table.slice(0, ROW_GROUP_ROWS))
            self._waiting = table.slice(ROW_GROUP_ROWS).to_batches()

    def end(self) -> None:
        """Write what is left, without waiting for it."""
        if not self._ended:
            self._ended = True
            if self._waiting:
                self._submit(pa.Table.from_batches(self._waiting))
            self._waiting = []
            self._written.append(self._pool.submit(self._finish))

    def close(self) -> None:
        """Wait for what is being written, and fail if that has."""
        self.end()
        self._pool.shutdown()
        for written in self._written:
            written.result()

    def _submit(self, group: pa.Table) -> None:
        self._room.acquire()
        self._written.append(self._pool.submit(self._write, group))

    def _write(self, group: pa.Table) -> None:
        try:
            writer = self._writer or self._open(group.num_rows)
            writer.write_table(group.combine_chunks().cast(self._schema), ROW_GROUP_ROWS)
        finally:
            self._room.release()

    def _open(self, rows: int) -> pq.ParquetWriter:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(self._path, self._schema, **_choose_encoding(self._schema, self._model, rows))
        return self._writer

    def _finish(self) -> None:
        if self._writer:
            self._writer.close()


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
