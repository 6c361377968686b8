"""Which releases are kept, by one rule for every build and for `abid-etl prune`; and going back to one of them.

Kept are the latest few, the current one, what was published or current within a grace period (somebody may just be
reading it with a tool of which we know nothing), and what `abid-report` or a `Warehouse` has open at this moment.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from etl.atomic import remove_folder
from etl.catalog import CATALOG, refresh_catalog
from etl.datadir import DataDir
from etl.errors import UsageError
from etl.lock import lock_removal, lock_writing
from etl.release import (
    Release,
    describe_absence,
    find_current,
    find_damage,
    find_damaged,
    find_id,
    find_releases,
    make_current,
)

KEPT_RELEASES = 3
GRACE = dt.timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Pruned:
    """The releases that were removed, those that only wait for their readers to end, and how many there are now.

    `damaged` are the ids of those that aren't whole: none is removed, for somebody may want to mend it.
    """

    removed: list[Release]
    in_use: list[Release]
    damaged: list[str]
    left: int


def prune_releases(data: DataDir, *, keep: int = KEPT_RELEASES, grace: dt.timedelta = GRACE) -> Pruned:
    """Remove the releases that needn't be kept.

    Raises:
        UsageError: there is no release, or another process writes to `data`.
    """
    _require_releases(data)
    with lock_writing(data):
        return remove_releases(data, keep=keep, grace=grace)


def remove_releases(data: DataDir, *, keep: int = KEPT_RELEASES, grace: dt.timedelta = GRACE) -> Pruned:
    """Remove the releases that needn't be kept, for a caller that has the right to write to `data`."""
    releases, current = find_releases(data), find_current(data)
    surplus = [release for release in releases[keep:] if release.id != current and _find_age(release) >= grace]
    removed = [release for release in surplus if _remove(release, data)]
    in_use = [release for release in surplus if release not in removed]
    return Pruned(removed, in_use, find_damaged(data), len(releases) - len(removed))


def roll_back(data: DataDir, wanted: str) -> Release:
    """Make a former release current, by one rename; `wanted` is its id, or as much of it as no other begins with.

    Raises:
        UsageError: there is no such release, it is damaged, or another process writes to `data`.
    """
    _require_releases(data)
    with lock_writing(data), _open_staging(data):
        releases = {release.id: release for release in find_releases(data)}
        release = releases[find_id(wanted, releases)]
        if damage := find_damage(release.path, read=True):
            raise UsageError(f"release {release.id} is damaged, and stays what it is, a former one: {damage}")
        refresh_catalog(release.path.absolute(), data.staging / CATALOG)
        if find_current(data) != release.id:
            make_current(data, release.id)
        return release


def _require_releases(data: DataDir) -> None:
    """So that no folder is made where there is none."""
    if not find_releases(data):
        raise UsageError(describe_absence(data))


def _find_age(release: Release) -> dt.timedelta:
    """Since it was published, or current for the last time: its folder has that time (`make_current`)."""
    published = dt.datetime.fromisoformat(release.manifest["published_at"]).replace(tzinfo=dt.UTC)
    superseded = dt.datetime.fromtimestamp(release.path.stat().st_mtime, dt.UTC)
    return dt.datetime.now(dt.UTC) - max(published, superseded)


@contextmanager
def _open_staging(data: DataDir) -> Iterator[None]:
    remove_folder(data.staging)
    data.staging.mkdir()
    try:
        yield
    finally:
        remove_folder(data.staging)


def _remove(release: Release, data: DataDir) -> bool:
    """Take it out of sight at once, for a release is complete or absent, and then from the disk; not if it is read."""
    with lock_removal(release.path) as is_free, _open_staging(data):
        if is_free:
            remove_folder(release.path.replace(data.staging / release.id))
    return is_free
