"""The engine that every build has: DuckDB in this process.

What fits into one go is made in one, and DuckDB spills what doesn't fit into memory. Many times the real bucket would
have it sort and group on the disk, all at once; so such a build is shared out as on a cluster, and its tasks follow one
another: each is as large as a build that fits.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from etl import rawlayer
from etl.atomic import move_files, remove_folder
from etl.checks import run_checks
from etl.datadir import DataDir
from etl.embedded import connect
from etl.engine import Limits, Made
from etl.exchange import Cutter, list_pieced, read_frame, write_piece
from etl.export import describe_tables
from etl.models import load_tables
from etl.progress import Progress
from etl.raw import Raw, RawFolder
from etl.receipt import read_receipt
from etl.runner import run_models
from etl.spill import Spill, name_spill
from etl.sqlfiles import read_folder
from etl.tasks import Order, Places, Task, complete, finish, make_bins

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
        limits = replace(self.limits, threads=self.limits.threads or os.cpu_count() or 1)
        with raw.localize(data.raw_copy) as local, Spill(name_spill(limits.temp_dir, data)) as spill:
            memory = limits.choose_memory(rawlayer.find_largest(local))
            with connect(limits.threads or 1, memory, spill.folder / "all") as connection:
                rawlayer.open_raw_layer(connection, local)
                listed = rawlayer.count_listed(connection)
                if listed <= self.in_one_go:
                    yield InOneGo(connection, local, spill)
                else:
                    order = Order(limits, read_frame(local), rawlayer.choose_item_parts(listed))
                    yield InTasks(connection, local, spill, order)


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


@dataclass(frozen=True, slots=True)
class InTasks(InOneGo):
    """The same in tasks, one after the other, each with all threads."""

    order: Order

    def make_tables(self, folder: Path, progress: Progress) -> Made:
        """See `etl.engine.Opened`."""
        rawlayer.close_raw_layer(self.connection)  # each task opens its own, and needs the memory
        chunks, left = self.spill.folder / "chunks", self.spill.folder / "left"
        for path in (chunks, left):
            path.mkdir()
        self._cut(chunks, progress)
        made = self._run(make_bins, chunks, folder, left, progress)
        made += self._run(finish, left, folder, left, progress)
        return replace(complete(made, folder), spilled=self.spill.peak)

    def _cut(self, chunks: Path, progress: Progress) -> None:
        names = list_pieced(self.raw, self.order.frame)
        threads = self.order.limits.threads or 1
        with progress.step("sharing out documents", len(names), "files") as step, ThreadPoolExecutor(threads) as pool:
            shares = [pool.submit(_cut_files, self.raw, names[turn::threads], chunks) for turn in range(threads)]
            for share in shares:
                step.advance(share.result())

    def _run(self, make: Task, pieces: Path, folder: Path, left: Path, progress: Progress) -> list[Made]:
        """One task for each folder of `pieces`, which is removed when it is done."""
        names = sorted(path.name for path in pieces.iterdir())
        made = []
        with progress.step(_LABELS[make], len(names), "tasks") as step:
            for name in names:
                with TemporaryDirectory(dir=folder.parent) as tables:  # where its checks see no others' files
                    places = Places(pieces / name, Path(tables), left, self.spill.folder / "task")
                    made.append(make(self.order, name, places))
                    move_files(Path(tables), folder)
                remove_folder(pieces / name)
                step.advance(1)
        return made


def _cut_files(raw: RawFolder, names: list[str], chunks: Path) -> int:
    cutter = Cutter(raw)
    for name in names:
        for chunk, rows in cutter.cut(name):
            write_piece(rows, chunks / chunk / name)
    return len(names)
