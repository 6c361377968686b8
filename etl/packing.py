"""From a listing, batch by batch, to shards: what is held is left out, the rest is read and packed.

Reading starts with the first batch, while the listing still comes. Where a source can be read by several processes at
once, each packs a slice of the listing into shards of its own; elsewhere one reader serves the whole fetch.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Protocol, Self

import duckdb
import pyarrow as pa

from etl.errors import SourceError
from etl.raw import DOCUMENTS, Raw, read_files
from etl.shards import SHARD_ROWS, Packed, ShardWriter
from etl.sources.base import LISTING_SCHEMA, Source
from etl.workers import Workers

HELD_SCHEMA = pa.schema([LISTING_SCHEMA.field("key"), LISTING_SCHEMA.field("etag")])
"""What names a version of a document."""

_WANTED = "select batch.* from batch anti join held using (key, etag) anti join queued using (key, etag)"
_COUNT_HELD = "select count(*) from batch semi join held using (key, etag)"
_JOINED_ROWS = 65_536  # a join with all that is held is worth it for many rows only
_TURN_SECONDS = 0.2


class Held:
    """The documents that shards hold, by key and etag. The work is DuckDB's."""

    def __init__(self, raw: Raw) -> None:
        held = read_files(raw, raw.list_files(DOCUMENTS), HELD_SCHEMA)
        self._connection = duckdb.connect()
        self._connection.register("held", held)
        self.queue(HELD_SCHEMA.empty_table())
        self.any = held.num_rows > 0

    def queue(self, wanted: pa.Table) -> None:
        """Count the rows of `wanted` as held from now on, when rows are subtracted: they will be."""
        self._connection.register("queued", wanted)
        self.any = True

    def subtract(self, listed: pa.Table) -> pa.Table:
        """The rows of `listed` (`LISTING_SCHEMA`) that aren't held."""
        if not self.any:
            return listed
        self._connection.register("batch", listed)
        return self._connection.sql(_WANTED).to_arrow_table().cast(LISTING_SCHEMA)

    def count(self, listed: pa.Table) -> int:
        """How many rows of `listed` are held."""
        self._connection.register("batch", listed)
        return int(self._connection.sql(_COUNT_HELD).fetchall()[0][0])


class Packer:
    """A context: give it the batches of a listing, take what was packed. `wanted` counts what wasn't held."""

    def __init__(self, source: Source, raw: Raw, held: Held) -> None:
        self._held = held
        fetched_at = dt.datetime.now(dt.UTC).replace(microsecond=0, tzinfo=None)
        self._packing: _Packing = (_Pool if source.max_processes > 1 else _Stream)(source, raw, fetched_at)
        self._unjoined: list[pa.Table] = []
        self.wanted = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Start no more; what has come is kept, so that no work is lost."""
        self._packing.close(error)

    def add_first(self, failed: pa.Table) -> None:
        """Take what earlier fetches failed at, before anything else; the listing brings it again."""
        wanted = self._held.subtract(failed)
        if wanted.num_rows:
            self._held.queue(wanted)
            self._submit(wanted)

    def add(self, listed: pa.Table) -> None:
        """Take rows of `LISTING_SCHEMA`."""
        self._unjoined.append(listed)
        if not self._held.any or sum(table.num_rows for table in self._unjoined) >= _JOINED_ROWS:
            self._join()

    def collect(self) -> Packed:
        """What has been done since the last call. Doesn't wait."""
        return self._packing.collect(0) or Packed()

    def finish(self) -> Iterator[Packed]:
        """Pack what is left, and yield now and then what has been done since."""
        self._join()
        self._packing.end()
        while (packed := self._packing.collect(_TURN_SECONDS)) is not None:
            yield packed

    def tallies(self) -> Mapping[str, int]:
        """See `Reader`."""
        return self._packing.tallies()

    def _join(self) -> None:
        wanted = self._held.subtract(pa.concat_tables([LISTING_SCHEMA.empty_table(), *self._unjoined]))
        self._unjoined = []
        self._submit(wanted)

    def _submit(self, wanted: pa.Table) -> None:
        if wanted.num_rows:
            self.wanted += wanted.num_rows
            self._packing.add(wanted)


