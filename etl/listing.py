"""Taking a listing: every object that the source has now, as far as it was picked."""

import json
from collections.abc import Iterable, Iterator
from typing import NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from etl.errors import SourceError, UsageError
from etl.progress import UNWATCHED, Progress
from etl.selection import Selector
from etl.sources.base import IMAGES_PREFIX, LISTING_SCHEMA, METADATA_PREFIX, Source

_NOTHING = LISTING_SCHEMA.empty_table()


def stream_documents(source: Source, selector: Selector, progress: Progress = UNWATCHED) -> Iterator[pa.Table]:
    """The documents that `source` holds and `selector` picks, in tables of `LISTING_SCHEMA`, as they come.

    A table is often empty, so that the caller can do something else meanwhile. Which the first ones by key are is known
    at the end only: with a limit, all come then.

    Raises:
        SourceError: the source can't be listed, or holds no document.
        UsageError: none is picked.
    """
    count = 0
    stream = _stream(source, METADATA_PREFIX, selector, "listing documents", progress)
    limit = selector.selection.limit
    for picked in stream if limit is None else _take_first(stream, limit):
        count += picked.num_rows
        yield picked
    if not count:
        _refuse_nothing(source, selector)


def stream_images(source: Source, selector: Selector, progress: Progress = UNWATCHED) -> Iterator[pa.Table]:
    """The pictures that `source` holds and `selector` picks, in the same way; there may be none."""
    return _stream(source, IMAGES_PREFIX, selector, "listing pictures", progress)


def join_listing(tables: Iterable[pa.Table]) -> pa.Table:
    """One table, sorted by key.

    A bucket's pages are sorted, and each lies between two others: put in order, they needn't be copied.
    """
    parts = sorted((table for table in tables if table.num_rows), key=_get_first_key)
    listing = pa.concat_tables([_NOTHING, *parts])
    keys = listing["key"]
    if pc.all(pc.less_equal(keys[:-1], keys[1:]), min_count=0).as_py():
        return listing
    return listing.sort_by("key")


def _stream(source: Source, prefix: str, selector: Selector, label: str, progress: Progress) -> Iterator[pa.Table]:
    with progress.step(label, unit="objects") as step:
        for batch in source.list_objects(prefix):
            step.advance(batch.num_rows)
            yield selector.pick(pa.Table.from_batches([batch])) if batch.num_rows else _NOTHING


def _take_first(stream: Iterable[pa.Table], limit: int) -> Iterator[pa.Table]:
    tables = []
    for table in stream:
        tables.append(table)
        yield _NOTHING
    yield join_listing(tables).slice(0, limit)


def _get_first_key(table: pa.Table) -> str:
    return str(table["key"][0])


def _refuse_nothing(source: Source, selector: Selector) -> NoReturn:
    if picked := selector.selection.describe():
        raise UsageError(f"{source.uri} holds no document that is picked by {json.dumps(picked)}")
    raise SourceError(f"{source.uri} holds no document: nothing is under {METADATA_PREFIX}")
