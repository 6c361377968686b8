"""Compaction: small shards become full ones, and a document that is held twice is kept once.

The new shards are there before the old ones go. So a run that is killed in between leaves documents that are held
twice, which count once, and readers never miss one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.datadir import DataDir
from etl.errors import explain_damage, explain_full_disk
from etl.lock import lock_writing
from etl.raw import DOCUMENTS, REMEDY, Raw, RawFolder, read_files
from etl.shards import SHARD_BYTES, SHARD_ROWS, SHARD_SCHEMA, write_shard

_VERSION_SCHEMA = pa.schema([SHARD_SCHEMA.field(name) for name in ("key", "etag", "md5")])
# Of a document that is held several times, the first copy in the first shard stays.
_SURPLUS = """
create table surplus as
select file, place
from contents
qualify row_number() over (partition by key, etag, md5 order by file, place) > 1
"""
_WITH_PLACE = "select *, row_number() over () as place from documents"
_WITHOUT_SURPLUS = f"""
select * exclude (place) from ({_WITH_PLACE}) anti join (from surplus where file = ?) using (place)
"""


@dataclass(frozen=True, slots=True)
class Compaction:
    """How many shards there were and are, and how many documents were held once more than needed."""

    before: int
    after: int
    surplus: int


def compact_raw(data: DataDir, *, raw: Raw | None = None) -> Compaction:
    """Join the shards that are less than half full, and those with documents that others hold too.

    Memory: two full shards, and the keys of all documents.

    Raises:
        StorageError: no space is left in `data`. Nothing is lost.
        UsageError: another process writes to `data`, or a shard can't be read.
    """
    raw = raw or RawFolder(data.raw)
    with explain_full_disk(data.root), lock_writing(data), duckdb.connect() as connection:
        raw.prepare()
        before = raw.list_files(DOCUMENTS)
        surplus = _find_surplus(connection, raw, before)
        affected = {file for (file,) in connection.sql("select distinct file from surplus").fetchall()}
        former = [name for name in before if name in affected or _is_small(raw, name)]
        if surplus or len(former) > 1:
            written = {write_shard(raw, documents) for documents in _repack(connection, raw, former)}
            for name in set(former) - written:
                raw.remove_file(name)
        return Compaction(len(before), len(raw.list_files(DOCUMENTS)), surplus)


def _find_surplus(connection: duckdb.DuckDBPyConnection, raw: Raw, names: list[str]) -> int:
    connection.execute("create table contents (key varchar, etag varchar, md5 varchar, place bigint, file varchar)")
    for name in names:
        connection.register("documents", read_files(raw, [name], _VERSION_SCHEMA))
        connection.execute(f"insert into contents select *, ? from ({_WITH_PLACE})", [name])
    connection.execute(_SURPLUS)
    return int(connection.sql("select count(*) from surplus").fetchall()[0][0])


def _is_small(raw: Raw, name: str) -> bool:
    """Whether a shard is less than half full, by rows and by bytes: documents can be large."""
    with explain_damage(f"{name} in {raw.uri}", REMEDY), pq.ParquetFile(raw.open_file(name)) as file:
        metadata = file.metadata
    body = SHARD_SCHEMA.names.index("body")
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    size = sum(group.column(body).total_uncompressed_size for group in groups)
    return bool(metadata.num_rows < SHARD_ROWS // 2 and size < SHARD_BYTES // 2)


def _repack(connection: duckdb.DuckDBPyConnection, raw: Raw, names: list[str]) -> Iterator[pa.Table]:
    """The documents of some shards, in full ones."""
    waiting = SHARD_SCHEMA.empty_table()
    for name in names:
        connection.register("documents", read_files(raw, [name], SHARD_SCHEMA))
        rest = connection.sql(_WITHOUT_SURPLUS, params=[name]).to_arrow_table().cast(SHARD_SCHEMA)
        waiting = pa.concat_tables([waiting, rest])
        while waiting.num_rows >= SHARD_ROWS or waiting["body"].nbytes >= SHARD_BYTES:
            full = waiting.slice(0, _count_fitting(waiting))
            waiting = waiting.slice(full.num_rows)
            yield _sort(full)
    if waiting.num_rows:
        yield _sort(waiting)


def _count_fitting(documents: pa.Table) -> int:
    """How many of the first documents make a full shard; at least one."""
    sizes = pc.cumulative_sum(pc.binary_length(documents["body"]).cast(pa.int64()))
    fitting: int = pc.sum(pc.less_equal(sizes, SHARD_BYTES)).as_py()
    return min(SHARD_ROWS, max(1, fitting))


def _sort(documents: pa.Table) -> pa.Table:
    return documents.sort_by([("key", "ascending"), ("etag", "ascending")])
