"""Fetch and build together, beside others that make one table of the same files, all in one run.

Ours ends with a release that has been checked; each of `bench.rawpeers` with one flat file.
"""

import shutil
from importlib.metadata import version
from pathlib import Path

from bench.measure import BIN, Run, run_module, run_process
from bench.results import Figure, Result
from bench.sizes import Place, Sizes

_NAMES = {
    "duckdb": "DuckDB's `read_json`",
    "clickhouse": "ClickHouse (chdb)",
    "spark": "Spark, `local[2]`",
    "python": "Python's `json`, one process",
}
_AIMS = {"duckdb": "at least 6x"}


def measure_peers(place: Place, sizes: Sizes) -> Result:
    """A figure a peer: how many times as fast ours is."""
    bucket, data, output = place.make_bucket(sizes.peers), place.folder / "peers", place.folder / "flat"
    run_module("bench.readfiles", bucket / "metadata")  # warms the cache
    fetch = run_process(BIN / "abid-etl", "fetch", bucket, "--data-dir", data, "--quiet")
    build = run_process(BIN / "abid-etl", "build", "--data-dir", data, "--quiet")
    ours = fetch.seconds + build.seconds
    shutil.rmtree(data)
    figures = {}
    for peer, name in _NAMES.items():
        seconds = run_peer(peer, bucket, output).seconds
        what = f"fetch and build, and {name} to one flat Parquet file"
        figures[peer] = Figure(what, ours, "s", theirs=seconds, ratio=seconds / ours, aim=_AIMS.get(peer, ""))
    packages = {"DuckDB": "duckdb", "chdb": "chdb", "Spark": "pyspark", "PyArrow": "pyarrow"}
    versions = {name: version(package) for name, package in packages.items()}
    return Result("peers", f"{sizes.peers:,} documents as files", figures, versions=versions)


def run_peer(peer: str, source: Path, output: Path) -> Run:
    """One of `bench.rawpeers`, as a whole process; what it writes is removed."""
    run = run_module("bench.rawpeers", peer, source, output)
    if output.is_dir():
        shutil.rmtree(output)
    else:
        output.unlink()
    return run
