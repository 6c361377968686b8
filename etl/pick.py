"""Which release is meant: `current`, an id, or the beginning of one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from etl.datadir import DataDir
from etl.errors import UsageError
from etl.lock import hold_folder
from etl.release import CURRENT, Release, describe_absence, find_id, find_releases, open_release


@contextmanager
def hold_picked(data: DataDir, name: str) -> Iterator[Release]:
    """The release that `name` means, which nobody removes inside the block.

    Raises:
        UsageError: there is none yet, none of that name, or several.
    """
    release = pick_release(data, name)
    held = hold_folder(release.path)
    if held is None:
        raise UsageError(
            f"release {release.id} was removed in this very moment: `abid-etl releases` shows what there is"
        )
    try:
        yield release
    finally:
        os.close(held)


def pick_release(data: DataDir, name: str) -> Release:
    """The release that `name` means now; see `hold_picked`."""
    if name == CURRENT:
        return open_release(data)
    releases = {release.id: release for release in find_releases(data)}
    if not releases:
        raise UsageError(describe_absence(data))
    return releases[find_id(name, releases)]
