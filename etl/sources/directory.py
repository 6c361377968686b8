"""A bucket copied to a directory: `metadata/*.json` and perhaps `bin-images/*.jpg`.

Half a million small files cost their system calls, not their bytes, so a listing takes one `scandir` and one `stat`
an entry, and reading takes `open`, `read` and `close` on a descriptor relative to the directory: no path is resolved
twice and no Python file object is made.
Several processes share the reading, because the calls hold the GIL most of the time.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from etl.cores import count_cores
from etl.errors import SourceError
from etl.sources.base import LISTING_SCHEMA, Body, LateReader, iterate_entries, verify_body

_BATCH_ROWS = 65_536
_Row = tuple[str, int, int, int, int]  # key, size in bytes, times of modification and change in ns, inode


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
        """One a core: the page cache, not a disk head, is what they share. Slurm gives a job some of the cores."""
        return count_cores()

    @property
    def lists_for_free(self) -> bool:
        """See `Source`."""
        return True

    def list_objects(self, prefix: str) -> Iterator[pa.RecordBatch]:
        """See `Source`. The etag is made of the file's size, its number and the time of its last change.

        Reading the content would be the fetch. The time is the kernel's own (`ctime`): a modification time can be set,
        and two directories unpacked from archives can agree in it. The number tells files of one moment apart.
        """
        folder = prefix.rstrip("/")
        with _explain_failure(self.root):
            if (self.root / folder).is_dir():
                found = _walk(self.root, folder)
                while rows := list(islice(found, _BATCH_ROWS)):
                    yield _to_batch(rows)

    def open_reader(self) -> LateReader:
        """See `Source`. In the order of the listing."""
        return LateReader(self._read_bodies)

    def read_object(self, key: str) -> bytes | None:
        """See `Source`."""
        path = self.root / key
        return path.read_bytes() if path.is_file() else None

    def estimate_cost(self, documents: int) -> None:
        """See `Source`."""

    def _read_bodies(self, wanted: pa.Table) -> Iterator[Body]:
        with _explain_failure(self.root):
            root = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for entry in iterate_entries(wanted):
                try:
                    yield verify_body(entry, _read(root, entry.key, entry.size))
                except OSError as error:
                    yield Body(entry, error=error.strerror or str(error))
        finally:
            os.close(root)


@contextmanager
def _explain_failure(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        name = f" ({error.filename})" if isinstance(error.filename, str) else ""
        remedy = "mend or remove that, and run the same command again"
        raise SourceError(f"{root} can't be read: {error.strerror}{name}: {remedy}") from error


def _walk(root: Path, folder: str) -> Iterator[_Row]:
    """Every file below `root/folder`, symlinked ones too.

    What can't be read as a file is an error, since leaving it out would lose it: a link that leads nowhere, or to a
    folder (it could go in circles), a pipe, a device.

    Scanning a descriptor lets each `stat` start at the folder and not at the root of the file system.
    """
    descriptor = os.open(root / folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                if entry.is_file():
                    stat = entry.stat()
                    yield f"{folder}/{entry.name}", stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino
                elif entry.is_dir(follow_symlinks=False):
                    yield from _walk(root, f"{folder}/{entry.name}")
                else:
                    name = f"{folder}/{entry.name}".encode("utf-8", "backslashreplace").decode()
                    raise SourceError(f"{root}/{name} is neither a file nor a folder of its own: replace or remove it")
    finally:
        os.close(descriptor)


def _to_batch(rows: list[_Row]) -> pa.RecordBatch:
    names, *numbers = zip(*rows, strict=True)
    try:
        key = pa.array(names, pa.string())
    except UnicodeEncodeError as error:
        raise SourceError(f"the name of the file {error.object!r} isn't UTF-8: rename or remove it") from error
    size, modified, changed, inode = map(pa.array, numbers, (pa.int64(), pa.int64(), pa.int64(), pa.uint64()))
    etag = pc.binary_join_element_wise(*(part.cast(pa.string()) for part in (changed, inode, size)), "-")
    last_modified = pc.divide(modified, 1000).cast(pa.timestamp("us"))
    return pa.RecordBatch.from_arrays([key, size, etag, last_modified], schema=LISTING_SCHEMA)


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
