"""What every source of documents can do: list its objects, read their bytes. No source parses anything.

Keys are relative to the root of the bucket layout, whatever the source: `metadata/00523.json`,
`bin-images/00523.jpg`. Listings are columnar (`LISTING_SCHEMA`), because half a million Python objects
would cost more memory than everything else in a fetch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

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


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of one listed object, or why they couldn't be read.

    `row` is the object's position in the table that was asked for.
    """

    row: int
    content: bytes = b""
    error: str = ""


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

        Raises:
            SourceError: the source can't be listed.
        """

    def read_bodies(self, wanted: pa.Table) -> Iterator[Body]:
        """Stream the bytes of the rows of `wanted` (`LISTING_SCHEMA`), each exactly once, in any order.

        Memory: a bounded number of bodies. An object that can't be read comes back with `error` set.

        Raises:
            SourceError: the source as a whole can't be read any more.
        """

    def read_object(self, key: str) -> bytes | None:
        """The bytes of one small object, or None when there is none of that key."""
