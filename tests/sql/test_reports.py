"""Every report against plain Python over the same documents."""

import json
import os
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl.build import build_release
from etl.catalog import create_views
from etl.datadir import DataDir
from etl.fetch import fetch_documents
from etl.models import define_macros, load_tables
from etl.parameters import Value
from etl.receipt import register_receipt
from etl.reports import Report, bind_parameters, load_reports
from etl.sources.directory import DirectorySource
from etl.warehouse import Warehouse

Document = dict[str, Any]
Row = tuple[Any, ...]

STYLES = ["all", "padded", "unpadded"]
REQUIRED: dict[str, dict[str, Value]] = {
    "bin": {"bin_id": "00001"},
    "item": {"asin": "B0000000P1"},
    "search": {"text": "sample item"},
}
"""Values for the positional parameters, for tests that run every report."""

P1, P2, P3, P4, P5, P6, P7, P8, P9 = (f"B0000000P{number}" for number in range(1, 10))
ISBN = "0306406152"


# --- documents of the real shape ------------------------------------------------------------------------------------


def measure(value: float | None, unit: str) -> Document | None:
    return None if value is None else {"unit": unit, "value": value}


def make_line(
    asin: str | None,
    quantity: float,
    size: tuple[float, float, float] | None = (4.0, 3.0, 2.5),
    weight: float | None = 0.5,
    **changes: Any,
) -> Document:
    length, width, height = size or (None, None, None)
    name = f"Sample item {asin}"
    line = {
        "asin": asin,
        "height": measure(height, "IN"),
        "length": measure(length, "IN"),
        "name": name,
        "normalizedName": name,
        "quantity": quantity,
        "weight": measure(weight, "pounds"),
        "width": measure(width, "IN"),
    }
    return line | changes


def make_document(expected: Any, *lines: Document, **keyed: Document) -> Document:
    """A document of `lines` under their own ASINs and `keyed` lines under other FCSKUs."""
    return {"BIN_FCSKU_DATA": {line["asin"]: line for line in lines} | keyed, "EXPECTED_QUANTITY": expected}


def as_unpadded(stem: str, document: Document) -> Document:
    lines = document["BIN_FCSKU_DATA"].items()
    bare = {fcsku: {k: v for k, v in line.items() if k != "normalizedName"} for fcsku, line in lines}
    return document | {"BIN_FCSKU_DATA": bare, "image_fname": f"{stem}.jpg"}


OTHER_UNITS = {
    "length": measure(25.4, "CM"),
    "width": measure(127.0, "MM"),
    "height": measure(2.54, "centimeters"),
    "weight": measure(8.0, "ounces"),
}
OTHER_SIZE = (9.25, 8.5, 1.75)

DOCUMENTS: dict[str, Document] = {
    "00001": make_document(3, make_line(P1, 2), make_line(P2, 1, OTHER_SIZE, name="Another name")),
    "1": as_unpadded("1", make_document(1, make_line(P1, 1))),
    "00002": make_document(0),
    "2": as_unpadded("2", make_document(0)),
    # one ASIN under two FCSKUs of one bin
    "00003": make_document(5, make_line(P1, 4), ZZX0000001=make_line(P1, 1)),
    # no ASIN; no weight; nothing measured
    "00004": make_document(
        6, make_line(P3, 2, weight=None), make_line(P4, 3, None, None), ZZX0000002=make_line(None, 1)
    ),
    # gaps of the documents themselves, one of them the same in two bins of one number
    "00005": make_document(4, make_line(P2, 1)),
    "5": as_unpadded("5", make_document(4, make_line(P2, 1))),
    # two items that nothing but the ASIN tells apart
    "00008": make_document(2, make_line(P9, 1), make_line(ISBN, 1)),
    # a gap of the loading: P4 has no textual name, P6 no whole quantity
    "00006": make_document(6, make_line(P2, 2), make_line(P4, 1, name=5), make_line(P6, 2.5)),
    # its only line is rejected
    "00007": make_document(1, make_line(P6, 1, length={"unit": "IN", "value": "4"})),
    # sides the wrong way round
    "00009": make_document(2, make_line(P1, 1, (1.0, 3.0, 9.0)), make_line(P3, 1, (2.0, 3.0, 0.1))),
    # P5 is in ten bins, P8 in eleven, and these have every expected quantity from 2 to 11
    **{f"{10 + n:05d}": make_document(n + 1, make_line(P5, n), make_line(P8, 1)) for n in range(1, 11)},
    # the same three times
    **{
        stem: make_document(4, make_line(P1, 1), make_line(P2, 1, name="Other"), ZZX0000003=make_line(P3, 2))
        for stem in ("00091", "00092", "00093")
    },
    "99999": make_document(30, make_line(P7, 29) | OTHER_UNITS, make_line(P8, 1)),
    "100000": make_document(12, make_line(P2, 11), make_line(P3, 1, (7.0, 1.0, 0.5), 3.0)),
}
REJECTED_LINES = {
    ("00006", P4): "not_text",
    ("00006", P6): "quantity_not_whole",
    ("00007", P6): "measurement_not_number",
}
REJECTED_DOCUMENTS = {
    "00030": ("not_json", "<Error><Code>SlowDown</Code></Error>"),
    "3": ("expected_quantity_not_whole", json.dumps(make_document("3", make_line(P1, 3)))),
    "notes": ("unrecognised_key", json.dumps(make_document(1, make_line(P1, 1)))),
}
PICTURES = {"00001": 700, "1": 40, "100000": 5, "cover": 3}


