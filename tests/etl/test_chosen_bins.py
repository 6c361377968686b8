"""Reports about some of the bins: chosen by what they are, or as a sample; against plain Python over the documents."""

import gc
import hashlib
import operator
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.catalog import create_view
from etl.errors import UsageError
from etl.lock import lock_removal
from etl.models import define_macros, load_tables, load_views
from etl.parameters import Value
from etl.reports import Report, load_reports
from etl.warehouse import Warehouse

LINES = [
    make_line("B00TEST001", 1, weight={"unit": "pounds", "value": 0.5}),
    make_line("B00TEST002", 2, weight={"unit": "pounds", "value": 2.0}),
    make_line("B00TEST003", 3, weight={"unit": "pounds", "value": 8.0}),
]
STEMS = ["00001", "00002", "00003", "00004", "00005", "1", "2", "523", "00523", "100000"]
DOCUMENTS = {
    stem: make_document(*LINES[: number % 4], EXPECTED_QUANTITY=number % 5) for number, stem in enumerate(STEMS)
}
HEADER = """/*
report:  {name}
title:   Bins
group:   Yours
about:   One row a bin.
example: abid-report {name}
*/
"""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chosen")
    bucket = write_bucket(folder / "bucket", {f"metadata/{stem}.json": DOCUMENTS[stem] for stem in STEMS})
    run_pipeline(bucket, folder / "data")
    return folder / "data"


@pytest.fixture(scope="module")
def warehouse(data_dir: Path) -> Warehouse:
    return Warehouse.open(data_dir)


@pytest.fixture(scope="module")
def reports_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    queries = {
        "ids": "select bin_id from bins order by bin_id",
        "lines": "select bin_id, count(*) from observations join quantities using (bin_id, fcsku) group by all",
        "comma": "select count(*) from bins, images",
        "names": "select bin_id, items.name, items.bin_count from quantities join items using (asin)",
        "sizes": "select count(*) from items join dimensions using (asin)",
        "qualified": "select count(*) from memory.bins",
        "subquery": "select count(*) from bins where exists (from rejects)",
    }
    for name, query in queries.items():
        (folder / f"{name}.sql").write_text(HEADER.format(name=name) + query)
    return folder


def ids(warehouse: Warehouse, reports_dir: Path, **choice: Any) -> set[str]:
    return {bin_id for (bin_id,) in warehouse.report("ids", reports_dir=reports_dir, **choice).rows()}


def weight_of(document: dict[str, Any]) -> float:
    return float(sum(line["quantity"] * line["weight"]["value"] for line in document["BIN_FCSKU_DATA"].values()))


@pytest.mark.parametrize(
    ("spelling", "compare"),
    [
        ("=", operator.eq),
        ("!=", operator.ne),
        ("<", operator.lt),
        ("<=", operator.le),
        (">", operator.gt),
        (">=", operator.ge),
    ],
)
def test_every_operator_compares(
    spelling: str, compare: Callable[[Any, Any], bool], warehouse: Warehouse, reports_dir: Path
) -> None:
    expected = {stem for stem, document in DOCUMENTS.items() if compare(document["EXPECTED_QUANTITY"], 2)}
    assert ids(warehouse, reports_dir, where=[f"expected_quantity {spelling} 2"]) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("bin_id=523", {"523"}),
        ("bin_id = '00523'", {"00523"}),
        ("  id_style   =unpadded ", {"1", "2", "523"}),
        ("known_weight_lb > 4.5", {stem for stem in STEMS if weight_of(DOCUMENTS[stem]) > 4.5}),
        ("known_weight_lb<=4.5e0", {stem for stem in STEMS if weight_of(DOCUMENTS[stem]) <= 4.5}),
        ("metadata_last_modified > 2001-01-01", set(STEMS)),
        ("metadata_last_modified < 2001-01-01T00:00:00Z", set()),
        ("has_image = true", set()),
        ("bin_id = 'x'' or ''a'' = ''a'", set()),
        ("image_fname !=", set()),
    ],
)
def test_values_are_of_the_type_of_their_column(
    where: str, expected: set[str], warehouse: Warehouse, reports_dir: Path
) -> None:
    assert ids(warehouse, reports_dir, where=where) == expected


def test_all_conditions_must_hold(warehouse: Warehouse, reports_dir: Path) -> None:
    expected = {stem for stem in STEMS if len(stem) >= 5 and DOCUMENTS[stem]["EXPECTED_QUANTITY"] > 1}
    assert ids(warehouse, reports_dir, where=["id_style=padded", "expected_quantity>1"]) == expected


