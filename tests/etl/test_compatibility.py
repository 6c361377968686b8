"""A release read by other readers of Parquet: each sees the same tables."""

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from documents import encode, make_document, make_line, run_pipeline, write_bucket

from etl.release import Release

SHELL = str(Path(sys.executable).with_name("duckdb"))
ISBN, ODD_NAME = "0306406152", 'Ä "quoted", \t\x01\ufffd\U0001f4e6'

DOCUMENTS: dict[str, Any] = {
    "metadata/00001.json": make_document(make_line("B000000001", 2), make_line(ISBN, 3, name=ODD_NAME)),
    "metadata/1.json": make_document(make_line("B000000001", 2**31 - 1, normalizedName=...), image_fname="1.jpg"),
    "metadata/100000.json": make_document(make_line("word", 1, weight=None), make_line(None, 4, name=None)),
    "metadata/250000.json": make_document(make_line("word", 1.5), EXPECTED_QUANTITY=0),
    "metadata/00002.json": b"\xff not a document",
    "bin-images/00001.jpg": b"x",
    "bin-images/cover.jpg": b"xy",
}

# By table: rows, rows of each partition, a column with nulls and how many, a column of numbers and its sum.
# Counted by hand; the heights are 1.5 and the weights 0.45.
EXPECTED: dict[str, tuple[int, dict[str, int], tuple[str, int], tuple[str, float]]] = {
    "bins": (4, {"b0": 1, "b1": 1, "b2": 1, "u0": 1}, ("image_fname", 3), ("total_quantity", 2**31 + 9)),
    "observations": (5, {"b0": 2, "b1": 2, "u0": 1}, ("weight_value", 1), ("height_value", 7.5)),
    "quantities": (5, {"b0": 2, "b1": 2, "u0": 1}, ("asin", 1), ("quantity", 2**31 + 9)),
    "items": (3, {"asin": 1, "isbn10": 1, "other": 1}, ("name", 0), ("total_quantity", 2**31 + 5)),
    "dimensions": (3, {"asin": 1, "isbn10": 1, "other": 1}, ("weight_lb", 1), ("weight_lb", 0.9)),
    "images": (2, {}, ("bin_id", 1), ("image_bytes", 3)),
    "rejects": (2, {}, ("bin_id", 0), ("bytes", 16 + len(encode(DOCUMENTS["metadata/250000.json"])))),
}
KEYS = {"bins": "bin_bucket", "observations": "bin_bucket", "quantities": "bin_bucket"} | {
    "items": "asin_kind",
    "dimensions": "asin_kind",
}
Answer = tuple[int, dict[str, int], int, float]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("compatibility")
    return run_pipeline(write_bucket(folder / "bucket", DOCUMENTS), folder / "data")


def ask_pandas(folder: Path, key: str | None, gaps: str, numbers: str) -> Answer:
    frame = pd.read_parquet(folder)
    partitions = frame[key].astype(str).value_counts().to_dict() if key else {}
    return len(frame), partitions, int(frame[gaps].isna().sum()), float(frame[numbers].sum())


def ask_polars(folder: Path, key: str | None, gaps: str, numbers: str) -> Answer:
    return summarize_polars(pl.read_parquet(folder), key, gaps, numbers)


def ask_polars_lazily(folder: Path, key: str | None, gaps: str, numbers: str) -> Answer:
    return summarize_polars(pl.scan_parquet(folder).collect(), key, gaps, numbers)


def ask_polars_without_paths(folder: Path, key: str | None, gaps: str, numbers: str) -> Answer:
    return summarize_polars(pl.read_parquet(folder, hive_partitioning=False), key, gaps, numbers)


def summarize_polars(frame: pl.DataFrame, key: str | None, gaps: str, numbers: str) -> Answer:
    partitions = dict(frame[key].cast(pl.String).value_counts().iter_rows()) if key else {}
    return frame.height, partitions, frame[gaps].null_count(), float(frame[numbers].cast(pl.Float64).sum())


def ask_pyarrow(folder: Path, key: str | None, gaps: str, numbers: str) -> Answer:
    return summarize_pyarrow(pq.read_table(folder), key, gaps, numbers)


def ask_pyarrow_without_paths(folder: Path, key: str | None, gaps: str, numbers: str) -> Answer:
    return summarize_pyarrow(pq.read_table(folder, partitioning=None), key, gaps, numbers)


def summarize_pyarrow(table: Any, key: str | None, gaps: str, numbers: str) -> Answer:
    counts = pc.value_counts(table[key].combine_chunks().cast("string")).to_pylist() if key else []
    partitions = {count["values"]: count["counts"] for count in counts}
    return table.num_rows, partitions, table[gaps].null_count, float(pc.sum(table[numbers]).as_py())


