"""What a build asks of its engine: DuckDB in this process (`etl.duckengine`), or a Spark cluster (`etl.spark.engine`).

Both run the same models and checks, and make the same files.
"""

from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from etl.datadir import DataDir
from etl.progress import Progress
from etl.raw import Raw
from etl.receipt import Row, add_receipts

Files = dict[str, list[dict[str, Any]]]
"""The entry of each file (`etl.manifest.describe_file`) by table, in the order of its rows."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What DuckDB may use, in this process or in each task of a cluster.

    The defaults keep a build of the whole bucket below 2 GB of memory. One JSON text of n bytes takes DuckDB some 30
    times n to open, so the default grows with the largest document. `temp_dir` is where it spills; without it, that is
    beside what is built.
    """

    threads: int | None = None
    memory: str | None = None
    temp_dir: Path | None = None

    def choose_memory(self, largest_document: int) -> str:
        """The memory limit, for documents of at most that many bytes."""
        return self.memory or f"{1600 + 30 * largest_document // 1_000_000}MB"


@dataclass(frozen=True, slots=True)
class Made:
    """Tables that were made and that the checks hold for: what the manifest says of them.

    `spilled` bytes were held on a disk at most, because they did not fit into memory.
    """

    files: Files
    receipt: list[Row]
    rejects_by_reason: dict[str, int]
    spilled: int = 0


def join_made(parts: list[Made]) -> Made:
    """What tasks made together. Each file was made by one of them."""
    files: Files = {}
    for part in parts:
        for table, described in part.files.items():
            files.setdefault(table, []).extend(described)
    reasons = Counter[str]()
    for part in parts:
        reasons.update(part.rejects_by_reason)
    return Made(
        files={table: sorted(described, key=_find_place) for table, described in files.items()},
        receipt=add_receipts([part.receipt for part in parts]),
        rejects_by_reason=dict(sorted(reasons.items())),
        spilled=max(part.spilled for part in parts),
    )


def _find_place(file: dict[str, Any]) -> tuple[str, int]:
    """The order of files is that of their numbers, and not that of their names."""
    folder, _, name = str(file["path"]).rpartition("/")
    return folder, int(name.removeprefix("part-").removesuffix(".parquet"))


class Opened(Protocol):
    """A raw layer, opened by an engine."""

    def list_missing(self) -> list[tuple[str, str]]:
        """Key and reason of every listed document that no shard holds, sorted by key."""

    def identify(self, code: str) -> str:
        """The release's id: twelve hex digits that depend on the documents, how they were picked, and `code` only."""

    def make_tables(self, folder: Path) -> Made:
        """Make the tables of the release below `folder`, and hold them against the checks.

        Raises:
            CheckError: a check failed.
        """


class Engine(Protocol):
    """Runs the models."""

    def open(self, raw: Raw, data: DataDir, progress: Progress) -> AbstractContextManager[Opened]:
        """Open `raw` for a build in `data`; all that was made on the way is gone at the block's end.

        Raises:
            UsageError: nothing has been fetched yet, or the limits are too low.
            CheckError: the engine failed at something else.
        """
