"""A bucket copied to a directory: `metadata/*.json` and perhaps `bin-images/*.jpg`.

Half a million small files cost their system calls, not their bytes, so a listing takes one `scandir` and one `stat`
an entry, and reading takes `open`, `read` and `close` on a descriptor relative to the directory: no path is resolved
twice and no Python file object is made.
Several processes share the reading, because the calls hold the GIL most of the time.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from etl.sources.base import LISTING_SCHEMA, Body

_BATCH_ROWS = 65_536
_Row = tuple[str, int, int]  # key, size in bytes, modification time in nanoseconds


@dataclass(frozen=True, slots=True)
class DirectorySource:
    """The directory that holds `metadata/`."""

    root: Path

    @property
    def uri(self) -> str:
        """The absolute path, so that a manifest says where the documents came from."""
        return str(self.root.resolve())

    @property
    def max_processes(self) -> int:
        """One a core: the page cache, not a disk head, is what they share."""
        return os.cpu_count() or 1

    @property
    def lists_for_free(self) -> bool:
        """See `Source`."""
        return True

    def list_objects(self, prefix: str) -> Iterator[pa.RecordBatch]:
        """See `Source`. The etag is made of modification time and size: reading the content would be the fetch."""
        folder = prefix.rstrip("/")
        if (self.root / folder).is_dir():
            found = _walk(self.root, folder)
            while rows := list(islice(found, _BATCH_ROWS)):
                yield _to_batch(rows)

    def read_bodies(self, wanted: pa.Table) -> Iterator[Body]:
        """See `Source`. In the order of `wanted`; holds one body."""
        root = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            pairs = zip(wanted["key"].to_pylist(), wanted["size"].to_pylist(), strict=True)
            for row, (key, size) in enumerate(pairs):
                try:
                    yield Body(row, _read(root, key, size))
                except OSError as error:
                    yield Body(row, error=error.strerror or str(error))
        finally:
            os.close(root)

    def read_object(self, key: str) -> bytes | None:
        """See `Source`."""
        path = self.root / key
        return path.read_bytes() if path.is_file() else None


def _walk(root: Path, folder: str) -> Iterator[_Row]:
    """Every file below `root/folder`; symlinked files count, symlinked folders don't (they could go in circles).

    Scanning a descriptor lets each `stat` start at the folder and not at the root of the file system.
    """
    descriptor = os.open(root / folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                if entry.is_file():
                    stat = entry.stat()
                    yield f"{folder}/{entry.name}", stat.st_size, stat.st_mtime_ns
                elif entry.is_dir(follow_symlinks=False):
                    yield from _walk(root, f"{folder}/{entry.name}")
    finally:
        os.close(descriptor)


def _to_batch(rows: list[_Row]) -> pa.RecordBatch:
    keys, sizes, times = zip(*rows, strict=True)
    size, time = pa.array(sizes, pa.int64()), pa.array(times, pa.int64())
    etag = pc.binary_join_element_wise(time.cast(pa.string()), size.cast(pa.string()), "-")
    last_modified = pc.divide(time, 1000).cast(pa.timestamp("us"))
    return pa.RecordBatch.from_arrays([pa.array(keys, pa.string()), size, etag, last_modified], schema=LISTING_SCHEMA)


def _read(root: int, key: str, size: int) -> bytes:
    """The whole file. One byte more than listed is asked for, so that a file that has grown is seen as such."""
    descriptor = os.open(key, os.O_RDONLY | os.O_CLOEXEC, dir_fd=root)
    try:
        content = os.read(descriptor, size + 1)
        if len(content) == size:
            return content
        chunks = [content]  # a short read, or a file that changed: take what is there, the caller compares
        while chunk := os.read(descriptor, 1 << 20):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        os.close(descriptor)