@dataclass(frozen=True)
class Bucket:
    """What the reports are held against: documents without their rejected lines, and what lies around them."""

    documents: dict[str, Document]
    sizes: dict[str, int]
    rejected_lines: list[str]
    pictures: dict[str, int] | None


def write_bucket(root: Path) -> Bucket:
    texts = {stem: json.dumps(document, indent=4, sort_keys=True) for stem, document in DOCUMENTS.items()}
    texts |= {stem: text for stem, (_, text) in REJECTED_DOCUMENTS.items()}
    (root / "metadata").mkdir(parents=True)
    (root / "bin-images").mkdir()
    for stem, text in texts.items():
        (root / "metadata" / f"{stem}.json").write_bytes(text.encode())
    for stem, size in PICTURES.items():
        (root / "bin-images" / f"{stem}.jpg").write_bytes(b"x" * size)
    kept = {stem: without_rejected_lines(stem, document) for stem, document in DOCUMENTS.items()}
    sizes = {stem: len(text.encode()) for stem, text in texts.items()}
    return Bucket(kept, sizes, [bin_id for bin_id, _ in REJECTED_LINES], PICTURES)


def without_rejected_lines(stem: str, document: Document) -> Document:
    lines = document["BIN_FCSKU_DATA"].items()
    return document | {"BIN_FCSKU_DATA": {k: v for k, v in lines if (stem, k) not in REJECTED_LINES}}


def build_warehouse(source: Path, data: Path) -> Warehouse:
    fetch_documents(DirectorySource(source), DataDir(data))
    build_release(DataDir(data))
    return Warehouse.open(data)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def bucket(root: Path) -> Bucket:
    return write_bucket(root / "bucket")


@pytest.fixture(scope="module")
def warehouse(root: Path, bucket: Bucket) -> Warehouse:
    assert bucket.documents
    return build_warehouse(root / "bucket", root / "data")


# --- the same figures in plain Python -------------------------------------------------------------------------------


def in_style(stem: str, style: str) -> bool:
    own = None if not stem.isdigit() else "padded" if len(stem) >= 5 else "unpadded"
    return style in ("all", own)


def bins_of(bucket: Bucket, style: str) -> dict[str, Document]:
    return {stem: document for stem, document in bucket.documents.items() if in_style(stem, style)}


def lines_of(bins: dict[str, Document]) -> Iterator[tuple[str, str, Document]]:
    """Bin, FCSKU and line, bins in the order of their numbers."""
    for stem in sorted(bins, key=lambda stem: (int(stem), stem)):
        for fcsku, line in sorted(bins[stem]["BIN_FCSKU_DATA"].items()):
            yield stem, fcsku, line


