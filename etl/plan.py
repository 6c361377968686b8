"""What a fetch would do. Nothing is fetched and nothing is written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from etl.datadir import DataDir
from etl.listing import stream_documents
from etl.packing import HELD_SCHEMA
from etl.progress import UNWATCHED, Progress
from etl.raw import DOCUMENTS, LISTINGS, Raw, RawFolder, read_files
from etl.selection import Selection, Selector
from etl.sources.base import LISTING_SCHEMA, Cost, Source

_ROWS = 8_192  # a join with all that is held is worth it for many rows only
_MISSING = "select batch.* from batch anti join held using (key, etag)"
_COUNT_CHANGED = f"select count(*) from ({_MISSING}) semi join held using (key)"
_COUNT_KEPT = "select count(*) from former semi join batch using (key)"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the source lists, against what the raw layer holds. Sizes in bytes.

    Every listed document is held in its listed version, or changed (only other versions are held), or new. `wanted`
    are those of the changed and the new ones that aren't another worker's. `deleted` counts the documents of the last
    listing that would be picked and aren't listed any more. `cost` is None where the source is on this machine.
    """

    source: str
    listed: int
    listed_bytes: int
    held: int
    changed: int
    new: int
    deleted: int
    wanted: int
    wanted_bytes: int
    cost: Cost | None


def make_plan(
    source: Source,
    data: DataDir,
    *,
    raw: Raw | None = None,
    selection: Selection | None = None,
    progress: Progress = UNWATCHED,
) -> Plan:
    """List `source` and say what `fetch_documents` with the same arguments would do.

    Raises:
        SourceError: the source can't be listed, or holds no document.
        UsageError: nothing is selected.
    """
    raw, selector = raw or RawFolder(data.raw), Selector(selection or Selection())
    count = _Count(raw, selector)
    for listed in _gather(stream_documents(source, selector, progress)):
        count.add(listed)
    return Plan(
        source=source.uri,
        listed=count.listed,
        listed_bytes=count.listed_bytes,
        held=count.listed - count.missing,
        changed=count.changed,
        new=count.missing - count.changed,
        deleted=count.former - count.kept,
        wanted=count.wanted,
        wanted_bytes=count.wanted_bytes,
        cost=source.estimate_cost(count.wanted),
    )


class _Count:
    """Holds a listing against the raw layer, a part at a time, so that it needn't be in memory as a whole."""

    def __init__(self, raw: Raw, selector: Selector) -> None:
        self._selector = selector
        self._connection = duckdb.connect()
        former = selector.pick(read_files(raw, raw.list_files(LISTINGS)[-1:], LISTING_SCHEMA))
        former = former.slice(0, selector.selection.limit)
        self._connection.register("held", read_files(raw, raw.list_files(DOCUMENTS), HELD_SCHEMA))
        self._connection.register("former", former)
        self.former = former.num_rows
        self.listed = self.listed_bytes = self.missing = self.changed = self.kept = self.wanted = self.wanted_bytes = 0

    def add(self, listed: pa.Table) -> None:
        self._connection.register("batch", listed)
        missing = self._connection.sql(_MISSING).to_arrow_table().cast(LISTING_SCHEMA)
        wanted = self._selector.share(missing)
        self.listed += listed.num_rows
        self.listed_bytes += _sum_sizes(listed)
        self.missing += missing.num_rows
        self.changed += self._fetch_count(_COUNT_CHANGED)
        self.kept += self._fetch_count(_COUNT_KEPT)
        self.wanted += wanted.num_rows
        self.wanted_bytes += _sum_sizes(wanted)

    def _fetch_count(self, query: str) -> int:
        return int(self._connection.sql(query).fetchall()[0][0])


def _gather(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in fewer tables."""
    gathered, rows = [], 0
    for table in tables:
        gathered.append(table)
        rows += table.num_rows
        if rows >= _ROWS:
            yield pa.concat_tables(gathered)
            gathered, rows = [], 0
    if rows:
        yield pa.concat_tables(gathered)


def _sum_sizes(listing: pa.Table) -> int:
    return int(pc.sum(listing["size"]).as_py() or 0)
