"""One writer at a time: two fetches or builds of one data directory would remove each other's temporary files."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from etl.datadir import DataDir
from etl.errors import UsageError


@contextmanager
def lock_writing(data: DataDir) -> Iterator[None]:
    """Hold the right to write to `data`; the folder itself is locked, until the process ends at the latest.

    Raises:
        UsageError: another process holds it.
    """
    try:
        data.root.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{data.root} isn't a folder: name one with --data-dir or ABID_DATA_DIR") from None
    folder = os.open(data.root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(folder, data)
        yield
    finally:
        os.close(folder)


def _lock(folder: int, data: DataDir) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(
            f"another abid-etl is writing to {data.root}: wait until it is done, or use another --data-dir"
        ) from None
