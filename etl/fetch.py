"""The first stage: get what the source holds and the raw layer doesn't. Nothing is parsed here, so nothing can be lost.

The listing is kept before the fetch ends, so that a build after a killed run knows what is missing.
"""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from etl.atomic import remove_leftovers, replace_file
from etl.datadir import DataDir
from etl.errors import SourceError
from etl.lock import lock_writing
from etl.packing import Packer
from etl.progress import UNWATCHED, Progress
from etl.shards import NOT_FETCHED_SCHEMA, Packed
from etl.sources.base import IMAGES_PREFIX, LISTING_SCHEMA, METADATA_PREFIX, SYNTHETIC_MARKER, Source


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
        UsageError: another process writes to `data`.
    """
    with lock_writing(data):
        return _fetch(source, data, images, progress)


def _fetch(source: Source, data: DataDir, images: bool | None, progress: Progress) -> Receipt:  # noqa: FBT001
    data.shards.mkdir(parents=True, exist_ok=True)
    remove_leftovers(data.raw)
    remove_leftovers(data.shards)
    with Packer(source, data) as packer:
        listing = _take_listing(source, data, packer.add, progress)
        _take_listing_of_images(source, data, images=images, progress=progress)
        done = _pack(packer, progress)
    not_fetched = sorted(done.not_fetched)
    rows = [{"key": key, "error": error} for key, error in not_fetched]
    _write_table(pa.Table.from_pylist(rows, schema=NOT_FETCHED_SCHEMA), data.not_fetched)
    return Receipt(
        source.uri, listing.num_rows, listing.num_rows - packer.wanted, done.documents, done.size, not_fetched
    )


def _take_listing(
    source: Source, data: DataDir, take_batch: Callable[[pa.RecordBatch], None], progress: Progress
) -> pa.Table:
    """List the documents into the raw layer, sorted by key; `take_batch` gets them as they come.

    The facts about the source (its name, when it was listed, whether it is synthetic) are the file's own metadata.
    """
    facts = {
        "source": source.uri,
        "listed_at": dt.datetime.now(dt.UTC).replace(microsecond=0, tzinfo=None).isoformat(),
        "synthetic": json.loads(source.read_object(SYNTHETIC_MARKER) or b"null"),
    }
    listing = _list(source, METADATA_PREFIX, "listing documents", progress, take_batch)
    if listing.num_rows == 0:
        raise SourceError(f"{source.uri} holds no document: nothing is under {METADATA_PREFIX}")
    # Another listing's pictures and failures must not stand beside this one, should the fetch end here.
    data.images.unlink(missing_ok=True)
    data.not_fetched.unlink(missing_ok=True)
    _write_table(listing.replace_schema_metadata({"abid": json.dumps(facts)}), data.listing)
    return listing


def _list(
    source: Source,
    prefix: str,
    label: str,
    progress: Progress,
    take_batch: Callable[[pa.RecordBatch], None] | None = None,
) -> pa.Table:
    batches = []
    with progress.step(label, unit="objects") as step:
        for batch in source.list_objects(prefix):
            batches.append(batch)
            if take_batch:
                take_batch(batch)
            step.advance(batch.num_rows)
    return pa.Table.from_batches(batches, LISTING_SCHEMA).sort_by("key")


def _pack(packer: Packer, progress: Progress) -> Packed:
    done = Packed()
    with progress.step("fetching documents", packer.wanted, "documents") as step:
        for packed in packer.finish():
            done.documents += packed.documents
            done.size += packed.size
            done.not_fetched += packed.not_fetched
            step.advance(packed.documents + len(packed.not_fetched), packed.size)
    return done


def _take_listing_of_images(source: Source, data: DataDir, *, images: bool | None, progress: Progress) -> None:
    asked = source.lists_for_free if images is None else images
    watcher = progress if images else UNWATCHED  # nobody waits for a listing that costs nothing
    listing = _list(source, IMAGES_PREFIX, "listing pictures", watcher) if asked else None
    if listing is None or (images is None and listing.num_rows == 0):
        data.images.unlink(missing_ok=True)
    else:
        _write_table(listing, data.images)


def _write_table(table: pa.Table, path: Path) -> None:
    with replace_file(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
