"""What holds for every report."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import duckdb
import pytest
from plainfigures import Row
from reportbuckets import Bucket, Loaded, build_warehouse

from etl.catalog import create_views
from etl.models import define_macros, load_tables
from etl.parameters import Value
from etl.receipt import register_receipt
from etl.reports import Report, bind_parameters, load_reports
from etl.warehouse import Warehouse

REQUIRED: dict[str, dict[str, Value]] = {
    "bin": {"bin_id": "00001"},
    "item": {"asin": "B0000000P1"},
    "search": {"text": "sample item"},
}
"""Values for the positional parameters, for tests that run every report."""

every_report = pytest.mark.parametrize("report", load_reports().values(), ids=load_reports())


@every_report
def test_a_report_says_what_it_is_and_shows_how_it_is_called(report: Report) -> None:
    assert report.title
    assert report.about.endswith(".")
    assert re.match(rf"abid-report {report.name}(?= |$)", report.example)
    options = {f"--{parameter.name}" for parameter in report.parameters if parameter.default is not None}
    assert set(re.findall(r"--[a-z-]+", report.example)) <= options


@every_report
def test_a_report_uses_every_parameter_and_declares_what_it_uses(report: Report) -> None:
    assert set(re.findall(r"\$(\w+)", report.query)) == {parameter.variable for parameter in report.parameters}


@every_report
def test_a_report_offers_its_own_defaults(report: Report) -> None:
    offered = [(p.default, p.choices) for p in report.parameters if p.choices]
    assert not [default for default, choices in offered if default not in choices]


@every_report
def test_a_chart_is_drawn_of_columns_that_the_report_has(report: Report, invented_release: Loaded) -> None:
    columns = invented_release.warehouse.report(report.name, **REQUIRED.get(report.name, {})).columns
    assert set(report.chart.columns if report.chart else ()) <= set(columns)


def test_rejects_offers_every_reason_that_the_table_knows() -> None:
    [described] = [column.description for column in load_tables()["rejects"].columns if column.name == "reason"]
    reasons = re.findall(r"[a-z0-9_]+", described.removeprefix("What is wrong: "))
    [offered] = [p.choices for p in load_reports()["rejects"].parameters if p.name == "reason"]
    assert list(offered) == ["all", *reasons]


@pytest.mark.parametrize("name", [name for name, report in load_reports().items() if "$limit" in report.query])
def test_a_limit_cuts_the_rows_and_zero_shows_all(invented_release: Loaded, name: str) -> None:
    warehouse = invented_release.warehouse
    required = REQUIRED.get(name, {})
    rows = warehouse.report(name, **required, limit=0).rows()
    assert len(rows) > 2
    assert warehouse.report(name, **required, limit=2).rows() == rows[:2]
    assert warehouse.report(name, **required, limit=len(rows) + 1).rows() == rows


@every_report
def test_a_report_ends_in_a_total_order(report: Report, invented_release: Loaded) -> None:
    counts = [count_rows_and_keys(invented_release.warehouse, report, chosen) for chosen in each_choice(report)]
    assert [pair for pair in counts if pair[0] != pair[1]] == []
    assert max(counts) > (1, 1)


@every_report
def test_a_report_on_real_documents_ends_in_a_total_order(report: Report, real_release: Loaded) -> None:
    given = choose_real(real_release.bucket).get(report.name, {})
    for chosen in each_choice(report):
        rows, keys = count_rows_and_keys(real_release.warehouse, report, chosen | given)
        assert rows == keys, chosen


def each_choice(report: Report) -> Iterator[dict[str, Value]]:
    """Every combination of choices, with all rows."""
    choices = {p.variable: p.choices for p in report.parameters if p.choices}
    limit: dict[str, Value] = {"limit": 0} if "$limit" in report.query else {}
    for chosen in product(*choices.values()):
        yield REQUIRED.get(report.name, {}) | dict(zip(choices, chosen, strict=True)) | limit


def count_rows_and_keys(warehouse: Warehouse, report: Report, given: dict[str, Value]) -> tuple[int, int]:
    """Rows, and different values of what they are ordered by."""
    end = re.search(r"\nselect [^\n]+ from final\norder by ([^\n]+)(?:\nlimit [^\n]+)?\Z", report.query)
    assert end, "it must end in: select ... from final, order by ..., and perhaps limit ..."
    order = end[1].replace(" desc", "")
    query = f"{report.query[: end.start()]}\nselect count(*), count(distinct row({order})) from final"
    bound = bind_parameters(report, given)
    [(rows, keys)] = warehouse.sql(query, **{name: bound[name] for name in bound if f"${name}" in query}).rows()
    return rows, keys


def choose_real(bucket: Bucket) -> dict[str, dict[str, Value]]:
    """Values for the positional parameters that find something in the real sample: the fullest bin and its item."""
    stem = max(bucket.documents, key=lambda stem: len(bucket.documents[stem]["BIN_FCSKU_DATA"]))
    line = next(iter(bucket.documents[stem]["BIN_FCSKU_DATA"].values()))
    return {"bin": {"bin_id": stem}, "item": {"asin": line["asin"]}, "search": {"text": "with"}}


@every_report
def test_a_report_gives_the_same_rows_with_any_number_of_threads(report: Report, invented_release: Loaded) -> None:
    bound = bind_parameters(report, REQUIRED.get(report.name, {}))
    one, two = (run_with_threads(invented_release.warehouse, report, bound, threads) for threads in (1, 2))
    assert one == two == invented_release.warehouse.report(report.name, **bound).rows()


@every_report
def test_a_report_on_real_documents_gives_the_same_rows_with_any_number_of_threads(
    report: Report, real_release: Loaded
) -> None:
    bound = bind_parameters(report, choose_real(real_release.bucket).get(report.name, {}))
    one, two = (run_with_threads(real_release.warehouse, report, bound, threads) for threads in (1, 2))
    assert one == two


def run_with_threads(warehouse: Warehouse, report: Report, bound: dict[str, Value], threads: int) -> list[Row]:
    with duckdb.connect(config={"threads": threads}) as connection:
        define_macros(connection)
        create_views(connection, warehouse.release.path)
        register_receipt(connection, warehouse.release.manifest["receipt"])
        return connection.execute(report.query, bound).fetchall()


def test_a_warehouse_without_bins_has_figures_and_measures_but_no_rows_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "bucket" / "metadata").mkdir(parents=True)
    (tmp_path / "bucket" / "metadata" / "00001.json").write_text("{")
    warehouse = build_warehouse(tmp_path / "bucket", tmp_path / "data")
    reports = {name: len(warehouse.report(name, **REQUIRED.get(name, {})).rows()) for name in load_reports()}
    counts = {name: count for name, count in reports.items() if count}
    assert counts.pop("summary") > 30
    assert counts == {"dimension-summary": 5, "missing-fields": 11, "receipt": 6, "rejects": 1}
