"""A bucket packed into one file: `.tar`, `.tar.gz`, `.tar.zst` or `.zip` of `metadata/` and perhaps `bin-images/`.

A tar has no table of contents, so one pass over the whole file makes one; it also proves that the archive is whole
before anything is fetched from it, because `tarfile` takes a missing end for the end. Reading is a second pass, in
the order of the archive. Member names are only ever compared, never used as paths.
"""

import hashlib
import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import IO, NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc

from etl.errors import SourceError, UsageError
from etl.sources.base import LISTING_SCHEMA, METADATA_PREFIX, Body, Entry, LateReader, iterate_entries, verify_body

_COMPRESSIONS = {".tar": None, ".tar.gz": "gzip", ".tgz": "gzip", ".tar.zst": "zstd", ".tzst": "zstd"}
ENDINGS = (*_COMPRESSIONS, ".zip")
_INDEX_SCHEMA = LISTING_SCHEMA.append(pa.field("position", pa.int64(), nullable=False))
_BATCH_ROWS = 50_000
_CHUNK_BYTES = 1 << 20
_FAILURES = (
    OSError,  # pyarrow: the compressed stream is cut or corrupt
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,  # a compression that zipfile doesn't know
    RuntimeError,  # an encrypted member
    ValueError,  # a name that isn't UTF-8, a time out of range
    OverflowError,
)


class ArchiveSource:
    """The archive at `path`. The folder that holds `metadata/` is the root, at whatever depth it is packed."""

    max_processes = 1
    lists_for_free = True

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def uri(self) -> str:
        """The absolute path, so that a manifest says where the documents came from."""
        return str(self._path.resolve())

    def list_objects(self, prefix: str) -> Iterator[pa.RecordBatch]:
        """See `Source`. The etag is the content's MD5 in a tar, as on S3; its CRC and size in a zip.

        Raises:
            UsageError: no folder `metadata/` is in the archive, or several are.
        """
        found = self._index.filter(pc.starts_with(self._index["key"], prefix))
        yield from found.select(LISTING_SCHEMA.names).to_batches(max_chunksize=_BATCH_ROWS)

    def open_reader(self) -> LateReader:
        """See `Source`. In the order of the archive."""
        return LateReader(self._read_bodies)

    def read_object(self, key: str) -> bytes | None:
        """See `Source`."""
        found = self._index.filter(pc.equal(self._index["key"], key)).select(LISTING_SCHEMA.names)
        return next((body.content for body in self._read_bodies(found)), None)

    def estimate_cost(self, documents: int) -> None:
        """See `Source`."""

    def _read_bodies(self, wanted: pa.Table) -> Iterator[Body]:
        places = pc.index_in(wanted["key"], value_set=self._index["key"])
        for entry in iterate_entries(wanted.filter(pc.is_null(places))):
            yield Body(entry, error="not found")
        positions = self._index["position"].take(pc.drop_null(places))
        found = wanted.filter(pc.is_valid(places)).append_column("position", positions).sort_by("position")
        targets = zip(_iterate_numbers(found["position"]), iterate_entries(found.drop(["position"])), strict=True)
        with _name_failures(self._path):
            yield from _read_targets(self._path, targets)

    @cached_property
    def _index(self) -> pa.Table:
        with _name_failures(self._path):
            members, links = _scan_members(self._path)
        root = _find_root(self._path, members["key"])
        if broken := next((name for name in links if name.startswith(root + METADATA_PREFIX)), None):
            remedy = "pack the files themselves (tar --dereference --hard-dereference)"
            raise SourceError(f"{self._path}: {broken} is a link, not a file: {remedy}.")
        members = members.filter(pc.starts_with(members["key"], root))
        keys = pc.utf8_slice_codeunits(members["key"], len(root))
        members = members.set_column(0, _INDEX_SCHEMA.field("key"), keys)
        # of members with the same name the last one counts, as if the archive were unpacked
        last = members.group_by("key").aggregate([("position", "max")])["position_max"]
        return members.filter(pc.is_in(members["position"], value_set=last))


class _Member(NamedTuple):
    """A file in an archive. `open` may be called until the next member is asked for. An empty etag: take the MD5."""

    name: str
    size: int
    etag: str
    last_modified: datetime
    is_link: bool
    open: Callable[[], IO[bytes]]


