"""Shards: Parquet files of whole documents, the raw layer's only ledger.

What the shards hold is what has been fetched. A shard appears by one rename, or not at all, so a killed run leaves
nothing to repair: the next one subtracts what is there. Rows are sorted by key; the file's name is a hash of what it
holds, so shards made by different workers never collide, and the same shard made twice is one file.
"""

import datetime as dt
import hashlib
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.atomic import replace_file
from etl.sources.base import LISTING_SCHEMA, Body, Source

SHARD_SCHEMA = pa.schema(
    [
        *LISTING_SCHEMA,
        pa.field("md5", pa.string(), nullable=False),
        pa.field("fetched_at", pa.timestamp("us"), nullable=False),
        pa.field("body", pa.binary(), nullable=False),
    ]
)
"""One row per document: the listing's columns, the MD5 of the bytes, when they were fetched (UTC), and the bytes."""

NOT_FETCHED_SCHEMA = pa.schema([("key", pa.string()), ("error", pa.string())])
"""One row per listed document that the fetch could not get."""

SHARD_ROWS = 16_384
SHARD_BYTES = 64 << 20
_MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(slots=True)
class Packed:
    """What became of a slice of a listing."""

    documents: int = 0
    size: int = 0
    not_fetched: list[tuple[str, str]] = field(default_factory=list)


def pack_documents(source: Source, wanted: pa.Table, folder: Path, fetched_at: dt.datetime) -> Iterator[Packed]:
    """Read the rows of `wanted` from `source` into shards; yields after each shard what it added.

    Memory: one shard's documents.
    """
    rows: list[int] = []
    bodies: list[bytes] = []
    packed = Packed()
    for body in checked_bodies(source, wanted):
        if body.error:
            packed.not_fetched.append((wanted["key"][body.row].as_py(), body.error))
            continue
        rows.append(body.row)
        bodies.append(body.content)
        packed.size += len(body.content)
        if len(rows) >= SHARD_ROWS or packed.size >= SHARD_BYTES:
            packed.documents = write_shard(wanted.take(rows), bodies, folder, fetched_at)
            yield packed
            rows, bodies, packed = [], [], Packed()
    packed.documents = write_shard(wanted.take(rows), bodies, folder, fetched_at) if rows else 0
    yield packed


def checked_bodies(source: Source, wanted: pa.Table) -> Iterator[Body]:
    """The bodies of `wanted`, each held against its listing: a body of another size or MD5 becomes an error."""
    sizes = wanted["size"].to_pylist()
    etags = wanted["etag"].to_pylist()
    for body in source.read_bodies(wanted):
        fault = "" if body.error else _compare(body.content, sizes[body.row], etags[body.row])
        yield Body(body.row, error=fault) if fault else body


def _compare(content: bytes, size: int, etag: str) -> str:
    if len(content) != size:
        return f"{len(content)} bytes came, {size} were listed"
    if _MD5.fullmatch(etag) and etag != hashlib.md5(content, usedforsecurity=False).hexdigest():
        return "the MD5 of what came isn't the listed one"
    return ""


def write_shard(listed: pa.Table, bodies: list[bytes], folder: Path, fetched_at: dt.datetime) -> int:
    """Write one shard of the documents `listed` with their `bodies`, and return how many they are."""
    order = pc.sort_indices(listed, [("key", "ascending"), ("etag", "ascending")]).to_pylist()
    bodies = [bodies[row] for row in order]
    shard = pa.Table.from_arrays(
        [
            *listed.take(order).columns,
            pa.array([hashlib.md5(body, usedforsecurity=False).hexdigest() for body in bodies], pa.string()),
            pa.repeat(pa.scalar(fetched_at, pa.timestamp("us")), listed.num_rows),
            _to_array(bodies),
        ],
        schema=SHARD_SCHEMA,
    )
    with replace_file(folder / f"{_name(shard)}.parquet") as temporary:
        pq.write_table(shard, temporary, compression="zstd", compression_level=1, use_dictionary=["fetched_at"])
    return len(bodies)


def _to_array(bodies: list[bytes]) -> pa.Array:
    """`bodies` in Arrow's layout. One join copies them four times as fast as a builder that grows."""
    ends = array("i", accumulate(map(len, bodies), initial=0))
    return pa.Array.from_buffers(pa.binary(), len(bodies), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(bodies))])


def _name(shard: pa.Table) -> str:
    """A hash of what the shard holds, whatever the time at which it was fetched."""
    digest = hashlib.blake2b(digest_size=12)
    for column in ("key", "etag", "md5"):
        digest.update("\n".join(shard[column].to_pylist()).encode())
    return digest.hexdigest()
