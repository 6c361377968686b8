"""The releases of a data directory as a table."""

import datetime as dt

import duckdb

from etl.datadir import DataDir
from etl.manifest import list_files
from etl.release import Release, find_current, find_releases
from etl.warehouse import Result

_TABLE = """
create table releases (
  release varchar, published_at timestamp, bins bigint, rejected bigint, bytes bigint, is_current boolean
)
"""


def list_releases(data: DataDir) -> Result:
    """One row a whole release, the latest published first."""
    connection = duckdb.connect()
    connection.execute(_TABLE)
    current = find_current(data)
    for release in find_releases(data):
        connection.execute(
            "insert into releases values (?, ?, ?, ?, ?, ?)", [*_describe(release), release.id == current]
        )
    return Result(connection, "from releases")


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
