"""Where the tasks of a cluster put the files of a release: a folder that all machines share, or a bucket."""

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from etl.atomic import sync


class Store(Protocol):
    """Picklable."""

    def put(self, path: Path, name: str) -> None:
        """Put a file of this machine there; it appears whole, in the place of one of the same name."""


@dataclass(frozen=True, slots=True)
class FolderStore:
    """A folder of a file system that all machines share, under one path."""

    root: Path

    def put(self, path: Path, name: str) -> None:
        """See `Store`."""
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        # Another machine may try the same task, in a process of the same number.
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
        try:
            shutil.copyfile(path, temporary)
            sync(temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
