"""The releases of a data directory as a table."""

import datetime as dt

import duckdb

from etl.datadir import DataDir
from etl.errors import UsageError
from etl.manifest import list_files
from etl.release import Release, describe_absence, find_current, find_damaged, find_releases
from etl.result import Result

_TABLE = """
create table releases (
  release varchar, published_at timestamp, bins bigint, rejected bigint, bytes bigint, is_current boolean, state varchar
)
"""


def list_releases(data: DataDir) -> Result:
    """One row a release, the latest published first; of those that aren't whole only the ids, at the end.

    Raises:
        UsageError: there is none.
    """
    connection = duckdb.connect()
    connection.execute(_TABLE)
    current, whole, damaged = find_current(data), find_releases(data), find_damaged(data)
    if not whole and not damaged:
        raise UsageError(describe_absence(data))
    rows: list[tuple[object, ...]] = [(*_describe(release), release.id == current, "whole") for release in whole]
    rows += [(name, None, None, None, None, name == current, "damaged") for name in damaged]
    connection.executemany("insert into releases values (?, ?, ?, ?, ?, ?, ?)", rows)
    return Result(connection.cursor, "from releases")


def _describe(release: Release) -> tuple[str, dt.datetime, int, int, int]:
    """Id, time of publication, bins, rejected documents, bytes."""
    manifest = release.manifest
    return (
        release.id,
        dt.datetime.fromisoformat(manifest["published_at"]),
        manifest["documents"]["loaded"],
        manifest["documents"]["rejected"],
        sum(file["bytes"] for file in list_files(manifest)),
    )