def count_bins_by_asin(bins: dict[str, Document]) -> Counter[str]:
    pairs = {(stem, line["asin"]) for stem, _, line in lines_of(bins)}
    return Counter(asin for _, asin in pairs if asin is not None)


def sum_quantities(document: Document) -> int:
    return sum(line["quantity"] for line in document["BIN_FCSKU_DATA"].values())


def to_histogram(counts: Counter[int]) -> list[Row]:
    """Value, count, share and cumulative share."""
    total = counts.total()
    rows: list[Row] = []
    seen = 0
    for value, count in sorted(counts.items()):
        seen += count
        rows.append((value, count, round(count / total, 6), round(seen / total, 6)))
    return rows


def histogram_of_quantities(bucket: Bucket, style: str) -> list[Row]:
    return to_histogram(Counter(document["EXPECTED_QUANTITY"] for document in bins_of(bucket, style).values()))


def histogram_of_repetition(bucket: Bucket, style: str) -> list[Row]:
    return to_histogram(Counter(count_bins_by_asin(bins_of(bucket, style)).values()))


def summarize(bucket: Bucket, style: str) -> dict[str, float | None]:
    bins = bins_of(bucket, style)
    lines = list(lines_of(bins))
    expected = Counter(document["EXPECTED_QUANTITY"] for document in bins.values())
    by_asin = count_bins_by_asin(bins)
    by_fcsku = Counter(fcsku for _, fcsku, _ in lines)
    sizes = {stem: size for stem, size in bucket.sizes.items() if in_style(stem, style)}
    pictures = [size for stem, size in (bucket.pictures or {}).items() if in_style(stem, style)]
    per_bin = [len(document["BIN_FCSKU_DATA"]) for document in bins.values()]
    total = sum(quantity * count for quantity, count in expected.items())
    return {
        "metadata_documents": len(sizes),
        "metadata_bytes": sum(sizes.values()),
        "images": None if bucket.pictures is None else len(pictures),
        "image_bytes": None if bucket.pictures is None else sum(pictures),
        "rejected_documents": len(sizes.keys() - bins.keys()),
        "rejected_lines": sum(in_style(stem, style) for stem in bucket.rejected_lines),
        "bins": len(bins),
        **{f"bins_with_expected_quantity_{n}": expected[n] for n in range(11)},
        "bins_with_expected_quantity_over_10": sum(count for n, count in expected.items() if n > 10),
        "mean_expected_quantity": round(total / len(bins), 4) if bins else None,
        "total_expected_quantity": total,
        "total_quantity": sum(line["quantity"] for _, _, line in lines),
        "bins_with_quantity_gap": sum(d["EXPECTED_QUANTITY"] != sum_quantities(d) for d in bins.values()),
        "bins_without_lines": per_bin.count(0),
        "item_rows": len(lines),
        "distinct_fcskus": len(by_fcsku),
        "distinct_asins": len(by_asin),
        "asins_seen_once": list(by_asin.values()).count(1),
        "asins_seen_twice": list(by_asin.values()).count(2),
        "asins_seen_ten_times": list(by_asin.values()).count(10),
        "max_item_quantity": max((line["quantity"] for _, _, line in lines), default=None),
        "max_fcskus_per_bin": max(per_bin, default=None),
        "max_bins_per_fcsku": max(by_fcsku.values(), default=None),
        "max_bins_per_asin": max(by_asin.values(), default=None),
    }


def read_summary(warehouse: Warehouse) -> list[Row]:
    """The report with its decimals as Python's floats."""
    rows = warehouse.report("summary").rows()
    return [(figure, *(None if value is None else float(value) for value in values)) for figure, *values in rows]


def expect_summary(bucket: Bucket) -> list[Row]:
    padded, unpadded, every = (summarize(bucket, style) for style in ("padded", "unpadded", "all"))
    return [(figure, padded[figure], unpadded[figure], every[figure]) for figure in every]


def measures_of(line: Document) -> tuple[float | None, ...]:
    """Inches and pounds."""
    factors = {
        "IN": 1.0, "CM": 1 / 2.54, "centimeters": 1 / 2.54, "MM": 1 / 25.4, "pounds": 1.0, "ounces": 1 / 16
    }  # fmt: skip
    found = [line[name] for name in ("length", "width", "height", "weight")]
    return tuple(None if m is None else m["value"] * factors[m["unit"]] for m in found)