class _StrictTarInfo(tarfile.TarInfo):
    """A header that must be there: `tarfile` ends in silence at a cut or garbled one, as if it were the end mark."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # the end mark, unknown to typeshed
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"it ends without an end mark: {error}") from error


def _iterate_members(path: Path) -> Generator[_Member]:
    return _iterate_zip(path) if path.name.lower().endswith(".zip") else _iterate_tar(path)


def _iterate_tar(path: Path) -> Generator[_Member]:
    compression = next(kind for ending, kind in _COMPRESSIONS.items() if path.name.lower().endswith(ending))
    with (
        pa.input_stream(str(path), compression=compression, buffer_size=_CHUNK_BYTES) as stream,
        tarfile.open(fileobj=stream, mode="r|", tarinfo=_StrictTarInfo) as archive,
    ):
        while info := archive.next():
            archive.members.clear()  # type: ignore[attr-defined]  # it would keep every header
            if info.isdir():
                continue
            time = datetime.fromtimestamp(info.mtime, UTC).replace(tzinfo=None)
            yield _Member(info.name, info.size, "", time, not info.isreg(), partial(_open_member, archive, info))
        while stream.read(_CHUNK_BYTES):  # only its end shows whether the compressed stream is whole
            pass


def _open_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    return archive.extractfile(info) or io.BytesIO()


def _iterate_zip(path: Path) -> Generator[_Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            etag = f"{info.CRC:08x}-{info.file_size:x}"
            time = datetime(*info.date_time) if info.date_time[1] else datetime(1980, 1, 1)  # noqa: DTZ001  UTC
            is_link = stat.S_ISLNK(info.external_attr >> 16)
            yield _Member(info.filename, info.file_size, etag, time, is_link, partial(archive.open, info))


def _hash_member(member: _Member) -> str:
    """A member may be larger than memory: only those that are wanted are read whole."""
    with member.open() as file:
        return hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()  # type: ignore[arg-type]


def _scan_members(path: Path) -> tuple[pa.Table, list[str]]:
    """All files, their names as keys, and the names of all links."""
    batches, rows, links = [], [], []
    for position, member in enumerate(_iterate_members(path)):
        name = member.name.removeprefix("./")
        if member.is_link:
            links.append(name)
            continue
        etag = member.etag or _hash_member(member)
        rows.append((name, member.size, etag, member.last_modified, position))
        if len(rows) == _BATCH_ROWS:
            batches.append(_to_batch(rows))
            rows = []
    return pa.Table.from_batches([*batches, _to_batch(rows)]), links


def _to_batch(rows: list[tuple[str, int, str, datetime, int]]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True) if rows else [[] for _ in _INDEX_SCHEMA]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _INDEX_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=_INDEX_SCHEMA)


def _find_root(path: Path, names: pa.ChunkedArray) -> str:
    """What stands before `metadata/`: nothing, or one folder with its slash."""
    inside = pc.extract_regex(names, rf"^(?P<root>|.*?/){METADATA_PREFIX}")
    roots = pc.unique(pc.struct_field(inside, "root").drop_null()).to_pylist()
    if "" in roots or len(roots) == 1:
        return "" if "" in roots else str(roots[0])
    if roots:
        folders = ", ".join(sorted(roots)[:3])
        raise UsageError(f"{path} holds {METADATA_PREFIX} in several folders ({folders}): pack one bucket alone.")
    raise UsageError(f"{path} holds no {METADATA_PREFIX}: pack the folder that {METADATA_PREFIX} is in.")


def _read_targets(path: Path, targets: Iterator[tuple[int, Entry]]) -> Iterator[Body]:
    target = next(targets, None)
    with closing(_iterate_members(path)) as members:
        for position, member in enumerate(members):
            if target is None:
                return
            wanted, entry = target
            if position == wanted:
                if not member.name.endswith(entry.key):
                    break
                with member.open() as file:
                    content = file.read()
                yield verify_body(entry, content)
                target = next(targets, None)
    if target is not None:
        raise SourceError(f"{path} changed while it was read: start again when it is complete.")


def _iterate_numbers(numbers: pa.ChunkedArray) -> Iterator[int]:
    for chunk in numbers.chunks:
        yield from chunk.to_pylist()


@contextmanager
def _name_failures(path: Path) -> Iterator[None]:
    try:
        yield
    except _FAILURES as error:
        raise SourceError(f"{path} is broken or incomplete ({error}): download or pack it again.") from error