def make_query(folder: Path, key: str | None, gaps: str, numbers: str, *, paths: bool) -> str:
    return f"""
        select {key or "''"}, count(*), count(*) - count({gaps}), sum({numbers})::double
        from read_parquet('{folder}/**/*.parquet', hive_partitioning = {paths}) group by all
    """


def summarize_rows(rows: list[tuple[Any, ...]]) -> Answer:
    partitions = {key: count for key, count, *_ in rows if key}
    return sum(row[1] for row in rows), partitions, sum(row[2] for row in rows), math.fsum(row[3] or 0 for row in rows)


def ask_duckdb(folder: Path, key: str | None, gaps: str, numbers: str) -> Answer:
    with duckdb.connect() as connection:
        return summarize_rows(connection.execute(make_query(folder, key, gaps, numbers, paths=True)).fetchall())


def ask_duckdb_without_paths(folder: Path, key: str | None, gaps: str, numbers: str) -> Answer:
    with duckdb.connect() as connection:
        return summarize_rows(connection.execute(make_query(folder, key, gaps, numbers, paths=False)).fetchall())


def ask_shell(folder: Path, key: str | None, gaps: str, numbers: str) -> Answer:
    return summarize_rows(run_shell(make_query(folder, key, gaps, numbers, paths=True)))


def ask_shell_without_paths(folder: Path, key: str | None, gaps: str, numbers: str) -> Answer:
    return summarize_rows(run_shell(make_query(folder, key, gaps, numbers, paths=False)))


def run_shell(query: str) -> list[tuple[Any, ...]]:
    command = [SHELL, "-json", "-c", query]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [tuple(row.values()) for row in json.loads(answer)]


READERS: list[Callable[[Path, str | None, str, str], Answer]] = [
    *(ask_pandas, ask_polars, ask_polars_lazily, ask_polars_without_paths, ask_pyarrow, ask_pyarrow_without_paths),
    *(ask_duckdb, ask_duckdb_without_paths, ask_shell, ask_shell_without_paths),
]


@pytest.mark.parametrize("table", EXPECTED)
@pytest.mark.parametrize("ask", READERS)
def test_a_reader_sees_what_the_documents_hold(
    ask: Callable[[Path, str | None, str, str], Answer], table: str, release: Release
) -> None:
    rows, partitions, (gaps, nulls), (numbers, total) = EXPECTED[table]
    *counts, seen_total = ask(release.path / table, KEYS.get(table), gaps, numbers)
    assert counts == [rows, partitions, nulls]
    assert seen_total == pytest.approx(total)


def test_every_table_is_read(release: Release) -> None:
    assert sorted(EXPECTED) == sorted(release.tables)


@pytest.mark.parametrize("table", EXPECTED)
def test_all_readers_see_the_same_columns(table: str, release: Release) -> None:
    folder = release.path / table
    columns = pl.read_parquet(folder).columns
    others = [list(pd.read_parquet(folder).columns), pq.read_table(folder).column_names]
    # readers that take the key from the path may put it last
    assert [sorted(other) for other in others] == [sorted(columns)] * 2
    assert [row[0] for row in run_shell(f"describe from '{folder}/**/*.parquet'")] == columns


def test_odd_characters_come_through_every_reader(release: Release) -> None:
    folder = release.path / "items"
    names = [
        pd.read_parquet(folder).set_index("asin")["name"][ISBN],
        pl.read_parquet(folder).filter(pl.col("asin") == ISBN)["name"].item(),
        pq.read_table(folder, filters=[("asin", "=", ISBN)])["name"][0].as_py(),
        run_shell(f"select name from '{folder}/**/*.parquet' where asin = '{ISBN}'")[0][0],
    ]
    assert names == [ODD_NAME] * 4


def test_a_partition_is_all_that_need_be_read(release: Release) -> None:
    file = release.path / "quantities" / "bin_bucket=u0" / "part-0.parquet"
    query = f"select bin_id, quantity from '{release.path}/quantities/**/*.parquet' where bin_bucket = 'u0'"
    expected = [("1", 2**31 - 1)]
    assert run_shell(query) == expected
    lazy = pl.scan_parquet(release.path / "quantities").filter(pl.col("bin_bucket") == "u0")
    assert lazy.select("bin_id", "quantity").collect().rows() == expected
    assert pd.read_parquet(file, columns=["bin_id"])["bin_id"].tolist() == ["1"]
    plan = subprocess.run([SHELL, "-c", f"explain analyze {query}"], capture_output=True, text=True, check=True).stdout
    assert "Scanning Files: 1/3" in plan
