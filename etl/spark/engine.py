"""The engine for more documents than one machine should take: a Spark cluster.

Two jobs. The first reads what the raw layer says of its documents, all but their bytes: what is missing, and the id of
the release. The second makes the tables, in three stages:

    raw files ── cut ──▶ pieces of chunks ── make_bins ──▶ tables of bins
                                                └──▶ lines of items ── finish ──▶ tables of items, rejects, images

Every table is made by the same SQL in the same DuckDB as on one machine, and every file by one task, so a release is
the same, byte for byte.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from etl import rawlayer
from etl.datadir import DataDir
from etl.engine import Limits, Made
from etl.errors import CheckError, UsageError
from etl.exchange import list_pieced, read_frame
from etl.export import choose_item_parts
from etl.models import fingerprint_code
from etl.progress import Progress
from etl.raw import Raw, RawFolder
from etl.receipt import find_amounts
from etl.spark.pieces import SCHEMA, Batches
from etl.spark.session import open_session
from etl.spark.store import FolderStore, Store
from etl.spark.work import Count, Cut, make_stage_of_bins, make_stage_of_items, read_counted, read_made
from etl.tasks import Counted, Order, complete, list_left, list_missing

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_GROUP = "abid-etl build"
_TURN_SECONDS = 0.5
_FILES_A_TASK = 16  # raw files that one task cuts at most: a gigabyte of documents
_NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class SparkEngine:
    """See `etl.engine.Engine`. All machines see the raw layer and the data directory. The limits are a task's."""

    master: str | None = None
    limits: Limits = _NO_LIMITS

    @contextmanager
    def open(self, raw: Raw, data: DataDir, progress: Progress) -> Iterator["OnCluster"]:
        """See `etl.engine.Engine`."""
        if isinstance(raw, RawFolder):
            raw = RawFolder(raw.root.absolute())
        frame = read_frame(raw)
        parts = choose_item_parts(rawlayer.count_listed(raw))
        order = Order(self.limits, frame, parts, fingerprint_code())
        names = list_pieced(raw, frame)
        with open_session(self.master, data.spark_log) as session:
            cluster = Cluster(session, raw, order, names, progress)
            yield OnCluster(cluster, cluster.count())


@dataclass(frozen=True, slots=True)
class Cluster:
    """A session, and what its jobs are about. `names` are those of the raw files when the build began."""

    session: "SparkSession"
    raw: Raw
    order: Order
    names: list[str]
    progress: Progress

    def count(self) -> list[Counted]:
        """What is known of each chunk."""
        partitions = self._parallelism
        cut = self._cut(Cut(self.raw, self.order, partitions))
        counted = _then(cut, partitions, Count(self.order))
        with self.progress.step("reading keys on Spark", cut.rdd.getNumPartitions() + partitions, "tasks") as step:
            return [read_counted(piece) for piece in self._run(counted, step.advance)]

    def make(self, chunks: list[str], store: Store) -> list[Made]:
        """What all tasks made in `store`."""
        order = self.order
        left = {name: number for number, name in enumerate(list_left(order, chunks))}
        cut = self._cut(Cut(self.raw, order, len(chunks), {chunk: number for number, chunk in enumerate(chunks)}))
        bins = _then(cut, len(chunks), make_stage_of_bins(order, store, left, len(left)))
        items = _then(bins, len(left) + 1, make_stage_of_items(order, store))
        tasks = cut.rdd.getNumPartitions() + len(chunks) + len(left) + 1
        with self.progress.step("building tables on Spark", tasks, "tasks") as step:
            return [read_made(piece) for piece in self._run(items, step.advance)]

    @property
    def _parallelism(self) -> int:
        return int(self.session.sparkContext.defaultParallelism)

    def _cut(self, stage: Cut) -> "DataFrame":
        tasks = max(min(len(self.names), 2 * self._parallelism), len(self.names) // _FILES_A_TASK)
        rows = self.session.sparkContext.parallelize([(name,) for name in self.names], tasks)
        return self.session.createDataFrame(rows, "name string").mapInArrow(stage, SCHEMA)

    def _run(self, frame: "DataFrame", advance: Callable[[int], object]) -> list[bytes]:
        """Collect what the tasks said; it waits in another thread, so that an interrupt is heard in this one."""
        context = self.session.sparkContext

        def collect() -> list[bytes]:
            context.setJobGroup(_GROUP, "build")
            return [bytes(row.piece) for row in frame.select("piece").collect()]

        done = 0
        with ThreadPoolExecutor(1) as pool:
            result = pool.submit(collect)
            try:
                while True:
                    try:
                        return result.result(_TURN_SECONDS)
                    except NotYet:
                        now = max(_count_tasks(context), done)  # a lost machine's tasks are done again
                        advance(now - done)
                        done = now
            except BaseException:
                context.stop()  # the job, too, that perhaps only begins
                raise


@dataclass(frozen=True, slots=True)
class OnCluster:
    """See `etl.engine.Opened`."""

    cluster: Cluster
    counted: list[Counted]

    def list_missing(self) -> list[tuple[str, str]]:
        """See `etl.engine.Opened`."""
        return list_missing(self.counted)

    def identify(self, code: str) -> str:
        """See `etl.engine.Opened`."""
        return rawlayer.identify_release([chunk.hash for chunk in self.counted], self.cluster.raw, code)

    def make_tables(self, folder: Path) -> Made:
        """See `etl.engine.Opened`."""
        made = self.make_tables_in(FolderStore(folder.absolute()))
        for file in chain.from_iterable(made.files.values()):
            if not (folder / file["path"]).is_file():
                raise UsageError(
                    f"not all machines of the cluster see {folder.absolute()}: name a --data-dir that they share, "
                    "or a bucket with --warehouse"
                )
        return made

    def make_tables_in(self, store: Store) -> Made:
        """The same, wherever the tables are to be."""
        counted = sorted(self.counted, key=lambda chunk: -chunk.listed)  # none begins late that takes long
        made = self.cluster.make([chunk.chunk for chunk in counted], store)
        with TemporaryDirectory() as folder:
            completed = complete(made, Path(folder))
            for path in Path(folder).rglob("*.parquet"):
                store.put(path, str(path.relative_to(folder)))
        self._require_same(completed)
        return completed

    def _require_same(self, made: Made) -> None:
        """The id of the release was found by one job, and its tables are made by another."""
        documents = find_amounts(made.receipt, "documents")
        before = (sum(chunk.listed for chunk in self.counted), len(self.list_missing()))
        if (documents["listed"], documents["not_fetched"]) != before:
            raise CheckError(
                f"{self.cluster.raw.uri} was written to while it was read: build again, nothing was published"
            )


def _then(frame: "DataFrame", partitions: int, stage: Callable[[Batches], Batches]) -> "DataFrame":
    """Send each piece to its partition, and have a stage work on each of these."""
    return frame.repartitionById(partitions, "target").mapInArrow(stage, SCHEMA)


def _count_tasks(context: Any) -> int:
    """The tasks that are done of the job that runs."""
    tracker = context.statusTracker()
    jobs = [job for number in tracker.getJobIdsForGroup(_GROUP) if (job := tracker.getJobInfo(number))]
    running = [stage for job in jobs if job.status == "RUNNING" for stage in job.stageIds]
    return sum(info.numCompletedTasks for stage in running if (info := tracker.getStageInfo(stage)))
