"""From a listing, batch by batch, to shards: what is held is left out, the rest is read and packed.

Where a source can be read by several processes at once, packing starts with the first full shard, while the listing
still comes: the listing keeps one core busy, and would leave the others idle.
"""

import datetime as dt
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa

from etl.datadir import DataDir
from etl.errors import explain_damage
from etl.globs import quote_files
from etl.shards import SHARD_ROWS, Packed, pack_documents
from etl.sources.base import LISTING_SCHEMA, Source

_HELD = "create table held as select key, etag from read_parquet({})"
_NOT_HELD = "select batch.* from batch anti join held using (key, etag)"


class Packer:
    """A context: give it the batches of a listing, then take what was packed. `wanted` counts what wasn't held."""

    def __init__(self, source: Source, data: DataDir) -> None:
        self._source = source
        self._folder = data.shards
        self._fetched_at = dt.datetime.now(dt.UTC).replace(microsecond=0, tzinfo=None)
        self._connection = duckdb.connect()
        self._any_held = bool(data.shard_files())
        if self._any_held:
            with explain_damage(f"a shard in {data.shards}", "Delete it and run the same command again."):
                self._connection.execute(_HELD.format(quote_files(data.shard_files())))
        self._waiting = LISTING_SCHEMA.empty_table()
        self._pool: ProcessPoolExecutor | None = None
        self._packing: list[Future[list[Packed]]] = []
        self.wanted = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Start no more; shards under way are finished, so that no work is lost."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
        self._connection.close()

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch of `LISTING_SCHEMA`."""
        wanted = self._subtract_held(batch)
        self.wanted += wanted.num_rows
        self._waiting = pa.concat_tables([self._waiting, wanted])
        while self._source.max_processes > 1 and self._waiting.num_rows >= SHARD_ROWS:
            self._submit(self._waiting.slice(0, SHARD_ROWS))
            self._waiting = self._waiting.slice(SHARD_ROWS)

    def finish(self) -> Iterator[Packed]:
        """Pack what is left, and yield what became of everything, as it is done."""
        rest = self._waiting.sort_by("key")
        if not self._packing:
            yield from pack_documents(self._source, rest, self._folder, self._fetched_at)
            return
        self._submit(rest)
        for future in as_completed(self._packing):
            yield from future.result()

    def _subtract_held(self, batch: pa.RecordBatch) -> pa.Table:
        table = pa.Table.from_batches([batch])
        if not self._any_held:
            return table
        self._connection.register("batch", table)
        return self._connection.sql(_NOT_HELD).to_arrow_table().cast(LISTING_SCHEMA)

    def _submit(self, wanted: pa.Table) -> None:
        if self._pool is None:
            context = multiprocessing.get_context("forkserver")
            self._pool = ProcessPoolExecutor(self._source.max_processes, context, _prepare_worker)
        part = wanted.combine_chunks()
        self._packing.append(self._pool.submit(_pack_part, self._source, part, self._folder, self._fetched_at))


def _prepare_worker() -> None:
    """Leave interrupts to the parent, and go when it is killed: a worker would wait for its next task for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _pack_part(source: Source, wanted: pa.Table, folder: Path, fetched_at: dt.datetime) -> list[Packed]:
    return list(pack_documents(source, wanted, folder, fetched_at))
