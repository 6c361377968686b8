"""Shards: Parquet files of whole documents, the raw layer's only ledger.

What the shards hold is what has been fetched. A shard appears whole or not at all, so a killed run leaves nothing to
repair: the next one subtracts what is there. Rows are sorted by key; the file's name is a hash of what it holds, so
shards made by different workers never collide, and the same shard made twice is one file.
"""

import datetime as dt
import hashlib
import time
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from operator import attrgetter

import pyarrow as pa

from etl.raw import DOCUMENTS, Raw
from etl.sources.base import LISTING_SCHEMA, Body, Entry

SHARD_SCHEMA = pa.schema(
    [
        *LISTING_SCHEMA,
        pa.field("md5", pa.string(), nullable=False),
        pa.field("fetched_at", pa.timestamp("us"), nullable=False),
        pa.field("body", pa.binary(), nullable=False),
    ]
)
"""One row per document: the listing's columns, the MD5 of the bytes, when they were fetched (UTC), and the bytes."""

SHARD_ROWS = 16_384
SHARD_BYTES = 64 << 20
_SHARD_SECONDS = 60.0  # on a slow line, what a killed run loses


@dataclass(slots=True)
class Packed:
    """What became of some of the documents that were asked for. `size` in bytes."""

    documents: int = 0
    size: int = 0
    not_fetched: list[Body] = field(default_factory=list)
    changed: list[Entry] = field(default_factory=list)

    def add(self, other: "Packed") -> None:
        """Count what `other` counts too."""
        self.documents += other.documents
        self.size += other.size
        self.not_fetched += other.not_fetched
        self.changed += other.changed


class ShardWriter:
    """Packs bodies in the order in which they come; writes a shard when it has a full one, or once a minute.

    Memory: one shard's documents.
    """

    def __init__(self, raw: Raw, fetched_at: dt.datetime) -> None:
        self._raw, self._fetched_at = raw, fetched_at
        self._bodies: list[Body] = []
        self._size = 0
        self._started = time.monotonic()

    def add(self, bodies: Iterable[Body]) -> Packed:
        """Take bodies, and say what they were; those with an error are only counted."""
        packed = Packed()
        for body in bodies:
            if body.error:
                packed.not_fetched.append(body)
                continue
            packed.documents += 1
            packed.size += len(body.content)
            if body.changed:
                packed.changed.append(body.entry)
            self._bodies.append(body)
            self._size += len(body.content)
            if len(self._bodies) >= SHARD_ROWS or self._size >= SHARD_BYTES:
                self.flush()
        if time.monotonic() - self._started > _SHARD_SECONDS:
            self.flush()
        return packed

    def flush(self) -> None:
        """Write what is there."""
        self._started = time.monotonic()
        if self._bodies:
            write_shard(self._raw, _make_table(self._bodies, self._fetched_at))
        self._bodies, self._size = [], 0


def write_shard(raw: Raw, documents: pa.Table) -> str:
    """Write one shard of `documents` (`SHARD_SCHEMA`, sorted by key and etag), and return its name."""
    name = f"{DOCUMENTS}/{hash_documents(documents)}.parquet"
    raw.write_file(name, documents, compression_level=1, use_dictionary=["fetched_at"])
    return name


def hash_documents(documents: pa.Table) -> str:
    """A hash of what a shard holds, whatever the time at which it was fetched."""
    digest = hashlib.blake2b(digest_size=12)
    for column in ("key", "etag", "md5"):
        digest.update("\n".join(documents[column].to_pylist()).encode())
    return digest.hexdigest()


def _make_table(bodies: list[Body], fetched_at: dt.datetime) -> pa.Table:
    bodies = sorted(bodies, key=attrgetter("entry"))
    columns = zip(*(body.entry for body in bodies), strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, LISTING_SCHEMA, strict=True)]
    return pa.Table.from_arrays(
        [
            *arrays,
            pa.array([body.md5 for body in bodies], pa.string()),
            pa.repeat(pa.scalar(fetched_at, pa.timestamp("us")), len(bodies)),
            _to_array([body.content for body in bodies]),
        ],
        schema=SHARD_SCHEMA,
    )


def _to_array(contents: list[bytes]) -> pa.Array:
    """`contents` in Arrow's layout. One join copies them four times as fast as a builder that grows."""
    ends = array("i", accumulate(map(len, contents), initial=0))
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(contents))]
    return pa.Array.from_buffers(pa.binary(), len(contents), buffers)
