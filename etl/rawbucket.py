"""A raw layer in a bucket: workers on many machines write to it, and a build on any machine reads from it.

A file is put by one request (or one upload that is completed by one), so it appears whole or not at all. To build from
it, its files are copied; those that an earlier build copied are there already, with the time at which they were put.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obstore
import pyarrow as pa
import pyarrow.parquet as pq

from etl.atomic import replace_file
from etl.datadir import DataDir
from etl.lock import lock_writing
from etl.raw import FOLDERS, RawFolder
from etl.sources.bucket import Bucket
from etl.sources.options import S3Options

_Version = tuple[int, int]
"""Of a file: its size in bytes, and when it was put, in microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class RawBucket:
    """A raw layer below `uri`, `s3://bucket/prefix`. Every method raises SourceError when the bucket can't be used."""

    uri: str
    options: S3Options

    def list_files(self, folder: str) -> list[str]:
        """See `etl.raw.Raw`."""
        return list(self._list_versions(folder))

    def open_file(self, name: str) -> pa.NativeFile:
        """See `etl.raw.Raw`. Only what is asked for is read, so a few columns cost a few requests."""
        return pa.PythonFile(_RemoteFile(self, name), mode="r")

    def copy_file(self, name: str, path: Path) -> None:
        """See `etl.raw.Raw`."""
        self.bucket.copy(name, path)

    def write_file(self, name: str, table: pa.Table, **options: Any) -> None:
        """See `etl.raw.Raw`. Memory: the file."""
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd", **options)
        self.bucket.put(name, sink.getvalue().to_pybytes())

    def remove_file(self, name: str) -> None:
        """See `etl.raw.Raw`."""
        with self.bucket.name_failures():
            obstore.delete(self.bucket.store, name)

    def prepare(self) -> None:
        """See `etl.raw.Raw`. A put leaves nothing behind."""

    @contextmanager
    def localize(self, scratch: Path) -> Iterator[RawFolder]:
        """See `etl.raw.Raw`. The copy stays, for the next build; files that were removed here are removed there."""
        copy = RawFolder(scratch)
        with lock_writing(DataDir(scratch)):  # who only reads the raw layer writes to its copy, too
            copy.prepare()
            for folder in FOLDERS:
                self._copy_folder(folder, copy)
            yield copy

    def _copy_folder(self, folder: str, copy: RawFolder) -> None:
        here = self._list_versions(folder)
        there = {name: _read_version(copy.root / name) for name in copy.list_files(folder)}
        for name in there.keys() - here.keys():
            copy.remove_file(name)
        for name, version in here.items():
            if version != there.get(name):
                self._copy_file(name, copy.root / name, version)

    def _list_versions(self, folder: str) -> dict[str, _Version]:
        """Each complete file, sorted by name. A listing is put again when documents have changed meanwhile."""
        with self.bucket.name_failures():
            found = [meta for page in obstore.list(self.bucket.store, folder) for meta in page]
        versions = {meta["path"]: (meta["size"], int(meta["last_modified"].timestamp() * 1e6)) for meta in found}
        return {path: versions[path] for path in sorted(versions) if path.endswith(".parquet")}

    def _copy_file(self, name: str, path: Path, version: _Version) -> None:
        with replace_file(path) as temporary:
            self.bucket.copy(name, temporary)
            os.utime(temporary, ns=(version[1] * 1_000, version[1] * 1_000))

    @property
    def bucket(self) -> Bucket:
        """Where it is."""
        return Bucket("The raw layer", self.uri, self.options)


def _read_version(path: Path) -> _Version:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns // 1_000


class _RemoteFile(io.RawIOBase):
    """Reads ranges of a file in the bucket."""

    def __init__(self, raw: RawBucket, name: str) -> None:
        self._raw, self._name, self._position = raw, name, 0
        with raw.bucket.name_failures():
            self._size = obstore.head(raw.bucket.store, name)["size"]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._size, self._position + size)
        if end <= self._position:
            return b""
        with self._raw.bucket.name_failures():
            content = bytes(obstore.get_range(self._raw.bucket.store, self._name, start=self._position, end=end))
        self._position = end
        return content
