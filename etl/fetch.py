"""The first stage: get what the source holds and the raw layer doesn't. Nothing is parsed here, so nothing can be lost.

The listing is written before the first document is fetched, so that a build after a killed run knows what is missing.
"""

import datetime as dt
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from etl.atomic import remove_leftovers, replace_file
from etl.datadir import DataDir
from etl.errors import SourceError
from etl.progress import UNWATCHED, Progress
from etl.shards import NOT_FETCHED_SCHEMA, SHARD_ROWS, Packed, pack_documents
from etl.sources.base import IMAGES_PREFIX, LISTING_SCHEMA, METADATA_PREFIX, SYNTHETIC_MARKER, Source

_FEWEST_ROWS_WORTH_A_PROCESS = 2_000
_NOT_HELD = """
select listing.*
from listing
anti join read_parquet(?) as held using (key, etag)
order by key
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a fetch did. `documents` and `size` (bytes) count what was fetched by this run."""

    source: str
    listed: int
    held: int
    documents: int
    size: int
    not_fetched: list[tuple[str, str]]


def fetch_documents(
    source: Source, data: DataDir, *, images: bool | None = None, progress: Progress = UNWATCHED
) -> Receipt:
    """Bring the raw layer up to what `source` holds now.

    Args:
        source: where the documents are.
        data: where the raw layer is.
        images: whether to list the pictures too; None does so where listing costs no requests.
        progress: who watches.

    Raises:
        SourceError: the source can't be read, or holds no document.
    """
    data.shards.mkdir(parents=True, exist_ok=True)
    remove_leftovers(data.raw)
    remove_leftovers(data.shards)
    listing = take_listing(source, data, images=images, progress=progress)
    wanted = subtract_held(listing, data)
    done = Packed()
    with progress.step("fetching documents", wanted.num_rows, "documents") as step:
        for packed in _pack(source, wanted, data.shards):
            done.documents += packed.documents
            done.size += packed.size
            done.not_fetched += packed.not_fetched
            step.advance(packed.documents + len(packed.not_fetched), packed.size)
    _write_table(pa.Table.from_pylist(_as_rows(done.not_fetched), schema=NOT_FETCHED_SCHEMA), data.not_fetched)
    held = listing.num_rows - wanted.num_rows
    return Receipt(source.uri, listing.num_rows, held, done.documents, done.size, sorted(done.not_fetched))


def take_listing(source: Source, data: DataDir, *, images: bool | None, progress: Progress) -> pa.Table:
    """List the source into the raw layer, and return the documents, sorted by key.

    The facts about the source (its name, when it was listed, whether it is synthetic) are the file's own metadata.
    """
    facts = {
        "source": source.uri,
        "listed_at": dt.datetime.now(dt.UTC).replace(microsecond=0, tzinfo=None).isoformat(),
        "synthetic": json.loads(source.read_object(SYNTHETIC_MARKER) or b"null"),
    }
    listing = _list(source, METADATA_PREFIX, "listing documents", progress)
    if listing.num_rows == 0:
        raise SourceError(f"{source.uri} holds no document: nothing is under {METADATA_PREFIX}")
    _write_listing_of_images(source, data, images=images, progress=progress)
    _write_table(listing.replace_schema_metadata({"abid": json.dumps(facts)}), data.listing)
    return listing


def subtract_held(listing: pa.Table, data: DataDir) -> pa.Table:
    """The rows of `listing` whose key and etag no shard holds, sorted by key."""
    shards = data.shard_files()
    if not shards:
        return listing
    with duckdb.connect() as connection:
        connection.register("listing", listing)
        return connection.sql(_NOT_HELD, params=[shards]).to_arrow_table().cast(LISTING_SCHEMA)


def _list(source: Source, prefix: str, label: str, progress: Progress) -> pa.Table:
    batches = []
    with progress.step(label, unit="objects") as step:
        for batch in source.list_objects(prefix):
            batches.append(batch)
            step.advance(batch.num_rows)
    return pa.Table.from_batches(batches, LISTING_SCHEMA).sort_by("key")


def _write_listing_of_images(source: Source, data: DataDir, *, images: bool | None, progress: Progress) -> None:
    asked = source.lists_for_free if images is None else images
    watcher = progress if images else UNWATCHED  # nobody waits for a listing that costs nothing
    listing = _list(source, IMAGES_PREFIX, "listing pictures", watcher) if asked else None
    if listing is None or (images is None and listing.num_rows == 0):
        data.images.unlink(missing_ok=True)
    else:
        _write_table(listing, data.images)


def _pack(source: Source, wanted: pa.Table, folder: Path) -> Iterator[Packed]:
    fetched_at = dt.datetime.now(dt.UTC).replace(microsecond=0, tzinfo=None)
    processes = min(source.max_processes, wanted.num_rows // _FEWEST_ROWS_WORTH_A_PROCESS)
    if processes > 1:
        yield from _pack_in_processes(source, wanted, folder, fetched_at, processes)
    elif wanted.num_rows:
        yield from pack_documents(source, wanted, folder, fetched_at)


def _pack_in_processes(
    source: Source, wanted: pa.Table, folder: Path, fetched_at: dt.datetime, processes: int
) -> Iterator[Packed]:
    """One shard a task. An interrupt starts no more, and lets those under way be finished: no work is lost."""
    slices = [wanted.slice(start, SHARD_ROWS).combine_chunks() for start in range(0, wanted.num_rows, SHARD_ROWS)]
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(processes, context, _prepare_worker) as pool:
        futures = [pool.submit(_pack_slice, source, part, folder, fetched_at) for part in slices]
        try:
            for future in as_completed(futures):
                yield from future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _prepare_worker() -> None:
    """Leave interrupts to the parent, and go when it is killed: a worker would wait for its next task for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _pack_slice(source: Source, wanted: pa.Table, folder: Path, fetched_at: dt.datetime) -> list[Packed]:
    return list(pack_documents(source, wanted, folder, fetched_at))


def _write_table(table: pa.Table, path: Path) -> None:
    with replace_file(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def _as_rows(not_fetched: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"key": key, "error": error} for key, error in sorted(not_fetched)]