def measure_items(bins: dict[str, Document]) -> list[dict[str, float | None]]:
    """The most frequent measurement of every ASIN; the first one in the order of the bins wins a tie."""
    seen: dict[str, Counter[tuple[float | None, ...]]] = defaultdict(Counter)
    for _, _, line in lines_of(bins):
        if line["asin"]:
            seen[line["asin"]][measures_of(line)] += 1
    items = []
    for counts in seen.values():
        length, width, height, weight = counts.most_common(1)[0][0]
        volume = length * width * height if length and width and height else None
        items.append(
            {"length_in": length, "width_in": width, "height_in": height, "weight_lb": weight, "volume_in3": volume}
        )
    return items


def image_url(stem: str) -> str:
    return f"https://aft-vbi-pds.s3.amazonaws.com/bin-images/{stem}.jpg"


# --- what each report says ------------------------------------------------------------------------------------------


def test_summary_counts_padded_unpadded_and_all(warehouse: Warehouse, bucket: Bucket) -> None:
    assert warehouse.report("summary").columns == ["figure", "padded", "unpadded", "all"]
    assert read_summary(warehouse) == expect_summary(bucket)


def test_summary_of_the_documents_is_not_all_zeros(warehouse: Warehouse) -> None:
    figures = {figure: every for figure, _, _, every in read_summary(warehouse)}
    assert (figures["asins_seen_ten_times"], figures["max_item_quantity"], figures["max_fcskus_per_bin"]) == (1, 29, 3)
    assert (figures["rejected_documents"], figures["rejected_lines"], figures["image_bytes"]) == (3, 3, 748)


def test_summary_holds_exact_decimals_of_which_only_the_mean_has_a_fraction(warehouse: Warehouse) -> None:
    shown = {figure: values for figure, *values in warehouse.report("summary").rows()}
    assert shown["bins_without_lines"] == [Decimal(2), Decimal(1), Decimal(3)]
    assert all(value % 1 for value in shown.pop("mean_expected_quantity"))
    assert not [value for values in shown.values() for value in values if value % 1]


def test_summary_says_nothing_of_pictures_that_were_not_listed(tmp_path: Path) -> None:
    bucket = Bucket({"00002": make_document(0)}, {"00002": 54}, [], None)
    (tmp_path / "bucket" / "metadata").mkdir(parents=True)
    (tmp_path / "bucket" / "metadata" / "00002.json").write_text(f"{json.dumps(bucket.documents['00002']):54}")
    warehouse = build_warehouse(tmp_path / "bucket", tmp_path / "data")
    assert read_summary(warehouse) == expect_summary(bucket)


def test_a_warehouse_without_bins_has_figures_and_measures_but_no_rows_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "bucket" / "metadata").mkdir(parents=True)
    (tmp_path / "bucket" / "metadata" / "00001.json").write_text("{")
    warehouse = build_warehouse(tmp_path / "bucket", tmp_path / "data")
    counts = {name: len(warehouse.report(name, **REQUIRED.get(name, {})).rows()) for name in load_reports()}
    assert {name: count for name, count in counts.items() if count} == {
        "dimension-summary": 5,
        "missing-fields": 11,
        "receipt": 6,
        "rejects": 1,
        "summary": len(summarize(Bucket({}, {}, [], None), "all")),
    }
    assert read_summary(warehouse) == expect_summary(Bucket({}, {"00001": 1}, [], None))


@pytest.mark.parametrize("style", STYLES)
def test_quantity_histogram_counts_bins(warehouse: Warehouse, bucket: Bucket, style: str) -> None:
    report = warehouse.report("quantity-histogram", id_style=style)
    assert report.columns == ["expected_quantity", "bins", "share", "cumulative_share"]
    assert report.rows() == histogram_of_quantities(bucket, style)


