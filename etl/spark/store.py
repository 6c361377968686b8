"""Where the tasks of a cluster put the files of a release: a folder that all machines share, or a bucket."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from etl.atomic import replace_file


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
        with replace_file(self.root / name) as temporary:
            shutil.copyfile(path, temporary)