def test_the_lines_are_those_of_the_chosen_bins(warehouse: Warehouse, reports_dir: Path) -> None:
    chosen = {stem: document for stem, document in DOCUMENTS.items() if document["EXPECTED_QUANTITY"] >= 2}
    expected = {(stem, len(lines)) for stem in chosen if (lines := chosen[stem]["BIN_FCSKU_DATA"])}
    assert set(warehouse.report("lines", reports_dir=reports_dir, where="expected_quantity>=2").rows()) == expected
    held = Counter(asin for document in chosen.values() for asin in document["BIN_FCSKU_DATA"])
    rows = warehouse.report("item-repetition", where=["expected_quantity >= 2"]).rows()
    assert [row[:2] for row in rows] == sorted(Counter(held.values()).items())


@pytest.mark.parametrize("size", [1, 4, 9, 10, 11])
def test_a_sample_is_of_the_bins_with_the_least_md5(size: int, warehouse: Warehouse, reports_dir: Path) -> None:
    order = sorted(STEMS, key=lambda stem: hashlib.md5(f"abid{stem}".encode()).hexdigest())
    assert ids(warehouse, reports_dir, sample=size) == set(order[:size])


def test_a_sample_is_drawn_of_the_bins_that_meet_the_conditions(warehouse: Warehouse, reports_dir: Path) -> None:
    unpadded = [stem for stem in STEMS if len(stem) < 5]
    order = sorted(unpadded, key=lambda stem: hashlib.md5(f"abid{stem}".encode()).hexdigest())
    assert ids(warehouse, reports_dir, where="id_style = unpadded", sample=2) == set(order[:2])
    lines = warehouse.report("lines", reports_dir=reports_dir, where="id_style = unpadded", sample=2).rows()
    assert {bin_id for bin_id, _ in lines} <= set(order[:2])


def test_a_choice_is_of_one_result_only(warehouse: Warehouse, reports_dir: Path) -> None:
    few = warehouse.report("ids", reports_dir=reports_dir, sample=3)
    other = warehouse.report("ids", reports_dir=reports_dir, where="bin_id = 523")
    assert len(ids(warehouse, reports_dir)) == len(STEMS)
    assert warehouse.sql("select count(*) from bins").rows() == [(len(STEMS),)]
    assert (len(few.rows()), other.rows()) == (3, [("523",)])


def test_the_figures_of_a_histogram_are_of_the_chosen_bins(warehouse: Warehouse) -> None:
    figures = warehouse.figures("quantity-histogram", where="expected_quantity >= 3")
    expected = [value for document in DOCUMENTS.values() if (value := document["EXPECTED_QUANTITY"]) >= 3]
    assert figures
    assert figures.values["mean"] == pytest.approx(sum(expected) / len(expected))


def test_a_result_holds_its_release_although_the_warehouse_is_gone(
    data_dir: Path, reports_dir: Path, tmp_path: Path
) -> None:
    shutil.copytree(data_dir, tmp_path / "data", symlinks=True)  # which no other test reads
    data_dir = tmp_path / "data"
    result = Warehouse.open(data_dir).report("ids", reports_dir=reports_dir, sample=4)
    gc.collect()
    reader = Warehouse.open(data_dir)
    folder = reader.release.path
    reader.close()
    with lock_removal(folder) as is_free:
        assert not is_free
    assert len(result.rows()) == 4
    del result
    gc.collect()
    with lock_removal(folder) as is_free:
        assert is_free


@pytest.fixture(scope="module")
def only_bins(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in which are those tables alone that hold bins, what says more about their items, and the doubts."""
    with duckdb.connect() as connection:
        define_macros(connection)
        for name in ("bins", "observations", "quantities", "items", "dimensions"):
            create_view(connection, load_tables()[name], warehouse.release.path)
        connection.execute(f"create view label_trust as {load_views()['label_trust'].query}")
        yield connection


@pytest.fixture(scope="module")
def only_items(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in which no bins are."""
    with duckdb.connect() as connection:
        define_macros(connection)
        for name in ("items", "dimensions"):
            create_view(connection, load_tables()[name], warehouse.release.path)
        yield connection


def can_answer(connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Value]) -> bool:
    try:
        connection.execute(f"explain {query}", values)
    except (duckdb.CatalogException, duckdb.BinderException):  # the latter where a table is hidden by its own name
        return False
    return True


