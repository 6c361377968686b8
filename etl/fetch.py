"""The first stage: get what the source holds and the raw layer doesn't. Nothing is parsed here, so nothing can be lost.

Documents are read while the listing still comes. The listing is kept before the fetch ends, so that a build after a
killed run knows what is missing.
"""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from etl.datadir import DataDir
from etl.errors import SourceError, explain_full_disk
from etl.listing import join_listing, stream_documents, stream_images
from etl.lock import lock_writing
from etl.packing import Held, Packer
from etl.progress import UNWATCHED, Progress, Step
from etl.raw import IMAGES, LISTINGS, NOT_FETCHED, Raw, RawFolder, find_superseded, name_listing, read_files
from etl.selection import Selection, Selector
from etl.shards import Packed
from etl.sources.base import LISTING_SCHEMA, SYNTHETIC_MARKER, Source

NOT_FETCHED_SCHEMA = pa.schema([*LISTING_SCHEMA, pa.field("attempts", pa.int64()), pa.field("error", pa.string())])
"""One row per listed document that the fetch could not get: how often it was asked for so far, and the last error."""

_MOST_FIRST = 50  # twice as many that can't be had one after another would end the fetch


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a fetch did: listed = held + documents + not fetched + what other workers get.

    `documents` and `size` (bytes) count what was fetched by this run; `unlisted` are ids that were asked for and that
    the source doesn't hold.
    """

    source: str
    listed: int
    held: int
    documents: int
    size: int
    not_fetched: list[tuple[str, str]]
    elsewhere: int = 0
    unlisted: tuple[str, ...] = ()


def fetch_documents(  # noqa: PLR0913  each is a choice of its own
    source: Source,
    data: DataDir,
    *,
    raw: Raw | None = None,
    selection: Selection | None = None,
    images: bool | None = None,
    progress: Progress = UNWATCHED,
) -> Receipt:
    """Bring the raw layer up to what `source` holds now.

    Args:
        source: where the documents are.
        data: the data directory.
        raw: where the raw layer is, if not in `data`.
        selection: which documents to get; all by default.
        images: whether to list the pictures too; None does so where listing costs no requests.
        progress: who watches.

    Raises:
        SourceError: the source can't be read, or holds no document. What was fetched stays.
        StorageError: no space is left in `data`. What was fetched stays.
        UsageError: another process writes to `data`, or nothing is selected.
    """
    with explain_full_disk(data.root), lock_writing(data):
        fetch = _Fetch(source, raw or RawFolder(data.raw), selection or Selection(), progress)
        return fetch.run(images=images)


class _Fetch:
    """One fetch; the methods stand in the order in which they run."""

    def __init__(self, source: Source, raw: Raw, selection: Selection, progress: Progress) -> None:
        self._source, self._raw, self._progress = source, raw, progress
        self._selector = Selector(selection)
        self._id = name_listing(selection.worker)
        self._done = Packed()
        self._not_fetched = NOT_FETCHED_SCHEMA.empty_table()

    def run(self, *, images: bool | None) -> Receipt:
        self._raw.prepare()
        superseded = find_superseded(self._raw, self._selector.selection.worker)
        failed = read_files(self._raw, self._raw.list_files(NOT_FETCHED), NOT_FETCHED_SCHEMA)
        held = Held(self._raw)
        with (
            self._progress.step("fetching documents", unit="documents") as step,
            Packer(self._source, self._raw, held) as packer,
        ):
            listing = self._take_listing(packer, failed, step)
            try:
                self._take_listing_of_images(packer, step, images=images)
                for packed in packer.finish():
                    self._count(packed, packer, step)
            finally:
                self._write_not_fetched(listing, failed)
        listing = self._amend(listing)
        for name in superseded:
            self._raw.remove_file(name)
        return self._describe(listing, held)

    def _take_listing(self, packer: Packer, failed: pa.Table, step: Step) -> pa.Table:
        """List the documents into the raw layer, sorted by key, while the packer gets them.

        What earlier fetches failed at comes first, in the version that there is now. Which that is is known at the end
        only, so the packer waits for it.
        """
        facts = self._read_facts()
        tables = []
        for listed in stream_documents(self._source, self._selector, self._progress):
            tables.append(listed)
            if not failed.num_rows:
                packer.add(self._selector.share(listed))
            self._count(packer.collect(), packer, step)
        listing = join_listing(tables)
        if failed.num_rows:
            share = self._selector.share(listing)
            packer.add_first(share.filter(pc.is_in(share["key"], value_set=failed["key"])).slice(0, _MOST_FIRST))
            packer.add(share)
        listing = listing.replace_schema_metadata({"abid": json.dumps(facts)})
        self._raw.write_file(f"{LISTINGS}/{self._id}.parquet", listing)
        return listing

    def _read_facts(self) -> dict[str, Any]:
        """What is known of the source; it becomes the listing's own metadata."""
        return {
            "source": self._source.uri,
            "listed_at": dt.datetime.now(dt.UTC).replace(microsecond=0, tzinfo=None).isoformat(),
            "synthetic": self._read_marker(),
            "selection": self._selector.selection.describe(),
        }

    def _read_marker(self) -> Any:
        try:
            return json.loads(self._source.read_object(SYNTHETIC_MARKER) or b"null")
        except ValueError as error:
            remedy = "is there a login page or a proxy on the way?"
            raise SourceError(f"{SYNTHETIC_MARKER} of {self._source.uri} isn't JSON: {remedy}") from error

    def _take_listing_of_images(self, packer: Packer, step: Step, *, images: bool | None) -> None:
        if not (self._source.lists_for_free if images is None else images):
            return
        watcher = self._progress if images else UNWATCHED  # nobody waits for a listing that costs nothing
        tables = []
        for listed in stream_images(self._source, self._selector, watcher):
            tables.append(listed)
            self._count(packer.collect(), packer, step)
        listing = join_listing(tables)
        if images or listing.num_rows:
            self._raw.write_file(f"{IMAGES}/{self._id}.parquet", listing)

    def _count(self, packed: Packed, packer: Packer, step: Step) -> None:
        self._done.add(packed)
        step.expect(packer.wanted)
        for name, count in packer.tallies().items():
            step.tally(name, count)
        step.advance(packed.documents + len(packed.not_fetched), packed.size)

    def _write_not_fetched(self, listing: pa.Table, failed: pa.Table) -> None:
        """Write what this fetch failed at; what earlier ones failed at counts on."""
        before = dict(zip(failed["key"].to_pylist(), failed["attempts"].to_pylist(), strict=True))
        rows = [
            (*body.entry, body.attempts + before.get(body.entry.key, 0), body.error) for body in self._done.not_fetched
        ]
        if not rows:
            return
        columns = zip(*rows, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, NOT_FETCHED_SCHEMA, strict=True)]
        table = pa.Table.from_arrays(arrays, schema=NOT_FETCHED_SCHEMA)
        self._not_fetched = table.filter(pc.is_in(table["key"], value_set=listing["key"])).sort_by("key")
        self._raw.write_file(f"{NOT_FETCHED}/{self._id}.parquet", self._not_fetched)

    def _amend(self, listing: pa.Table) -> pa.Table:
        """Put the versions that were got in the place of those that were listed, where an object has changed since."""
        if not self._done.changed:
            return listing
        columns = zip(*self._done.changed, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, LISTING_SCHEMA, strict=True)]
        changed = pa.Table.from_arrays(arrays, schema=LISTING_SCHEMA)
        changed = changed.filter(pc.is_in(changed["key"], value_set=listing["key"]))
        kept = listing.filter(pc.invert(pc.is_in(listing["key"], value_set=changed["key"])))
        amended = pa.concat_tables([kept.replace_schema_metadata(None), changed]).sort_by("key")
        amended = amended.replace_schema_metadata(listing.schema.metadata)
        self._raw.write_file(f"{LISTINGS}/{self._id}.parquet", amended)
        return amended

    def _describe(self, listing: pa.Table, held: Held) -> Receipt:
        share = self._selector.share(listing)
        held_count, held_share = held.count(listing), held.count(share)
        return Receipt(
            source=self._source.uri,
            listed=listing.num_rows,
            held=held_count,
            documents=self._done.documents,
            size=self._done.size,
            not_fetched=list(
                zip(self._not_fetched["key"].to_pylist(), self._not_fetched["error"].to_pylist(), strict=True)
            ),
            elsewhere=listing.num_rows - share.num_rows - (held_count - held_share),
            unlisted=self._selector.find_unlisted(),
        )
