"""A release from Python: results in the form that is asked for, limits, interrupts, and letting go."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Event, Timer

import polars as pl
import pytest
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.errors import InterruptedQueryError, QueryError, UsageError
from etl.limits import Limits
from etl.result import Result
from etl.warehouse import Warehouse

_ENDLESS = "select sum(hash(range)) from range(1000000000000)"
_COUNTS = [("00001", 1), ("00002", 2)]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("python")
    documents = {
        "metadata/00001.json": make_document(make_line("B00TEST001", 1)),
        "metadata/00002.json": make_document(make_line("B00TEST001", 1), make_line("B00TEST002", 1)),
    }
    run_pipeline(write_bucket(root / "bucket", documents), root / "data")
    return root / "data"


@pytest.mark.parametrize(("most", "rows"), [(1, 1), (2, 2), (3, 2)])
def test_the_head_of_a_result_says_how_many_rows_there_are(most: int, rows: int, warehouse: Warehouse) -> None:
    result = warehouse.sql("select bin_id, fcsku_count from bins where fcsku_count > $n order by bin_id", n=0)
    assert result.head(most) == (["bin_id", "fcsku_count"], _COUNTS[:rows], 2)


@pytest.fixture
def warehouse(data_dir: Path) -> Iterator[Warehouse]:
    with Warehouse.open(data_dir) as opened:
        yield opened


@pytest.fixture
def counts(warehouse: Warehouse) -> Result:
    return warehouse.sql("select bin_id, expected_quantity from bins where bin_id < $below order by all", below="9")


def test_a_result_is_rows_or_polars_or_arrow_or_pandas(counts: Result) -> None:
    assert counts.columns == ["bin_id", "expected_quantity"]
    assert counts.rows() == _COUNTS
    assert counts.pl().rows() == _COUNTS
    assert list(zip(*counts.arrow().to_pydict().values(), strict=True)) == _COUNTS
    assert list(counts.df().itertuples(index=False, name=None)) == _COUNTS


def test_reports_tables_and_views_give_results_too(warehouse: Warehouse) -> None:
    report = warehouse.report("quantity-histogram", id_style="padded")
    assert report.pl().select("expected_quantity", "bins").rows() == [(1, 1), (2, 1)]
    assert warehouse.table("bins").pl()["bin_id"].to_list() == ["00001", "00002"]
    assert len(warehouse.table("label_trust").df()) == 2
    with pytest.raises(UsageError, match="there is no table binz: there are"):
        warehouse.table("binz")


def test_a_lazy_frame_runs_what_is_collected_of_it(warehouse: Warehouse) -> None:
    endless = warehouse.sql("select n, sum(hash(n)) over () as h from range($most) as t(n)", most=10**12).lazy()
    assert endless.collect_schema().names() == ["n", "h"]
    bins = warehouse.table("bins").lazy()
    assert bins.filter(pl.col("bin_id") == "00002").select("bin_id").collect().rows() == [("00002",)]


def test_nothing_is_run_before_it_is_asked_for(warehouse: Warehouse) -> None:
    assert warehouse.sql("select sum(hash(n)) from range(1000000000000) as t(n)").columns == ["sum(hash(n))"]


@pytest.mark.parametrize("form", [Result.rows, Result.pl, Result.arrow, Result.df, Result.count_rows])
def test_a_failure_is_told_alike_in_every_form(form: object, data_dir: Path, warehouse: Warehouse) -> None:
    assert callable(form)
    with pytest.raises(QueryError, match=r"(?s)Could not convert string '00001x'.*LINE 2: from bins where \("):
        form(warehouse.sql("select bin_id\nfrom bins where (bin_id || 'x')::int = 1"))
    with (
        Warehouse.open(data_dir, Limits(seconds=0.05)) as hurried,
        pytest.raises(QueryError, match="took longer than it may"),
    ):
        form(hurried.sql(f"{_ENDLESS} group by range % 3"))


def test_parquet_fails_alike(data_dir: Path, tmp_path: Path) -> None:
    with (
        Warehouse.open(data_dir, Limits(seconds=0.05)) as warehouse,
        pytest.raises(QueryError, match="took longer than it may"),
    ):
        warehouse.sql(_ENDLESS).write_parquet(tmp_path / "x.parquet")


def _interrupt_until(is_over: Event, warehouse: Warehouse) -> None:
    """Again and again: what comes before a query has begun is none of its business."""
    while not is_over.wait(0.05):
        warehouse.interrupt()


def test_another_thread_can_interrupt(warehouse: Warehouse) -> None:
    chosen = warehouse.report("quantity-histogram", where="expected_quantity > 0")
    for result in (warehouse.sql(_ENDLESS), replace(chosen, query=_ENDLESS, parameters={})):
        is_over = Event()
        with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
            stack.callback(is_over.set)
            pool.submit(_interrupt_until, is_over, warehouse)
            with pytest.raises(InterruptedQueryError, match="the query was interrupted"):
                result.rows()
        assert warehouse.sql("select 1").rows() == [(1,)]


def test_rows_are_whole_whatever_else_is_asked_meanwhile(warehouse: Warehouse) -> None:
    counting = warehouse.sql("from range(50000)")
    [(_, one), (_, other)] = counting.stream(), counting.stream()
    found = []
    for chunk in one:
        found += chunk
        assert warehouse.sql("select $n", n=len(found)).rows() == [(len(found),)]
        assert next(other) == chunk
    assert found == [(number,) for number in range(50_000)]


def test_chosen_bins_are_the_same_in_every_stream_of_them(warehouse: Warehouse) -> None:
    listing = "select bin_id from bins, range(20000) as copies order by all"
    report = warehouse.report("quantity-histogram", where="bin_id = '00002'", sample=1)
    chosen = replace(report, query=listing, parameters={})
    [(_, one), (_, other)] = chosen.stream(), chosen.stream()
    assert next(one) == next(other) == [("00002",)] * 10_000
    assert warehouse.sql(listing).head(1)[2] == 40_000
    assert list(one) == list(other) == [[("00002",)] * 10_000]


@pytest.mark.parametrize("where", [None, "expected_quantity > 0"])
def test_chosen_bins_have_the_same_time_as_all(where: str | None, data_dir: Path) -> None:
    with Warehouse.open(data_dir, Limits(seconds=0.05)) as warehouse:
        endless = replace(warehouse.report("quantity-histogram", where=where), query=_ENDLESS, parameters={})
        guard = Timer(20, warehouse.interrupt)
        guard.start()
        with pytest.raises(QueryError, match="took longer than it may"):
            endless.rows()
        guard.cancel()


def test_the_release_is_held_until_the_warehouse_is_closed(data_dir: Path) -> None:
    folder = os.open((data_dir / "warehouse" / "current").resolve(), os.O_RDONLY)
    warehouse = Warehouse.open(data_dir)
    with pytest.raises(BlockingIOError):
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    warehouse.close()
    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(folder)


def test_pandas_is_asked_for_where_it_is_not_installed(data_dir: Path) -> None:
    script = (
        "import sys; sys.modules['pandas'] = None\n"
        "from etl.warehouse import Warehouse\n"
        f"try: Warehouse.open({str(data_dir)!r}).sql('select 1').df()\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "UsageError a data frame of pandas needs pandas: pip install pandas\n"
