"""What a build costs as the documents grow: DuckDB with a bound on its memory, and Spark with as many workers.

All engines build from the same raw layers, which are made without the files of a bucket. The bare flattening query
(`bench.flatten`) runs beside DuckDB.
"""

import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from bench.measure import BIN, PROCESSES, Run, run_process
from bench.peers import run_peer
from bench.results import Figure, Point, Result
from bench.sizes import REAL_BUCKET, Place, Sizes, count_bytes

MEMORY = "2GB"
_SPARK_FROM = REAL_BUCKET  # below, it is starting Spark that would be measured
_EACH = 0.2  # seconds from one look at the spilled files to the next


def measure_scale(place: Place, sizes: Sizes) -> Result:
    """DuckDB at every size, and the flattening query right after it."""
    points: list[Point] = []
    for documents in sizes.scale:
        data = place.make_raw(documents)
        points.append(build_with_duckdb(data, documents))
        points.append(_flatten(data, documents))
    builds, flattened = (_pick(points, engine) for engine in ("DuckDB", "flattening query"))
    real = next((point for point in builds if point.documents == REAL_BUCKET), builds[-1])
    bare = next(point for point in flattened if point.documents == real.documents)
    last = builds[-1]
    figures = {
        "growth": describe_growth("DuckDB", builds, "at most 1.15x"),
        "memory": Figure("DuckDB: peak memory at the largest", last.memory, "MB", aim="at most 2,200 MB"),
        "spilled": Figure("DuckDB: spilled to disk at the largest, at one time", last.spilled, "MB"),
        "flatten": Figure(
            "DuckDB: build, and the bare flattening query",
            *(real.seconds, "s"),
            theirs=bare.seconds,
            ratio=real.seconds / bare.seconds,
            aim="at most 1.4x",
            note=f"{real.documents:,} documents",
        ),
        **_count_bytes(place.folder / f"data-{last.documents}", last.documents),
    }
    about = f"{PROCESSES} threads, `--memory {MEMORY}`"
    return Result("scale", about, figures, points, {"DuckDB": duckdb.__version__})


def measure_spark(place: Place, sizes: Sizes) -> Result:
    """Spark with two workers in one process, at the largest sizes."""
    largest = [documents for documents in sizes.scale if documents >= _SPARK_FROM] or sizes.scale[-1:]
    points = [build_with_spark(place.make_raw(documents), documents) for documents in largest]
    figures = {"growth": describe_growth("Spark", points, "at most 1x")} if len(points) > 1 else {}
    return Result("spark", "two workers, `local[2]`", figures, points, {"Spark": version("pyspark")})


def describe_growth(engine: str, points: list[Point], aim: str) -> Figure:
    """What a document costs at the largest size, to what it costs at the one before."""
    before, last = points[-2:]
    note, ratio = f"{last.documents:,} to {before.documents:,}", last.cost / before.cost
    what = f"{engine}: wall time of a document at the largest size, to that at the one before"
    return Figure(what, last.cost, "µs", theirs=before.cost, ratio=ratio, aim=aim, note=note)


def build_with_duckdb(data: Path, documents: int) -> Point:
    """A whole `abid-etl build`; the release is left there."""
    with tempfile.TemporaryDirectory(dir=data, prefix="spill-") as spill, watch_size(Path(spill)) as find_peak:
        run = _build(data, "--memory", MEMORY, "--temp-dir", spill, "--threads", str(PROCESSES))
    return _to_point("DuckDB", documents, run, find_peak() / 1e6)


def build_with_spark(data: Path, documents: int) -> Point:
    """The same on Spark."""
    run = _build(data, "--engine", "spark", "--master", "local[2]", SPARK_LOCAL_IP="127.0.0.1")
    manifest = json.loads((data / "warehouse" / "current" / "manifest.json").read_text("utf-8"))
    return replace(_to_point("Spark", documents, run, manifest["spilled_bytes"] / 1e6), cpu_seconds=None)


@contextmanager
def watch_size(folder: Path) -> Iterator[Callable[[], int]]:
    """Look at a folder again and again; what is given says how many bytes there were at most."""
    seen, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(_EACH):
            seen.append(count_bytes(folder))
        seen.append(count_bytes(folder))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lambda: max(seen)
    finally:
        ended.set()
        watcher.join()


def _build(data: Path, *options: str | Path, **environment: str) -> Run:
    shutil.rmtree(data / "warehouse", ignore_errors=True)  # what has been built is not built again
    return run_process(BIN / "abid-etl", "build", "--data-dir", data, "--quiet", *options, **environment)


def _flatten(data: Path, documents: int) -> Point:
    return _to_point("flattening query", documents, run_peer("shards", data / "raw" / "documents", data / "flat"))


def _to_point(engine: str, documents: int, run: Run, spilled: float = 0) -> Point:
    return Point(engine, documents, run.seconds, run.cpu_seconds, run.memory, spilled)


def _pick(points: list[Point], engine: str) -> list[Point]:
    return [point for point in points if point.engine == engine]


def _count_bytes(data: Path, documents: int) -> dict[str, Figure]:
    """What a document takes where it is kept: as it is in the bucket, in a shard, in the tables."""
    shards = f"{data}/raw/documents/*.parquet"
    with duckdb.connect() as connection:
        [(source,)] = connection.execute(f"select sum(size)::double from read_parquet('{shards}')").fetchall()
    listing = sum(pq.read_table(path).nbytes for path in (data / "raw" / "listings").iterdir())
    raw, release = count_bytes(data / "raw"), count_bytes(data / "warehouse")
    return {
        "source-bytes": Figure("bytes of a document in the bucket", source / documents, "bytes"),
        "raw-bytes": Figure("bytes of a document in the raw layer", raw / documents, "bytes"),
        "listing-bytes": Figure("bytes of a document in the listing, in memory", listing / documents, "bytes"),
        "release-bytes": Figure("bytes of a document in a release", release / documents, "bytes"),
    }