@pytest.mark.parametrize("style", STYLES)
def test_fcsku_histogram_counts_bins(warehouse: Warehouse, bucket: Bucket, style: str) -> None:
    report = warehouse.report("fcsku-histogram", id_style=style)
    counts = Counter(len(document["BIN_FCSKU_DATA"]) for document in bins_of(bucket, style).values())
    assert report.columns == ["fcsku_count", "bins", "share", "cumulative_share"]
    assert report.rows() == to_histogram(counts)


@pytest.mark.parametrize("style", STYLES)
def test_item_repetition_counts_within_the_id_style(warehouse: Warehouse, bucket: Bucket, style: str) -> None:
    report = warehouse.report("item-repetition", id_style=style)
    assert report.columns == ["bin_count", "asins", "share", "cumulative_share"]
    assert report.rows() == histogram_of_repetition(bucket, style)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("by", ["bins", "units"])
def test_top_items_ranks_by_bins_or_by_units(warehouse: Warehouse, bucket: Bucket, style: str, by: str) -> None:
    bins = bins_of(bucket, style)
    quantities: dict[str, list[int]] = defaultdict(list)
    for _, _, line in lines_of(bins):
        quantities[line["asin"]].append(line["quantity"])
    rows = [
        (asin, f"Sample item {asin}", count, sum(quantities[asin]), max(quantities[asin]))
        for asin, count in count_bins_by_asin(bins).items()
    ]
    rows.sort(key=lambda row: (-row[2], -row[3], row[0]) if by == "bins" else (-row[3], -row[2], row[0]))
    report = warehouse.report("top-items", id_style=style, by=by, limit=0)
    assert report.columns == ["asin", "name", "bin_count", "total_quantity", "max_item_quantity"]
    assert report.rows() == rows


def test_dimension_summary_counts_every_item_once(warehouse: Warehouse, bucket: Bucket) -> None:
    items = measure_items(bucket.documents)
    report = warehouse.report("dimension-summary")
    percentiles = [1, 5, 25, 50, 75, 95, 99]
    expected = []
    for measure_name in items[0]:
        known = [value for item in items if (value := item[measure_name]) is not None]
        cuts = statistics.quantiles(known, n=100, method="inclusive")
        spread = [min(known), *(cuts[p - 1] for p in percentiles), max(known)]
        rounded_spread = [pytest.approx(value, abs=6e-5) for value in spread]
        expected.append((measure_name, len(known), len(items) - len(known), *rounded_spread))
    assert report.columns == [
        "measure", "known_items", "unknown_items", "min", *(f"p{p:02d}" for p in percentiles), "max"
    ]  # fmt: skip
    assert report.rows() == expected


@pytest.mark.parametrize("style", STYLES)
def test_quantity_gaps_shows_the_largest_first(warehouse: Warehouse, bucket: Bucket, style: str) -> None:
    rows = []
    for stem, document in bins_of(bucket, style).items():
        expected, total = document["EXPECTED_QUANTITY"], sum_quantities(document)
        rejected = bucket.rejected_lines.count(stem)
        if expected != total:
            key = f"metadata/{stem}.json"
            rows.append((stem, expected, total, expected - total, rejected, key, image_url(stem)))
    rows.sort(key=lambda row: (-abs(row[3]), int(row[0]), row[0]))
    report = warehouse.report("quantity-gaps", id_style=style)
    assert report.columns == [
        "bin_id", "expected_quantity", "total_quantity", "quantity_gap", "rejected_line_count",
        "metadata_key", "image_url",
    ]  # fmt: skip
    assert report.rows() == rows


def test_rejects_shows_documents_and_lines_with_their_reasons(warehouse: Warehouse) -> None:
    expected = [(f"metadata/{stem}.json", "document", reason) for stem, (reason, _) in REJECTED_DOCUMENTS.items()]
    expected += [(f"metadata/{stem}.json", "line", reason) for (stem, _), reason in REJECTED_LINES.items()]
    report = warehouse.report("rejects")
    rows = report.rows()
    assert report.columns == ["metadata_key", "scope", "json_path", "reason", "detail"]
    assert [(key, scope, reason) for key, scope, _, reason, _ in rows] == sorted(expected)
    assert warehouse.report("rejects", reason="not_json").rows() == [row for row in rows if row[3] == "not_json"]


