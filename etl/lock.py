"""Who may write and remove: locks that the kernel lets go of when a process ends, however it ends.

One writer at a time: two fetches or builds of one data directory would remove each other's temporary files. And no
release is removed under its readers: whoever reads one shares a lock on its folder.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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
    with lock_folder(data.root, "--data-dir"):
        yield


@contextmanager
def lock_folder(folder: Path, option: str, program: str = "abid-etl") -> Iterator[None]:
    """The same of any folder that is there, for a `program` whose `option` names another one.

    Raises:
        UsageError: another process holds it.
    """
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if not (_is_free(held) and _is_there(held, folder)):  # whoever had it may just have put another in its place
            raise UsageError(
                f"another {program} is writing to {folder}: wait until it is done, or use another {option}"
            )
        yield
    finally:
        os.close(held)


def hold_folder(folder: Path) -> int | None:
    """Keep a release from being removed until the descriptor that is returned is closed; None when it isn't there."""
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with suppress(OSError):  # a file system without locks can be read nonetheless
        fcntl.flock(held, fcntl.LOCK_SH)
    if _is_there(held, folder):
        return held
    os.close(held)  # it was removed, and perhaps made again, before the lock was had
    return hold_folder(folder)


def _is_there(held: int, folder: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(held), folder.stat())
    except FileNotFoundError:
        return False


@contextmanager
def lock_removal(folder: Path) -> Iterator[bool]:
    """Whether nobody reads the release in `folder`; then nobody begins to inside the block either."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield _is_free(held)
    finally:
        os.close(held)


def _is_free(held: int) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
