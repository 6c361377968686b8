"""What a data directory holds: what was listed, what is fetched, what is published, what is missing."""

from dataclasses import dataclass
from typing import Any

import duckdb

from etl import rawlayer
from etl.datadir import DataDir
from etl.raw import Raw, RawFolder
from etl.release import find_current, find_releases


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a data directory. `current` is the id of the current release, None when there is none."""

    source: str
    synthetic: bool
    listed_at: str
    listed: int
    fetched: int
    fetched_bytes: int
    missing: list[tuple[str, str]]
    images_listed: int | None
    releases: list[dict[str, Any]]
    current: str | None


def read_status(data: DataDir, *, raw: Raw | None = None) -> Status:
    """The state of `data`, and of the raw layer where that isn't in it.

    Raises:
        UsageError: nothing has been fetched yet.
    """
    with (raw or RawFolder(data.raw)).localize(data.raw_copy) as local, duckdb.connect() as connection:
        facts = rawlayer.read_facts(local)
        rawlayer.open_raw_layer(connection, local)
        listed, fetched, fetched_bytes, images = connection.sql(_COUNTS).fetchall()[0]
        missing = rawlayer.list_missing(connection)
    return Status(
        source=facts["source"],
        synthetic=bool(facts["synthetic"]),
        listed_at=facts["listed_at"],
        listed=listed,
        fetched=fetched,
        fetched_bytes=fetched_bytes,
        missing=missing,
        images_listed=images if rawlayer.find_images(local) else None,
        releases=[release.manifest for release in find_releases(data)],
        current=find_current(data),
    )


_COUNTS = """
select
  (select count(*) from listing),
  (select count(*) from chosen),
  (select coalesce(sum(size), 0)::bigint from listing semi join chosen using (key, etag)),
  (select count(*) from listed_images),
"""
