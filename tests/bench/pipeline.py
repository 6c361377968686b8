"""From a directory to a release, each stage as a user runs it: a whole process."""

import shutil
import statistics

import duckdb
from bench.measure import BIN, run_module, run_process
from bench.results import Figure, Result
from bench.sizes import Place, Sizes


def measure_pipeline(place: Place, sizes: Sizes) -> Result:
    """Measure in the order of the pipeline, each figure's peer right beside it."""
    bucket, data = place.folder / f"bucket-{sizes.pipeline}", place.folder / "pipeline"
    shutil.rmtree(bucket, ignore_errors=True)
    made = place.synthesize(bucket, sizes.pipeline)
    _, before = [run_module("bench.readfiles", bucket / "metadata") for _ in range(2)]  # the first warms the cache
    fetch = run_process(BIN / "abid-etl", "fetch", bucket, "--data-dir", data, "--quiet")
    after = run_module("bench.readfiles", bucket / "metadata")
    bare = statistics.mean([before.seconds, after.seconds])
    build = run_process(BIN / "abid-etl", "build", "--data-dir", data, "--quiet")
    again = run_process(BIN / "abid-etl", "run", bucket, "--data-dir", data, "--quiet")
    shutil.rmtree(data)
    figures = {
        "synthesize": Figure("synthesize the bucket", made.seconds, "s", aim="at most 90 s"),
        "fetch": Figure(
            "fetch: directory to raw shards; and opening and reading every file, nothing else",
            *(fetch.seconds, "s"),
            theirs=bare,
            ratio=fetch.seconds / bare,
            aim="at most 1.5x",
        ),
        "build": Figure("build: raw shards to release", build.seconds, "s", aim="at most 10 s"),
        "build-memory": Figure("build: peak memory", build.memory, "MB", aim="at most 2,000 MB"),
        "again": Figure("run again, nothing new", again.seconds, "s"),
    }
    about = f"{sizes.pipeline:,} documents as files"
    return Result("pipeline", about, figures, versions={"DuckDB": duckdb.__version__})
