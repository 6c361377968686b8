"""Speed and memory at the size of the real bucket, as ratios measured in one run.

`make bench` makes a synthetic bucket of 536,434 documents, runs every stage as a user would (whole processes), and its
peers on the same files, and prints a Markdown table. Machines are noisy, so a figure is compared with a peer measured
minutes apart, never with a number from another day; nothing here is asserted. `bench.s3` does the same with S3.
"""

import argparse
import multiprocessing
import os
import signal
import statistics
import sys
import tempfile
from pathlib import Path

import duckdb
from bench.measure import BIN, PROCESSES, Row, measure, print_table, run_process
from bench.reports import measure_reports, measure_site

READ_JSON = """
copy (
  select
    filename as metadata_key, line.key as fcsku, EXPECTED_QUANTITY as expected_quantity, image_fname,
    line.value.asin, line.value.name, line.value.normalizedName as normalized_name, line.value.quantity,
    line.value.length.value as length_value, line.value.length.unit as length_unit,
    line.value.width.value as width_value, line.value.width.unit as width_unit,
    line.value.height.value as height_value, line.value.height.unit as height_unit,
    line.value.weight.value as weight_value, line.value.weight.unit as weight_unit
  from (
    select filename, EXPECTED_QUANTITY, image_fname, unnest(map_entries(BIN_FCSKU_DATA)) as line
    from read_json('{bucket}/metadata/*.json', filename = true, columns = {{
      EXPECTED_QUANTITY: 'INTEGER', image_fname: 'VARCHAR',
      BIN_FCSKU_DATA: 'MAP(VARCHAR, STRUCT(asin VARCHAR, name VARCHAR, normalizedName VARCHAR, quantity INTEGER,
        length STRUCT(unit VARCHAR, value DOUBLE), width STRUCT(unit VARCHAR, value DOUBLE),
        height STRUCT(unit VARCHAR, value DOUBLE), weight STRUCT(unit VARCHAR, value DOUBLE)))'
    }})
  )
) to '{output}' (format parquet)
"""


def read_every_file(folder: Path) -> int:
    """Open and read every file, and do nothing else, with as many processes as the fetch has."""
    # Plain names and no Path for each: making half a million of those would take as long as the reading.
    paths = [f"{folder}/{name}" for name in os.listdir(folder)]  # noqa: PTH208
    slices = [paths[start : start + 16_384] for start in range(0, len(paths), 16_384)]
    with multiprocessing.get_context("forkserver").Pool(PROCESSES) as pool:
        return sum(pool.imap_unordered(_read_files, slices))


def _read_files(paths: list[str]) -> int:
    size = 0
    for path in paths:
        with open(path, "rb") as file:  # noqa: PTH123  (the plainest way there is, as the measure of all others)
            size += len(file.read())
    return size


def main() -> None:
    """Measure the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["local", "s3"], help="measure this part alone")
    parser.add_argument("--bins", type=int, default=536_434, help="documents of the local part")
    parser.add_argument("--folder", type=Path, help="keep the bucket of the local part here, and use it again")
    parser.add_argument("--without-read-json", action="store_true", help="leave out the local part's slowest peer")
    parser.add_argument("--objects", type=int, default=50_000, help="documents of the S3 part")
    parser.add_argument("--rounds", type=int, default=3, help="how often a peer of the S3 part is run")
    run_parts(parser.parse_args())


def run_parts(options: argparse.Namespace) -> None:
    """S3 comes first: once this process has held much memory, none of its children seems to hold less."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that what was started is stopped, too
    with tempfile.TemporaryDirectory(prefix="abid-bench-") as name:
        scratch = Path(name)
        if options.only != "local":
            from bench.s3 import measure_s3  # noqa: PLC0415  (every process that reads files imports this file anew)

            measure_s3(scratch / "s3", options.objects, options.rounds)
        if options.only != "s3":
            measure_local(options.folder or scratch, scratch, options.bins, options.without_read_json)


def measure_local(folder: Path, scratch: Path, bins: int, without_read_json: bool) -> None:  # noqa: FBT001
    """Measure in the order of the pipeline, each figure's peer right beside it."""
    bucket, data = folder / "bucket", scratch / "data"
    rows: list[Row] = []
    if not bucket.exists():
        made = run_process(BIN / "abid-etl", "synthesize", bucket, "--bins", str(bins), "--seed", "1", "--quiet")
        rows.append(("synthesize the bucket", f"{made.seconds:.1f} s", "at most 90 s", ""))
    read_every_file(bucket / "metadata")  # warms the cache
    bare = measure(lambda: read_every_file(bucket / "metadata"))
    fetch = run_process(BIN / "abid-etl", "fetch", bucket, "--data-dir", data, "--quiet")
    bare = statistics.mean([bare, measure(lambda: read_every_file(bucket / "metadata"))])
    build = run_process(BIN / "abid-etl", "build", "--data-dir", data, "--quiet")
    rows += [
        ("open and read every file, nothing else", f"{bare:.1f} s", "", ""),
        (
            "fetch: directory to raw shards",
            f"{fetch.seconds:.1f} s",
            "at most 1.5x reading",
            f"{fetch.seconds / bare:.2f}x",
        ),
        ("build: raw shards to release", f"{build.seconds:.1f} s", "at most 10 s", ""),
        ("build: peak memory", f"{build.memory:.0f} MB", "at most 2 GB", ""),
    ]
    if not without_read_json:
        peer = measure(lambda: read_json(bucket, scratch / "flat.parquet"))
        ratio = peer / (fetch.seconds + build.seconds)
        rows.append(("DuckDB's read_json over the files, one flat table", f"{peer:.1f} s", "", ""))
        rows.append(
            ("fetch and build together", f"{fetch.seconds + build.seconds:.1f} s", "6x faster", f"{ratio:.1f}x")
        )
    again = run_process(BIN / "abid-etl", "run", bucket, "--data-dir", data, "--quiet")
    rows.append(("run again, nothing new", f"{again.seconds:.1f} s", "", ""))
    print_table(f"{bins:,} documents, DuckDB {duckdb.__version__}", rows)
    print_table(
        f"Reports on {bins:,} bins, DuckDB {duckdb.__version__}", [*measure_reports(data), *measure_site(scratch)]
    )


def read_json(bucket: Path, output: Path) -> None:
    """The peer: the same flattening by DuckDB alone, which without order needn't hold all rows before it writes."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "preserve_insertion_order": False,
        "temp_directory": str(output.parent),
    }
    with duckdb.connect(config=settings) as connection:
        connection.execute(READ_JSON.format(bucket=bucket, output=output))


if __name__ == "__main__":
    main()
