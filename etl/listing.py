"""Taking a listing: every object that the source has now, as far as it was picked, sorted by key."""

import json
from collections.abc import Callable
from typing import NoReturn

import pyarrow as pa

from etl.errors import SourceError, UsageError
from etl.progress import UNWATCHED, Progress
from etl.selection import Selector
from etl.sources.base import IMAGES_PREFIX, LISTING_SCHEMA, METADATA_PREFIX, Source

TakeBatch = Callable[[pa.Table], None]
"""Gets what was picked of a batch, as it comes; often nothing, so that something else can be done meanwhile."""


def _ignore(_: pa.Table) -> None:
    pass


def list_documents(
    source: Source, selector: Selector, progress: Progress = UNWATCHED, take: TakeBatch = _ignore
) -> pa.Table:
    """The documents that `source` holds and `selector` picks, up to its limit (`LISTING_SCHEMA`).

    Raises:
        SourceError: the source can't be listed, or holds no document.
        UsageError: none is picked.
    """
    listing = selector.cut(_list(source, METADATA_PREFIX, selector, "listing documents", progress, take))
    if listing.num_rows == 0:
        _refuse_nothing(source, selector)
    return listing


def list_images(source: Source, selector: Selector, progress: Progress, take: TakeBatch) -> pa.Table:
    """The pictures that `source` holds and `selector` picks (`LISTING_SCHEMA`)."""
    return _list(source, IMAGES_PREFIX, selector, "listing pictures", progress, take)


def _list(  # noqa: PLR0913, PLR0917  what its two callers have in common
    source: Source, prefix: str, selector: Selector, label: str, progress: Progress, take: TakeBatch
) -> pa.Table:
    nothing = LISTING_SCHEMA.empty_table()
    tables = [nothing]
    with progress.step(label, unit="objects") as step:
        for batch in source.list_objects(prefix):
            step.advance(batch.num_rows)
            picked = selector.pick(pa.Table.from_batches([batch])) if batch.num_rows else nothing
            if picked.num_rows:
                tables.append(picked)
            take(picked)
    return pa.concat_tables(tables).sort_by("key")


def _refuse_nothing(source: Source, selector: Selector) -> NoReturn:
    if picked := selector.selection.describe():
        raise UsageError(f"{source.uri} holds no document that is picked by {json.dumps(picked)}")
    raise SourceError(f"{source.uri} holds no document: nothing is under {METADATA_PREFIX}")
