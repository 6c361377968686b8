"""What every source of documents can do: list its objects, read their bytes. No source parses anything.

Keys are relative to the root of the bucket layout, whatever the source: `metadata/00523.json`,
`bin-images/00523.jpg`. Listings are columnar (`LISTING_SCHEMA`), because half a million Python objects
would cost more memory than everything else in a fetch.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol, Self

import pyarrow as pa

METADATA_PREFIX = "metadata/"
IMAGES_PREFIX = "bin-images/"
SYNTHETIC_MARKER = "abid-synthetic.json"
"""An object at the root of a bucket that says that its documents are invented."""

LISTING_SCHEMA = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("etag", pa.string(), nullable=False),
        pa.field("last_modified", pa.timestamp("us"), nullable=False),
    ]
)
"""One row per object. `size` in bytes, `last_modified` in UTC. `etag` changes whenever the content may have changed;
one of 32 hex digits is the MD5 of the content."""

_MD5 = re.compile(r"[0-9a-f]{32}")
_ENTRY_ROWS = 8_192
_TAKEN_ROWS = 1_024


class Entry(NamedTuple):
    """One row of a listing as Python values; `last_modified` in microseconds since 1970, UTC."""

    key: str
    size: int
    etag: str
    last_modified: int


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of one object and their MD5, held against `entry`; or in `error` why there are none.

    `entry` is the version that was got. Where that isn't the listed one, `changed` is true. `attempts` counts the
    requests that were made.
    """

    entry: Entry
    content: bytes = b""
    md5: str = ""
    error: str = ""
    attempts: int = 1
    changed: bool = False


def verify_body(entry: Entry, content: bytes, *, encrypted: bool = False) -> Body:
    """A body, if `content` has the size that `entry` says and, where its etag is one, the MD5; else an error.

    Args:
        entry: the version that was asked for.
        content: what came.
        encrypted: whether the etag may look like an MD5 and be none.
    """
    if len(content) != entry.size:
        return Body(entry, error=f"{len(content)} bytes came, {entry.size} were listed")
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if is_md5(entry.etag) and entry.etag != md5 and not encrypted:
        return Body(entry, error="the MD5 of what came isn't the listed one")
    return Body(entry, content, md5)


def is_md5(etag: str) -> bool:
    """Whether an etag has the form of an MD5."""
    return bool(_MD5.fullmatch(etag))


def iterate_entries(listing: pa.Table) -> Iterator[Entry]:
    """The rows of a table of `LISTING_SCHEMA`; a few thousand are held as Python values at a time."""
    columns = listing.set_column(3, "last_modified", listing["last_modified"].cast(pa.int64()))
    for batch in columns.to_batches(max_chunksize=_ENTRY_ROWS):
        yield from map(Entry, *(column.to_pylist() for column in batch.columns))


@dataclass(frozen=True, slots=True)
class Cost:
    """What a fetch costs: requests, and the shortest time that those for documents can take.

    `per_second` is the rate that this time follows from.
    """

    list_requests: int
    get_requests: int
    per_second: float

    @property
    def seconds(self) -> float:
        """See the class."""
        return self.get_requests / self.per_second


class Reader(Protocol):
    """Reads the bodies of what is added to it."""

    def add(self, wanted: pa.Table) -> None:
        """Ask for the rows of `wanted` (`LISTING_SCHEMA`) too."""

    def end(self) -> None:
        """Say that nothing more will be asked for."""

    def take(self, seconds: float = 0) -> list[Body] | None:
        """The bodies that have come since the last call; waits for one up to `seconds`. None when all were taken.

        Each row that was added comes exactly once, in any order. Memory: a bounded number of bytes, which are let go
        by the next call.

        Raises:
            SourceError: the source as a whole can't be read any more.
        """

    def tallies(self) -> Mapping[str, int]:
        """What happened on the way, for people who watch: the number of retries and the like."""


class Source(Protocol):
    """A place that holds the documents. Picklable when `max_processes` is more than 1."""

    @property
    def uri(self) -> str:
        """The source's name in messages and in the manifest; never holds a credential."""

    @property
    def max_processes(self) -> int:
        """How many processes may read at once, each its own slice of a listing."""

    @property
    def lists_for_free(self) -> bool:
        """Whether listing costs no requests, so that the pictures are listed unasked."""

    def list_objects(self, prefix: str) -> Iterator[pa.RecordBatch]:
        """Stream batches of `LISTING_SCHEMA`: every object under `prefix`, in no particular order.

        A batch may be empty: nothing has come for a moment, and the caller may do something else.

        Raises:
            SourceError: the source can't be listed.
        """

    def open_reader(self) -> AbstractContextManager[Reader]:
        """Start reading bodies; the block's end stops it."""

    def read_object(self, key: str) -> bytes | None:
        """The bytes of one small object, or None when there is none of that key."""

    def estimate_cost(self, documents: int) -> Cost | None:
        """What it costs to list again what was listed and to read so many documents; None where it costs nothing."""


class LateReader:
    """A reader for sources that are read in one go, when all that is wanted is known."""

    def __init__(self, read: Callable[[pa.Table], Iterator[Body]]) -> None:
        self._read = read
        self._wanted = [LISTING_SCHEMA.empty_table()]
        self._bodies: Iterator[Body] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Read no more."""
        self._bodies = iter(())

    def add(self, wanted: pa.Table) -> None:
        """See `Reader`."""
        self._wanted.append(wanted)

    def end(self) -> None:
        """See `Reader`."""
        self._bodies = self._read(pa.concat_tables(self._wanted))

    def take(self, seconds: float = 0) -> list[Body] | None:  # noqa: ARG002  it never has to wait
        """See `Reader`."""
        if self._bodies is None:
            return []
        return list(islice(self._bodies, _TAKEN_ROWS)) or None

    def tallies(self) -> Mapping[str, int]:
        """See `Reader`."""
        return {}
