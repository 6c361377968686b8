"""The benchmark's own machinery: nothing that is timed is asserted, but that it runs, counts and is told as it was."""

import json
import re
import sys
from pathlib import Path

import duckdb
import pytest
from bench import billion, page, run
from bench.measure import run_module, run_process
from bench.rawpeers import PEERS
from bench.results import Figure, Point, Result, load_latest, load_results
from bench.scale import watch_size
from bench.sizes import Place, Sizes

ROOT = Path(__file__).resolve().parent.parent
TINY = Sizes(pipeline=300, peers=300, reports=300, objects=100, rounds=1, listed=1_000, scale=(200, 400), site=200)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("place"))


@pytest.mark.parametrize("name", ["benchmarks.md", "scale.md"])
def test_committed_pages_are_made_from_the_committed_results(name: str) -> None:
    assert (ROOT / "docs" / name).read_text("utf-8") == page.render_pages()[name]


def test_committed_chart_shows_every_point_that_was_measured() -> None:
    drawn = re.findall(
        r"documents: ([\d,]+); microseconds a document: ([\d.]+); engine: ([\w ]+)\"",
        (ROOT / "docs" / "benchmarks.svg").read_text("utf-8"),
    )
    points = page.list_points(load_latest())
    assert points
    expected = {
        (point.engine, point.documents): pytest.approx(point.seconds * 1e6 / point.documents, rel=0.005)
        for point in points
    }
    assert "Symbol legend" in (ROOT / "docs" / "benchmarks.svg").read_text("utf-8")
    assert {(engine, int(size.replace(",", ""))): float(cost) for size, cost, engine in drawn} == expected


def test_scale_page_is_right_about_what_saturates_first() -> None:
    rates = billion.Billion(load_latest()).rates.splitlines()[2]
    assert rates.startswith("| S3: GET from one prefix |")


def test_every_part_that_can_be_run_has_its_section() -> None:
    assert sorted(run.PARTS) == sorted(page.PARTS)
    assert all((page.PAGES / f"{part}.md").exists() for part in page.PARTS)


@pytest.mark.parametrize(
    ("figure", "is_met"),
    [
        (Figure("", 10, "s", aim="at most 10 s"), True),
        (Figure("", 10.1, "s", aim="at most 10 s"), False),
        (Figure("", 1_999, "MB", aim="at most 2,000 MB"), True),
        (Figure("", 1, "s", ratio=1.5, aim="at least 1.5x"), True),
        (Figure("", 99, "s", ratio=1.49, aim="at least 1.5x"), False),
        (Figure("", 99, "s"), True),
    ],
)
def test_aim_is_held_against_what_it_is_about(figure: Figure, *, is_met: bool) -> None:
    assert figure.is_met == is_met


def test_aim_in_another_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 2 GB"):
        _ = Figure("memory", 1_999, "MB", aim="at most 2 GB").is_met


def test_results_come_back_as_they_were_saved(tmp_path: Path) -> None:
    point = Point("DuckDB", 536_434, 19.25, 38.5, 1_787)
    result = Result("part", "about", {"build": Figure("build", 19.25, "s", aim="at most 10 s")}, [point])
    result.save(tmp_path)
    assert load_results(tmp_path) == {"part": result}


def test_quick_run_takes_nothing_from_a_full_one() -> None:
    full = {"build": Result("build", "", {"a": Figure("wall", 12, "s", aim="at most 10 s")})}
    quick = {"build": Result("build", "", {"a": Figure("wall", 8, "s", aim="at most 10 s")})}
    table = page.compare_runs(quick, full, ["build"])
    assert table.splitlines()[2:] == ["| build | wall | at most 10 s | 8 s | 12 s (missed) |"]


def test_processes_that_outlive_a_command_are_counted() -> None:
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    start = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy!r}])"
    assert run_process(sys.executable, "-c", start).cpu_seconds >= 0.3


def test_failing_command_ends_the_benchmark_with_its_message() -> None:
    with pytest.raises(SystemExit, match="no such thing"):
        run_process(sys.executable, "-c", "raise SystemExit('no such thing')")


def test_files_of_a_folder_are_counted_while_they_are_there(tmp_path: Path) -> None:
    with watch_size(tmp_path) as find_peak:
        (tmp_path / "spilled").write_bytes(bytes(1_000))
    assert find_peak() == 1_000


