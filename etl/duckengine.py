"""The engine that every build has: DuckDB in this process.

What fits into one go is made in one, and DuckDB spills what doesn't fit into memory. Many times the real bucket would
have it sort and group on the disk, all at once; so such a build is shared out as on a cluster, into tasks as large as a
build that fits. They follow one another: two at a time with half of the memory each took as long, and spilled more.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
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
from etl.errors import explain_full_spill
from etl.exchange import Cutter, list_pieced, read_frame, write_piece
from etl.export import choose_item_parts, describe_tables
from etl.models import fingerprint_code, load_tables
from etl.progress import Progress
from etl.raw import Raw, RawFolder
from etl.receipt import read_receipt
from etl.runner import run_models
from etl.spill import Spill, name_spill, release_memory
from etl.sqlfiles import read_folder
from etl.tasks import Counted, Order, Places, Task, complete, count_chunk, finish, list_missing, make_bins

_NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class DuckEngine:
    """See `etl.engine.Engine`."""

    limits: Limits = _NO_LIMITS
    in_one_go: int = 750_000
    """Listed documents at most; more are made in tasks."""

    @contextmanager
    def open(self, raw: Raw, data: DataDir, progress: Progress) -> Iterator["InOneGo | InTasks"]:
        """See `etl.engine.Engine`. Of a raw layer in a bucket, what isn't held yet is copied first."""
        limits = replace(self.limits, threads=self.limits.threads or count_cores())
        folder = name_spill(limits.temp_dir, data)
        explained = explain_full_spill(folder) if limits.temp_dir else nullcontext()
        with explained, raw.localize(data.raw_copy) as local, Spill(folder) as spill:
            if (listed := rawlayer.count_listed(local)) > self.in_one_go:
                order = Order(limits, read_frame(local), choose_item_parts(listed), fingerprint_code())
                yield InTasks(local, spill, progress, order)
                return
            memory = limits.choose_memory(rawlayer.find_largest(local))
            with connect(limits.threads or 1, memory, spill.folder / "duckdb") as connection:
                rawlayer.open_raw_layer(connection, local)
                yield InOneGo(connection, local, spill, progress)


@dataclass(frozen=True, slots=True)
class InOneGo:
    """See `etl.engine.Opened`."""

    connection: duckdb.DuckDBPyConnection
    raw: RawFolder
    spill: Spill
    progress: Progress

    def list_missing(self) -> list[tuple[str, str]]:
        """See `etl.engine.Opened`."""
        return rawlayer.list_missing(self.connection)

    def identify(self, code: str) -> str:
        """See `etl.engine.Opened`."""
        return rawlayer.identify_release([rawlayer.hash_documents(self.connection)], self.raw, code)

    def make_tables(self, folder: Path) -> Made:
        """See `etl.engine.Opened`."""
        files = run_models(self.connection, folder, self.progress)
        with self.progress.step("checking"):
            run_checks(self.connection, folder, load_tables(), read_folder("checks"))
        return Made(
            describe_tables(files, folder),
            read_receipt(self.connection),
            rawlayer.count_rejects(self.connection),
            self.spill.peak,
        )


@dataclass(frozen=True)
class InTasks:
    """See `etl.engine.Opened`."""

    raw: RawFolder
    spill: Spill
    progress: Progress
    order: Order

    def list_missing(self) -> list[tuple[str, str]]:
        """See `etl.engine.Opened`."""
        return list_missing(self._counted)

    def identify(self, code: str) -> str:
        """See `etl.engine.Opened`."""
        return rawlayer.identify_release([chunk.hash for chunk in self._counted], self.raw, code)

    def make_tables(self, folder: Path) -> Made:
        """See `etl.engine.Opened`."""
        self._left.mkdir()
        made = self._make("building tables of bins", make_bins, self._chunks, folder)
        made += self._make("building tables of items", finish, self._left, folder)
        return replace(complete(made, folder), spilled=self.spill.peak)

    @cached_property
    def _counted(self) -> list[Counted]:
        self._cut_all()
        names, counted = _list_names(self._chunks), []
        with self.progress.step("reading keys", len(names), "chunks") as step:
            for name in names:
                with TemporaryDirectory(dir=self.spill.folder) as spill:
                    counted.append(count_chunk(self.order, name, self._chunks / name, Path(spill)))
                step.advance(1)
        return counted

    def _cut_all(self) -> None:
        self._chunks.mkdir()
        names = list_pieced(self.raw, self.order.frame)
        cutters = SimpleQueue[Cutter]()  # they take longer to make than a shard takes to cut
        threads = self.order.limits.threads or 1
        for _ in range(threads):
            cutters.put(Cutter(self.raw))
        step = self.progress.step("sharing out documents", len(names), "files")
        with step as files, ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(lambda name: self._cut(name, cutters), names):
                files.advance(1)
        release_memory()

    def _cut(self, name: str, cutters: "SimpleQueue[Cutter]") -> None:
        cutter = cutters.get()
        try:
            for chunk, rows in cutter.cut(name):
                path = self._chunks / chunk / name
                path.parent.mkdir(parents=True, exist_ok=True)
                if rows is None:
                    path.symlink_to((self.raw.root / name).absolute())
                else:
                    write_piece(rows, path)
        finally:
            cutters.put(cutter)  # another thread may wait for it

    @property
    def _chunks(self) -> Path:
        """Where the pieces of each chunk are."""
        return self.spill.folder / "chunks"

    @property
    def _left(self) -> Path:
        """Where tasks leave what others finish."""
        return self.spill.folder / "left"

    def _make(self, label: str, task: Task, pieces: Path, folder: Path) -> list[Made]:
        """Run a task for each folder of `pieces`, which is removed when it is done."""
        names, made = _list_names(pieces), []
        with self.progress.step(label, len(names), "tasks") as step:
            for name in names:
                with (
                    TemporaryDirectory(dir=self.spill.folder) as spill,
                    TemporaryDirectory(dir=folder.parent) as tables,  # where its checks see no others' files
                ):
                    made.append(task(self.order, name, Places(pieces / name, Path(tables), self._left, Path(spill))))
                    move_files(Path(tables), folder)
                remove_folder(pieces / name)
                release_memory()
                step.advance(1)
        return made


def _list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