@pytest.mark.parametrize("report", load_reports().values(), ids=load_reports())
def test_a_choice_is_offered_where_a_report_needs_no_other_table(
    report: Report, warehouse: Warehouse, only_bins: duckdb.DuckDBPyConnection, only_items: duckdb.DuckDBPyConnection
) -> None:
    values: dict[str, Value] = {p.variable: p.default if p.default is not None else p.type() for p in report.parameters}
    is_about_bins = can_answer(only_bins, report.query, values) and not can_answer(only_items, report.query, values)
    looks_up = any(parameter.default is None for parameter in report.parameters)
    assert report.allows_choice == (is_about_bins and not looks_up)
    if report.allows_choice:
        assert warehouse.report(report, **values, sample=2).columns == warehouse.report(report, **values).columns
    else:
        with pytest.raises(UsageError, match="looks up what it is told" if looks_up else "and this reads"):
            warehouse.report(report, **values, sample=2)


def test_what_says_more_about_items_says_it_over_all_bins(warehouse: Warehouse, reports_dir: Path) -> None:
    held = Counter(asin for document in DOCUMENTS.values() for asin in document["BIN_FCSKU_DATA"])
    lines = DOCUMENTS["00003"]["BIN_FCSKU_DATA"]
    expected = {("00003", line["name"], held[asin]) for asin, line in lines.items()}
    rows = warehouse.report("names", reports_dir=reports_dir, where="bin_id = 00003").rows()
    assert set(rows) == expected != set()


def test_a_report_of_items_alone_is_about_no_bins(warehouse: Warehouse, reports_dir: Path) -> None:
    with pytest.raises(UsageError, match=r"only where one of bins, .* is read, and this reads dimensions, items$"):
        warehouse.report("sizes", reports_dir=reports_dir, sample=2)


def test_chosen_bins_have_the_doubts_that_they_have_in_the_whole_release(warehouse: Warehouse) -> None:
    of_all = {row[0]: row[1:] for row in warehouse.report("label-trust", min_reasons=0, limit=0).rows()}
    assert set(of_all) == set(STEMS)
    chosen = warehouse.report("label-trust", min_reasons=0, limit=0, where="id_style = unpadded").rows()
    assert {row[0]: row[1:] for row in chosen} == {stem: of_all[stem] for stem in ("1", "2", "523")}
    assert all("twin" in row[4] for row in chosen)
    doubtful = warehouse.report("label-trust", reason="twin", limit=0, where="id_style = padded").rows()
    assert {row[0] for row in doubtful} == {"00001", "00002", "00523"}


@pytest.mark.parametrize(
    ("name", "read"), [("comma", "images"), ("qualified", r"memory\.bins"), ("subquery", "rejects")]
)
def test_no_way_to_read_another_table_is_overlooked(
    name: str, read: str, warehouse: Warehouse, reports_dir: Path
) -> None:
    with pytest.raises(UsageError, match=f"and this reads {read}$"):
        warehouse.report(name, reports_dir=reports_dir, sample=2)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("", "not a condition: "),
        ("expected_quantity", "'expected_quantity >= 10'"),
        ("expected_quantity == 3", "one of = != < <= > >="),
        ("expected_quantity <> 3", "one of = != < <= > >="),
        ("bin_id = x' or 'a' = 'a", "Put a text into single quotes"),
        ("bin_id = '", "Put a text into single quotes"),
        ("expected_quantity = 3; drop view bins", "a whole number, not 3; drop view bins"),
        ("expected_quantity = 2.5", "a whole number, not 2.5"),
        ("expected_quantity = ", "a whole number, not nothing"),
        ("bin_number < 9223372036854775808", "a whole number, not 9223372036854775808"),
        ("known_weight_lb < nan", "a number, not nan"),
        ("known_weight_lb < 1e999", "a number, not 1e999"),
        ("has_image = yes", "true or false, not yes"),
        ("metadata_last_modified > tomorrow", "a time, as 2017-03-01 or 2017-03-01T12:00:00, not tomorrow"),
        ("expected_quantty > 2", "did you mean expected_quantity? There are bin_id, bin_number, id_style, "),
        ("1=1", "bins have no column 1: There are bin_id, "),
    ],
)
def test_what_is_no_condition_is_told_what_would_be_one(where: str, said: str, warehouse: Warehouse) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        warehouse.report("quantity-histogram", where=[where])


@pytest.mark.parametrize("size", [0, -1, 2**63, 1.5, "3", True])
def test_a_sample_is_a_number_of_bins(size: Any, warehouse: Warehouse) -> None:
    with pytest.raises(UsageError, match="a sample is a number of bins from 1"):
        warehouse.report("quantity-histogram", sample=size)
