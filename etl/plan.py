"""What a fetch would do. Nothing is fetched and nothing is written."""

from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from etl.datadir import DataDir
from etl.listing import list_documents
from etl.packing import HELD_SCHEMA
from etl.progress import UNWATCHED, Progress
from etl.raw import DOCUMENTS, LISTINGS, Raw, RawFolder, read_files
from etl.selection import Selection, Selector
from etl.sources.base import LISTING_SCHEMA, Cost, Source

_MISSING = "select listing.* from listing anti join held using (key, etag)"
_COUNT_CHANGED = f"select count(*) from ({_MISSING}) semi join held using (key)"
_COUNT_DELETED = "select count(*) from former anti join listing using (key)"


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
    held = read_files(raw, raw.list_files(DOCUMENTS), HELD_SCHEMA)
    former = selector.pick(read_files(raw, raw.list_files(LISTINGS)[-1:], LISTING_SCHEMA))
    former = former.slice(0, selector.selection.limit)
    listing = list_documents(source, selector, progress)
    with duckdb.connect() as connection:
        for name, table in {"listing": listing, "held": held, "former": former}.items():
            connection.register(name, table)
        missing = connection.sql(_MISSING).to_arrow_table().cast(LISTING_SCHEMA)
        (changed,) = connection.execute(_COUNT_CHANGED).fetchall()[0]
        (deleted,) = connection.execute(_COUNT_DELETED).fetchall()[0]
    wanted = selector.share(missing)
    return Plan(
        source=source.uri,
        listed=listing.num_rows,
        listed_bytes=_sum_sizes(listing),
        held=listing.num_rows - missing.num_rows,
        changed=changed,
        new=missing.num_rows - changed,
        deleted=deleted,
        wanted=wanted.num_rows,
        wanted_bytes=_sum_sizes(wanted),
        cost=source.estimate_cost(wanted.num_rows),
    )


def _sum_sizes(listing: pa.Table) -> int:
    return int(pc.sum(listing["size"]).as_py() or 0)
