"""The engine that every build has: DuckDB in this process.

What fits into one go is made in one, and DuckDB spills what doesn't fit into memory. Many times the real bucket would
have it sort and group on the disk, all at once; so such a build is shared out as on a cluster, and its tasks follow one
another: each is as large as a build that fits.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

import duckdb

from etl import rawlayer
from etl.atomic import move_files, remove_folder
from etl.checks import run_checks
from etl.cores import count_cores
from etl.datadir import DataDir
from etl.embedded import connect
from etl.engine import Limits, Made
from etl.exchange import Cutter, list_pieced, read_frame, write_piece
from etl.export import describe_tables
from etl.models import load_tables
from etl.progress import UNWATCHED, Progress
from etl.raw import Raw, RawFolder
from etl.receipt import read_receipt
from etl.runner import run_models
from etl.spill import Spill, name_spill
from etl.sqlfiles import read_folder
from etl.tasks import Counted, Order, Places, Task, complete, count_chunk, finish, list_missing, make_bins

_NO_LIMITS = Limits()
_LABELS: dict[Task, str] = {make_bins: "building tables of bins", finish: "building tables of items"}


@dataclass(frozen=True, slots=True)
class DuckEngine:
    """See `etl.engine.Engine`."""

    limits: Limits = _NO_LIMITS
    in_one_go: int = 750_000
    """Listed documents at most; more are made in tasks."""

    @contextmanager
    def open(self, raw: Raw, data: DataDir) -> Iterator["InOneGo | InTasks"]:
        """See `etl.engine.Engine`. Of a raw layer in a bucket, what isn't held yet is copied first."""
        limits = replace(self.limits, threads=self.limits.threads or count_cores())
        with raw.localize(data.raw_copy) as local, Spill(name_spill(limits.temp_dir, data)) as spill:
            if (listed := rawlayer.count_listed(local)) > self.in_one_go:
                order = Order(limits, read_frame(local), rawlayer.choose_item_parts(listed))
                yield InTasks(local, spill, order)
                return
            memory = limits.choose_memory(rawlayer.find_largest(local))
            with connect(limits.threads or 1, memory, spill.folder / "duckdb") as connection:
                rawlayer.open_raw_layer(connection, local)
                yield InOneGo(connection, local, spill)


@dataclass(frozen=True, slots=True)
class InOneGo:
    """See `etl.engine.Opened`."""

    connection: duckdb.DuckDBPyConnection
    raw: RawFolder
    spill: Spill

    def list_missing(self) -> list[tuple[str, str]]:
        """See `etl.engine.Opened`."""
        return rawlayer.list_missing(self.connection)

    def identify(self, code: str) -> str:
        """See `etl.engine.Opened`."""
        return rawlayer.identify_release([rawlayer.hash_documents(self.connection)], self.raw, code)

    def make_tables(self, folder: Path, progress: Progress) -> Made:
        """See `etl.engine.Opened`."""
        files = run_models(self.connection, folder, progress)
        with progress.step("checking"):
            run_checks(self.connection, folder, load_tables(), read_folder("checks"))
        return Made(
            describe_tables(files, folder),
            read_receipt(self.connection),
            rawlayer.count_rejects(self.connection),
            self.spill.peak,
        )


@dataclass(frozen=True)
class InTasks:
    """See `etl.engine.Opened`. One task follows the other, each with all threads."""

    raw: RawFolder
    spill: Spill
    order: Order

    @cached_property
    def _counted(self) -> list[Counted]:
        chunks = self._cut(UNWATCHED, bodies=False)
        counted = [count_chunk(self.order, name, chunks / name, self._task) for name in _list_names(chunks)]
        remove_folder(chunks)
        return counted

    def list_missing(self) -> list[tuple[str, str]]:
        """See `etl.engine.Opened`."""
        return list_missing(self._counted)

    def identify(self, code: str) -> str:
        """See `etl.engine.Opened`."""
        return rawlayer.identify_release([chunk.hash for chunk in self._counted], self.raw, code)

    def make_tables(self, folder: Path, progress: Progress) -> Made:
        """See `etl.engine.Opened`."""
        left = self.spill.folder / "left"
        left.mkdir()
        chunks = self._cut(progress)
        made = self._run(make_bins, chunks, folder, progress)
        made += self._run(finish, left, folder, progress)
        return replace(complete(made, folder), spilled=self.spill.peak)

    @property
    def _task(self) -> Path:
        """Where a task spills."""
        return self.spill.folder / "task"

    def _cut(self, progress: Progress, *, bodies: bool = True) -> Path:
        """Cut all raw files; returns the folder of the chunks."""
        chunks = self.spill.folder / "chunks"
        chunks.mkdir()
        names = list_pieced(self.raw, self.order.frame)
        threads = self.order.limits.threads or 1
        with progress.step("sharing out documents", len(names), "files") as step, ThreadPoolExecutor(threads) as pool:
            cutters = SimpleQueue[Cutter]()
            for _ in range(threads):
                cutters.put(Cutter(self.raw, bodies=bodies))
            for _ in pool.map(lambda name: _cut_file(cutters, name, chunks), names):
                step.advance(1)
        return chunks

    def _run(self, make: Task, pieces: Path, folder: Path, progress: Progress) -> list[Made]:
        """One task for each folder of `pieces`, which is removed when it is done."""
        names, made = _list_names(pieces), []
        with progress.step(_LABELS[make], len(names), "tasks") as step:
            for name in names:
                with TemporaryDirectory(dir=folder.parent) as tables:  # where its checks see no others' files
                    places = Places(pieces / name, Path(tables), self.spill.folder / "left", self._task)
                    made.append(make(self.order, name, places))
                    move_files(Path(tables), folder)
                remove_folder(pieces / name)
                step.advance(1)
        return made


def _list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _cut_file(cutters: "SimpleQueue[Cutter]", name: str, chunks: Path) -> None:
    """Cut one file with a cutter that nobody else uses meanwhile."""
    cutter = cutters.get()
    for chunk, rows in cutter.cut(name):
        write_piece(rows, chunks / chunk / name)
    cutters.put(cutter)