def test_arithmetic_of_a_billion() -> None:
    assert billion.count_get_hours(19_800_000, prefixes=1) == pytest.approx(1)  # 5,500 * 3,600
    assert billion.count_get_hours(19_800_000, prefixes=4) == pytest.approx(0.25)
    assert billion.count_core_hours(1_000_000_000, 36) == pytest.approx(10)
    assert billion.count_fetch_machines(1, 270) == 1  # 1.5 cores
    assert billion.count_fetch_machines(16, 270) == 3  # 23.8 cores
    assert billion.extrapolate(40, growth=1.1, factor=100) == pytest.approx(48.4)
    assert billion.extrapolate(40, growth=0.5, factor=100) == pytest.approx(40)
    assert billion.pay_machines(10, 2) == pytest.approx(8.064)
    assert billion.pay_storage(1e12) == pytest.approx(23)


def test_tables_of_a_billion() -> None:
    sizes = {"source-bytes": 2_000, "raw-bytes": 200, "release-bytes": 300, "listing-bytes": 64}
    figures = {name: Figure("", value, "bytes") for name, value in sizes.items()}
    figures["growth"] = Figure("", 18, "µs", ratio=1.1)
    duckdb_point, spark_point = (Point(name, 10_000_000, 180, 0, 0, spilled=500) for name in ("DuckDB", "Spark"))
    results = {
        "s3": Result("s3", "", {"fetch-cpu": Figure("", 100, "µs")}),
        "scale": Result("scale", "", figures, [duckdb_point], cores=2),
        "spark": Result("spark", "", {}, [spark_point], cores=2),
    }
    made = billion.Billion(results)
    # 180 s on 2 cores for 10 million are 36 µs of a core each, 43.56 at a hundred times as many: 12.1 hours of a core.
    assert made.builds.splitlines()[2] == "| DuckDB | 44 µs | 1 | 1.5 h | $0.61 |"
    assert made.builds.splitlines()[3:5] == [
        "| Spark | 36 µs | 1 | 1.2 h | $0.50 |",
        "| Spark | 36 µs | 4 | 0.3 h | $0.50 |",
    ]
    assert "| raw layer | 200 | 200 GB | $4.60 |" in made.sizes
    assert "| spilled by DuckDB while it builds, at least | 50 | 50 GB |  |" in made.sizes
    assert made.most_listed == "537 million"  # 2^35 / 64
    assert made.fetches.splitlines()[2] == "| 1 | 5,500/s | 1 | 50.5 h | $20.36 |"
    assert "| LIST, 1,000 keys each | 1,000,000 | $5.00 |" in made.requests
    assert made.factor == "100"


@pytest.mark.parametrize("peer", ["duckdb", "clickhouse", "python", "shards"])
def test_peers_make_the_rows_that_are_in_the_files(peer: str, place: Place, tmp_path: Path) -> None:
    bucket = place.make_bucket(TINY.peers)
    source = place.make_raw(TINY.peers) / "raw" / "documents" if peer == "shards" else bucket
    run_module("bench.rawpeers", peer, source, tmp_path / "flat")
    documents = [json.loads(path.read_bytes()) for path in (bucket / "metadata").iterdir()]
    lines = [(fcsku, line) for document in documents for fcsku, line in document["BIN_FCSKU_DATA"].items()]
    expected = sorted(
        (fcsku, line["name"], line["quantity"], (line["weight"] or {}).get("value")) for fcsku, line in lines
    )
    with duckdb.connect() as connection:
        flat = connection.read_parquet(str(tmp_path / "flat"))
        rows = flat.project("fcsku, name, quantity, weight_value").fetchall()
    assert sorted(rows, key=str) == sorted(expected, key=str)
    assert peer in PEERS


@pytest.mark.parametrize("part", ["scale"])
def test_parts_run_and_their_sections_are_written(part: str, place: Place) -> None:
    result = run.PARTS[part](place, TINY)
    text = page.render_benchmarks(load_latest() | {part: result}, {}, {part: result})
    for figure in result.figures.values():
        assert re.search(rf"^\| {re.escape(figure.what)}(: .+)? \| {re.escape(str(figure))} \|", text, re.MULTILINE)
    assert {(point.engine, point.documents) for point in result.points} in (
        set(),
        {(engine, size) for engine in ("DuckDB", "flattening query") for size in TINY.scale},
    )
