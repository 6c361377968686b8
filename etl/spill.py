"""What a build holds on a disk for a while: where, and how much it was at most; and letting go of memory.

That is what DuckDB spills because it doesn't fit into memory, and what tasks hand to each other.
"""

import ctypes
import hashlib
import os
import platform
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from etl.atomic import remove_folder
from etl.datadir import DataDir
from etl.errors import UsageError

_EVERY = 0.2  # seconds
_C_LIBRARY = ctypes.CDLL(None)


def name_spill(temp_dir: Path | None, data: DataDir) -> Path:
    """The folder to spill to for a build in `data`: always the same, so that a later build removes what is left."""
    if temp_dir is None:
        return data.staging / "spill"
    owner = hashlib.sha256(f"{platform.node()} {data.root.resolve()}".encode()).hexdigest()[:12]
    return temp_dir / f"abid-spill-{owner}"


class Spill:
    """A context: an empty folder, which is gone afterwards. DuckDB tells how much it spills, but not how much it did.

    Raises:
        UsageError: it can't be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.peak = 0
        """Bytes on the disk at most, as far as was seen."""
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        remove_folder(self.folder)
        try:
            self.folder.mkdir(parents=True)
        except OSError as error:
            raise UsageError(
                f"{self.folder.parent} can't be written to: {error.strerror}: name another folder with --temp-dir"
            ) from error
        self._watcher.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._watcher.join()
        remove_folder(self.folder)

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY):
            self.peak = max(self.peak, sum(map(_measure, os.walk(self.folder))))


def release_memory() -> None:
    """Give back to the machine what Arrow and the C library keep for later: tasks that follow each other add it up."""
    pa.default_memory_pool().release_unused()
    if hasattr(_C_LIBRARY, "malloc_trim"):  # glibc's
        _C_LIBRARY.malloc_trim(0)


def _measure(found: tuple[str, list[str], list[str]]) -> int:
    """The blocks that the files of a folder take: DuckDB writes here and there into large ones."""
    folder, _, names = found
    size = 0
    for name in names:
        try:
            size += (Path(folder) / name).lstat().st_blocks * 512
        except OSError:  # it was removed meanwhile
            continue
    return size
