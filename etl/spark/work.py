"""What runs on the machines of a cluster: each class is a stage, called once a partition with the rows of its pieces.

Spark moves the pieces and decides who does what; the work is that of `etl.tasks`. A task puts files together from its
pieces, works on the disk of its machine, and puts what it made to the store under names that don't depend on who made
it: a task that is run twice, because a machine was lost, makes the same bytes again.
"""

import json
import platform
import tempfile
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import pyarrow as pa

from etl import errors
from etl.atomic import remove_folder
from etl.engine import Made
from etl.errors import AbidError, StorageError, is_full_disk
from etl.exchange import Cutter, write_piece
from etl.raw import Raw
from etl.spark.pieces import Batches, make_row, receive_files, send_file
from etl.spark.store import Store
from etl.spill import Spill
from etl.tasks import Counted, Order, Places, Task, count_chunk, finish, make_bins

Said = dict[str, Any]
"""What a task says to the driver, as JSON: what it found or made, or an error."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Cuts raw files, named one a row, and sends each piece to the partition of its chunk.

    Without `chunks`, which are not known yet then, a chunk goes to any of so many `partitions`, without its bodies.
    """

    raw: Raw
    order: Order
    partitions: int
    chunks: dict[str, int] | None = None

    def __call__(self, batches: Batches) -> Batches:
        """One stage."""
        return _say_failure(self._cut(batches))

    def _cut(self, batches: Batches) -> Batches:
        cutter = Cutter(self.raw, bodies=self.chunks is not None)
        with _open_work(self.order) as spill:
            for name in (name for batch in batches for name in batch["name"].to_pylist()):
                for chunk, rows in cutter.cut(name):
                    path = spill.folder / "piece"
                    if rows is None:
                        self.raw.copy_file(name, path)
                    else:
                        write_piece(rows, path)
                    yield from send_file(path, f"{chunk}/{name}", self._find_target(chunk))

    def _find_target(self, chunk: str) -> int:
        return crc32(chunk.encode()) % self.partitions if self.chunks is None else self.chunks[chunk]


@dataclass(frozen=True, slots=True)
class Count:
    """Says of each chunk how much there is of it, what is missing, and what it adds to the release's id."""

    order: Order

    def __call__(self, batches: Batches) -> Batches:
        """One stage."""
        return _say_failure(self._count_all(batches))

    def _count_all(self, batches: Batches) -> Batches:
        self.order.require_code()
        with _open_work(self.order) as spill:
            folder = spill.folder / "chunks"
            yield from receive_files(batches, folder)
            for path in sorted(folder.iterdir()):
                yield _say(0, asdict(count_chunk(self.order, path.name, path, spill.folder / "duckdb")))


@dataclass(frozen=True, slots=True)
class Make:
    """Makes the tables of the folders that it gets, puts them to the store, and sends what is left to its partition.

    What it has to say goes to partition `last`; what others said is handed on as it is.
    """

    task: Task
    order: Order
    store: Store
    targets: dict[str, int]
    last: int

    def __call__(self, batches: Batches) -> Batches:
        """One stage."""
        return _say_failure(self._make_all(batches))

    def _make_all(self, batches: Batches) -> Batches:
        self.order.require_code()
        with _open_work(self.order) as spill:
            pieces, left = spill.folder / "pieces", spill.folder / "left"
            yield from receive_files(batches, pieces)
            for path in sorted(pieces.iterdir()):
                places = Places(path, spill.folder / "tables", left, spill.folder / "duckdb")
                left.mkdir()
                yield _say(self.last, self._make(places, spill))
                for name in sorted(str(file.relative_to(left)) for file in left.rglob("*.parquet")):
                    yield from send_file(left / name, name, self.targets[name.partition("/")[0]])
                for done in (path, left):
                    remove_folder(done)

    def _make(self, places: Places, spill: Spill) -> Said:
        made = self.task(self.order, places.pieces.name, places)
        for files in made.files.values():
            for file in files:
                self.store.put(places.tables / file["path"], file["path"])
        remove_folder(places.tables)
        return asdict(replace(made, spilled=spill.peak))


def make_stage_of_bins(order: Order, store: Store, targets: dict[str, int], last: int) -> Make:
    """From chunks of raw files to the tables of bins."""
    return Make(make_bins, order, store, targets, last)


def make_stage_of_items(order: Order, store: Store) -> Make:
    """From what that stage left to all other tables."""
    return Make(finish, order, store, {}, 0)


def read_counted(piece: bytes) -> Counted:
    """What a task of `Count` said."""
    return Counted(**_read_said(piece))


def read_made(piece: bytes) -> Made:
    """What a task of `Make` said."""
    return Made(**_read_said(piece))


def _read_said(piece: bytes) -> Said:
    """What a task said.

    Raises:
        AbidError: that it failed, and why.
    """
    said: Said = json.loads(piece)
    if failed := said.get("failed"):
        raise getattr(errors, failed)(said["why"])
    return said


def _say(target: int, said: Said) -> pa.RecordBatch:
    return make_row(target, "", 0, json.dumps(said).encode())


def _say_failure(rows: Batches) -> Batches:
    """Hand rows on. Errors of ours aren't those of a machine: to try again would not help, so they are said instead."""
    try:
        yield from rows
    except AbidError as error:
        full = is_full_disk(error)
        why = f"no space is left on {platform.node()}: name a larger disk with --temp-dir" if full else str(error)
        yield _say(0, {"failed": StorageError.__name__ if full else type(error).__name__, "why": why})


def _open_work(order: Order) -> Spill:
    """A folder of this task's own."""
    return Spill(Path(order.limits.temp_dir or tempfile.gettempdir()) / f"abid-task-{uuid.uuid4().hex}")