def test_rejects_points_at_the_fault(warehouse: Warehouse) -> None:
    [(_, _, path, _, detail)] = warehouse.report("rejects", reason="quantity_not_whole").rows()
    assert path == f'$.BIN_FCSKU_DATA."{P6}".quantity'
    assert '"quantity":2.5' in detail.replace(" ", "")


@pytest.mark.parametrize("stem", ["00001", "1", "00003", "00004", "00006", "99999"])
def test_bin_shows_every_line(warehouse: Warehouse, bucket: Bucket, stem: str) -> None:
    document = bucket.documents[stem]
    facts = (stem, document["EXPECTED_QUANTITY"], sum_quantities(document), bucket.rejected_lines.count(stem))
    expected = [
        (*facts, fcsku, line["asin"], line["name"], line["quantity"], *map(rounded, measures_of(line)), image_url(stem))
        for _, fcsku, line in lines_of({stem: document})
    ]
    report = warehouse.report("bin", bin_id=stem)
    assert report.columns == [
        "bin_id", "expected_quantity", "total_quantity", "rejected_line_count", "fcsku", "asin", "name", "quantity",
        "length_in", "width_in", "height_in", "weight_lb", "image_url",
    ]  # fmt: skip
    assert report.rows() == expected


@pytest.mark.parametrize(("stem", "expected", "rejected"), [("00002", 0, 0), ("2", 0, 0), ("00007", 1, 1)])
def test_a_bin_without_lines_still_has_a_row(warehouse: Warehouse, stem: str, expected: int, rejected: int) -> None:
    assert warehouse.report("bin", bin_id=stem).rows() == [(stem, expected, 0, rejected, *[None] * 8, image_url(stem))]


@pytest.mark.parametrize("stem", ["00030", "0001", "3", "", "4"])
def test_a_bin_that_is_not_in_the_warehouse_has_no_row(warehouse: Warehouse, stem: str) -> None:
    assert warehouse.report("bin", bin_id=stem).rows() == []


@pytest.mark.parametrize("asin", [P1, P2, P5, P7, ISBN])
def test_item_shows_every_bin_that_holds_it(warehouse: Warehouse, bucket: Bucket, asin: str) -> None:
    expected = []
    for stem, fcsku, line in lines_of(bucket.documents):
        if line["asin"] == asin:
            quantities = (line["quantity"], bucket.documents[stem]["EXPECTED_QUANTITY"])
            expected.append((line["name"], stem, fcsku, *quantities, *map(rounded, measures_of(line)), image_url(stem)))
    report = warehouse.report("item", asin=asin)
    assert report.columns == [
        "name", "bin_id", "fcsku", "quantity", "expected_quantity",
        "length_in", "width_in", "height_in", "weight_lb", "image_url",
    ]  # fmt: skip
    assert report.rows() == expected


def test_an_item_is_not_found_by_an_fcsku_or_in_a_rejected_line(warehouse: Warehouse) -> None:
    assert warehouse.report("item", asin="ZZX0000001").rows() == []
    assert warehouse.report("item", asin=P6).rows() == []


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


# --- what holds for every report ------------------------------------------------------------------------------------

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
def test_a_chart_is_drawn_of_columns_that_the_report_has(report: Report, warehouse: Warehouse) -> None:
    columns = warehouse.report(report.name, **REQUIRED.get(report.name, {})).columns
    assert set(report.chart.columns if report.chart else ()) <= set(columns)


def test_rejects_offers_every_reason_that_the_table_knows() -> None:
    [described] = [column.description for column in load_tables()["rejects"].columns if column.name == "reason"]
    reasons = re.findall(r"[a-z0-9_]+", described.removeprefix("What is wrong: "))
    [offered] = [p.choices for p in load_reports()["rejects"].parameters if p.name == "reason"]
    assert list(offered) == ["all", *reasons]


