"""What is in the Parquet files besides the values, and what a reader needn't read because of it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from documents import run_pipeline

from etl.export import ROW_GROUP_ROWS, export_model
from etl.models import define_macros, load_tables
from etl.release import Release
from etl.synthetic import synthesize

SHELL = str(Path(sys.executable).with_name("duckdb"))
# Ids as in the bucket, up to 399,999 padded ones and 1,200 unpadded, and as many ASINs.
BINS = """
    select if(n > 400000, (n - 400000)::varchar, format('{:05d}', n)) as bin_id, n as bin_number
    from range(1, 401200) as made(n)
"""
QUANTITIES = f"""
    select bin_id, bin_number::bigint as bin_number, 'F' as fcsku, 'F' as asin, 1::integer as quantity,
      if(bin_number > 400000, 'u0', 'b' || bin_number // 100000) as bin_bucket
    from ({BINS})
"""
ITEMS = """
    select
      * replace (case asin_kind when 'asin' then 'B' || lpad(n::varchar, 9, '0') when 'other' then 'word ' || n
        else lpad(n::varchar, 10, '0') end as asin)
    from (
      select columns(*)::varchar from (select n, '' as asin, case n % 3 when 0 then 'isbn10' when 1 then 'asin'
        else 'other' end as asin_kind from range(600000) as made(n))
    )
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tables of several row groups a file, written as a build writes them."""
    folder = tmp_path_factory.mktemp("layout")
    tables = load_tables()
    filled = {
        "quantities": QUANTITIES,
        "items": "select "
        + ", ".join(
            f"{column.name if column.name in {'asin', 'asin_kind'} else 1}::{column.type} as {column.name}"
            for column in tables["items"].columns
        )
        + f" from ({ITEMS})",
    }
    with duckdb.connect() as connection:
        define_macros(connection)
        for name, query in filled.items():
            export_model(connection, replace(tables[name], query=query), folder / name)
    return folder


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("footers")
    synthesize(folder / "bucket", bins=2_000, seed=1, dirty=0.01)
    (folder / "bucket" / "bin-images").mkdir()
    (folder / "bucket" / "bin-images" / "00001.jpg").write_bytes(b"x")
    return run_pipeline(folder / "bucket", folder / "data")


def profile(query: str) -> dict[str, Any]:
    with duckdb.connect() as connection:
        [(_, text)] = connection.execute(f"explain (analyze, format json) {query}").fetchall()
    figures: dict[str, Any] = json.loads(text)["query"]
    return figures


LOOKUPS = {
    **{
        f"quantities, bin {key}": ("quantities", "bin_id", key) for key in ("00523", "523", "99999", "234567", "399999")
    },
    **{
        f"items, asin {key}": ("items", "asin", key)
        for key in ("B000300001", "B000000001", "0000599997", "word 234566")
    },
}


@pytest.mark.parametrize(("table", "column", "key"), LOOKUPS.values(), ids=LOOKUPS)
def test_one_key_is_looked_up_in_one_row_group_of_one_file(large: Path, table: str, column: str, key: str) -> None:
    source = f"read_parquet('{large}/{table}/**/*.parquet', hive_partitioning = false)"
    figures = profile(f"select * from {source} where {column} = '{key}'")
    assert figures["total_row_groups_to_scan"] == 6
    assert (figures["total_row_groups_scanned"], figures["total_rows_scanned"]) == (1, 1)


@pytest.mark.parametrize(("table", "column", "key"), LOOKUPS.values(), ids=LOOKUPS)
def test_one_key_is_in_one_row_group(large: Path, table: str, column: str, key: str) -> None:
    files = list((large / table).rglob("*.parquet"))
    groups = [pq.ParquetFile(file).read_row_group(n, [column]) for file in files for n in range(count_groups(file))]
    assert sum(key in group[column].to_pylist() for group in groups) == 1


def count_groups(file: Path) -> int:
    return int(pq.read_metadata(file).num_row_groups)


def test_what_the_filters_know_is_known_by_an_older_shell(large: Path) -> None:
    file = large / "quantities" / "bin_bucket=b0" / "part-0.parquet"
    probe = f"from parquet_bloom_probe('{file}', 'bin_id', '234567')"
    done = subprocess.run([SHELL, "-json", "-c", probe], capture_output=True, text=True, check=True)
    assert [row["bloom_filter_excludes"] for row in json.loads(done.stdout)] in ([True], ["true"])


def test_row_groups_are_full_but_the_last_of_a_file(large: Path) -> None:
    for file in large.rglob("*.parquet"):
        metadata = pq.read_metadata(file)
        sizes = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
        assert all(size == ROW_GROUP_ROWS for size in sizes[:-1])
        assert 0 < sizes[-1] <= ROW_GROUP_ROWS


@pytest.mark.parametrize("table", load_tables())
def test_every_column_has_statistics_an_index_and_zstd(release: Release, table: str) -> None:
    files = list((release.path / table).rglob("*.parquet"))
    assert files
    for file in files:
        metadata = pq.read_metadata(file)
        for group in range(metadata.num_row_groups):
            for number in range(metadata.num_columns):
                column = metadata.row_group(group).column(number)
                statistics = column.statistics
                assert column.compression == "ZSTD"
                assert column.has_column_index
                assert column.has_offset_index
                assert statistics.has_null_count
                assert statistics.has_min_max or statistics.null_count == column.num_values


@pytest.mark.parametrize("table", load_tables())
def test_rows_lie_in_the_order_that_the_header_names(release: Release, table: str) -> None:
    keys = load_tables()[table].order.split(", ")
    files = sorted((release.path / table).rglob("*.parquet"))
    rows = [tuple(row.values()) for file in files for row in pq.ParquetFile(file).read(keys).select(keys).to_pylist()]
    assert rows == sorted(rows)