class _Packing(Protocol):
    """A way to get rows read and packed."""

    def __init__(self, source: Source, raw: Raw, fetched_at: dt.datetime) -> None: ...

    def add(self, wanted: pa.Table) -> None: ...

    def end(self) -> None: ...

    def collect(self, seconds: float) -> Packed | None: ...

    def tallies(self) -> Mapping[str, int]: ...

    def close(self, error: BaseException | None) -> None: ...


class _Stream:
    """One reader, one writer."""

    def __init__(self, source: Source, raw: Raw, fetched_at: dt.datetime) -> None:
        self._writer = ShardWriter(raw, fetched_at)
        self._context = source.open_reader()
        self._reader = self._context.__enter__()

    def add(self, wanted: pa.Table) -> None:
        self._reader.add(wanted)

    def end(self) -> None:
        self._reader.end()

    def collect(self, seconds: float) -> Packed | None:
        bodies = self._reader.take(seconds)
        if bodies is None:
            self._writer.flush()
            return None
        return self._writer.add(bodies)

    def tallies(self) -> Mapping[str, int]:
        return self._reader.tallies()

    def close(self, error: BaseException | None) -> None:
        self._context.__exit__(None, None, None)
        if isinstance(error, OSError):  # a disk that is full doesn't take the rest either
            return
        with suppress(SourceError):
            self._writer.add(self._reader.take() or [])
        self._writer.flush()


class _Pool:
    """Processes that pack slices. Few documents are packed here, sooner than a process starts."""

    def __init__(self, source: Source, raw: Raw, fetched_at: dt.datetime) -> None:
        self._arguments = (source, raw, fetched_at)
        self._waiting = LISTING_SCHEMA.empty_table()
        self._workers: Workers | None = None
        self._running: set[Future[Packed]] = set()
        self._rest: _Stream | None = None

    def add(self, wanted: pa.Table) -> None:
        self._waiting = pa.concat_tables([self._waiting, wanted])
        while self._waiting.num_rows >= SHARD_ROWS:
            self._submit(self._waiting.slice(0, SHARD_ROWS))
            self._waiting = self._waiting.slice(SHARD_ROWS)

    def end(self) -> None:
        rest = self._waiting.sort_by("key")
        if self._workers:
            self._submit(rest)
        else:
            self._rest = _Stream(*self._arguments)
            self._rest.add(rest)
            self._rest.end()

    def collect(self, seconds: float) -> Packed | None:
        if self._rest:
            return self._rest.collect(seconds)
        if not self._running:
            return None
        done, self._running = wait(self._running, seconds, FIRST_COMPLETED)
        packed = Packed()
        with _explain_killed_worker(self._arguments[0]):
            for future in done:
                packed.add(future.result())
        return packed

    def tallies(self) -> Mapping[str, int]:
        return {}

    def close(self, error: BaseException | None) -> None:
        if self._rest:
            self._rest.close(error)
        if self._workers:
            self._workers.close(error)

    def _submit(self, wanted: pa.Table) -> None:
        source, raw, fetched_at = self._arguments
        if self._workers is None:
            self._workers = Workers(source.max_processes)
        with _explain_killed_worker(source):
            self._running.add(self._workers.submit(_pack_slice, source, raw, fetched_at, wanted.combine_chunks()))


@contextmanager
def _explain_killed_worker(source: Source) -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        remedy = "was there too little memory? Run the same command again: what was done stays."
        raise SourceError(f"A process that read {source.uri} was killed: {remedy}") from None


def _pack_slice(source: Source, raw: Raw, fetched_at: dt.datetime, wanted: pa.Table) -> Packed:
    stream, done = _Stream(source, raw, fetched_at), Packed()
    stream.add(wanted)
    stream.end()
    while (packed := stream.collect(0)) is not None:
        done.add(packed)
    return done