@pytest.mark.parametrize("name", [name for name, report in load_reports().items() if "$limit" in report.query])
def test_a_limit_cuts_the_rows_and_zero_shows_all(warehouse: Warehouse, name: str) -> None:
    required = REQUIRED.get(name, {})
    rows = warehouse.report(name, **required, limit=0).rows()
    assert len(rows) > 2
    assert warehouse.report(name, **required, limit=2).rows() == rows[:2]
    assert warehouse.report(name, **required, limit=len(rows) + 1).rows() == rows


@every_report
def test_a_report_ends_in_a_total_order(report: Report, warehouse: Warehouse) -> None:
    end = re.search(r"\nselect [^\n]+ from final\norder by ([^\n]+)(?:\nlimit [^\n]+)?\Z", report.query)
    assert end, "it must end in: select ... from final, order by ..., and perhaps limit ..."
    order = end[1].replace(" desc", "")
    query = f"{report.query[: end.start()]}\nselect count(*), count(distinct row({order})) from final"
    bound = bind_parameters(report, REQUIRED.get(report.name, {}))
    used = {name: value for name, value in bound.items() if f"${name}" in query}
    [(rows, keys)] = warehouse.sql(query, **used).rows()
    assert rows == keys > 1


@every_report
def test_a_report_gives_the_same_rows_with_any_number_of_threads(report: Report, warehouse: Warehouse) -> None:
    bound = bind_parameters(report, REQUIRED.get(report.name, {}))
    one, two = (run_with_threads(warehouse, report, bound, threads) for threads in (1, 2))
    assert one == two == warehouse.report(report.name, **bound).rows()


def run_with_threads(warehouse: Warehouse, report: Report, bound: dict[str, Value], threads: int) -> list[Row]:
    with duckdb.connect(config={"threads": threads}) as connection:
        define_macros(connection)
        create_views(connection, warehouse.release.path)
        register_receipt(connection, warehouse.release.manifest)
        return connection.execute(report.query, bound).fetchall()


# --- the same, over real documents ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_sample() -> Path:
    """A folder that holds `metadata/` with real documents, none of which is rejected."""
    folder = os.environ.get("ABID_REAL_SAMPLE")
    if not folder:
        pytest.skip("ABID_REAL_SAMPLE doesn't name a folder of real documents")
    return Path(folder)


@pytest.fixture(scope="module")
def real_bucket(real_sample: Path) -> Bucket:
    texts = {path.stem: path.read_bytes() for path in (real_sample / "metadata").glob("*.json")}
    documents = {stem: json.loads(text) for stem, text in texts.items()}
    pictures = {path.stem: path.stat().st_size for path in (real_sample / "bin-images").glob("*.jpg")}
    return Bucket(documents, {stem: len(text) for stem, text in texts.items()}, [], pictures or None)


@pytest.fixture(scope="module")
def real_warehouse(real_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return build_warehouse(real_sample, tmp_path_factory.mktemp("real"))


def test_summary_of_real_documents(real_warehouse: Warehouse, real_bucket: Bucket) -> None:
    assert read_summary(real_warehouse) == expect_summary(real_bucket)


@pytest.mark.parametrize("style", STYLES)
def test_quantity_histogram_of_real_documents(real_warehouse: Warehouse, real_bucket: Bucket, style: str) -> None:
    rows = real_warehouse.report("quantity-histogram", id_style=style).rows()
    assert rows == histogram_of_quantities(real_bucket, style)


@pytest.mark.parametrize("style", STYLES)
def test_item_repetition_of_real_documents(real_warehouse: Warehouse, real_bucket: Bucket, style: str) -> None:
    rows = real_warehouse.report("item-repetition", id_style=style).rows()
    assert rows == histogram_of_repetition(real_bucket, style)


@every_report
def test_a_report_on_real_documents_gives_the_same_rows_with_any_number_of_threads(
    report: Report, real_warehouse: Warehouse, real_bucket: Bucket
) -> None:
    stem, _, line = next(lines_of(real_bucket.documents))
    given: dict[str, dict[str, Value]] = {
        "bin": {"bin_id": stem},
        "item": {"asin": line["asin"]},
        "search": {"text": "with"},
    }
    bound = bind_parameters(report, given.get(report.name, {}))
    one, two = (run_with_threads(real_warehouse, report, bound, threads) for threads in (1, 2))
    assert one == two
