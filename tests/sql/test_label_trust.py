"""The reasons not to trust a bin's count, and the receipt, against plain Python over the same documents."""

import json
import os
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from documents import encode, make_document, make_line, run_pipeline, write_bucket

from etl.models import load_views
from etl.reports import load_reports
from etl.warehouse import Warehouse

REASONS = [
    "quantity_gap", "rejected_line", "null_asin", "unmeasured_line", "oversized_item", "identical_document", "twin"
]  # fmt: skip
STYLES = ["all", "padded", "unpadded"]
A, B, C, D = (f"B00000000{letter}" for letter in "ABCD")


def size(length: float) -> dict[str, Any]:
    """Sides of a cube, in inches."""
    return {name: {"unit": "IN", "value": length} for name in ("length", "width", "height")}


COPY = make_document(make_line(A, 1, **size(2)), make_line(B, 1, **size(2)))
DOCUMENTS: dict[str, Any] = {
    "00001": COPY,
    "00002": COPY,
    # not the same bytes
    "00003": json.dumps(COPY).encode(),
    "00523": make_document(make_line(A, 1, **size(2))),
    "523": make_document(make_line(B, 2, **size(2)), EXPECTED_QUANTITY=5),
    # alike, but nothing is in them
    "00004": make_document(),
    "00005": make_document(),
    "00006": make_document(make_line(None, 1, **size(2))),
    "00007": make_document(make_line(A, 1, **size(2), weight=None)),
    "00008": make_document(make_line(A, 1, **size(2) | {"width": None})),
    # what is rejected hides its gap: expected are 1 unit and the one that can't be read
    "00009": make_document(make_line(A, 1, **size(2)), make_line(B, "1"), EXPECTED_QUANTITY=1),
    # eight in3 lie beside the largest line of 00001, and no more anywhere: one unit of D is larger, one of C isn't
    "00010": make_document(make_line(C, 40, **size(2)), EXPECTED_QUANTITY=40),
    "00011": make_document(make_line(D, 1, **size(2.1))),
    # everything at once, and a twin whose document is rejected
    "00012": make_document(make_line(D, 1, **size(2.1), weight=None), make_line(None, 0), EXPECTED_QUANTITY=7),
    "12": b"{",
}
EXPECTED: dict[str, list[str]] = {
    "00001": ["identical_document"],
    "00002": ["identical_document"],
    "00003": [],
    "00523": ["twin"],
    "523": ["quantity_gap", "twin"],
    "00004": [],
    "00005": [],
    "00006": ["null_asin"],
    "00007": ["unmeasured_line"],
    "00008": ["unmeasured_line"],
    "00009": ["rejected_line"],
    "00010": [],
    "00011": ["oversized_item"],
    "00012": ["quantity_gap", "null_asin", "unmeasured_line", "oversized_item"],
}


def build(folder: Path, documents: dict[str, Any]) -> Warehouse:
    run_pipeline(write_bucket(folder / "bucket", {f"metadata/{s}.json": d for s, d in documents.items()}), folder / "d")
    return Warehouse.open(folder / "d")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return build(tmp_path_factory.mktemp("trust"), DOCUMENTS)


def read_reasons(warehouse: Warehouse) -> dict[str, list[str]]:
    """From the booleans."""
    columns = ", ".join(f"has_{reason}" for reason in REASONS)
    rows = warehouse.sql(f"select bin_id, {columns} from label_trust").rows()
    return {stem: [reason for reason, holds in zip(REASONS, found, strict=True) if holds] for stem, *found in rows}


def test_every_bin_has_the_reasons_not_to_trust_it(warehouse: Warehouse) -> None:
    assert read_reasons(warehouse) == EXPECTED


def test_the_reasons_are_named_and_counted(warehouse: Warehouse) -> None:
    rows = warehouse.sql("select bin_id, reasons, reason_count from label_trust").rows()
    assert sorted(rows) == sorted((stem, ", ".join(reasons), len(reasons)) for stem, reasons in EXPECTED.items())


def test_the_header_tells_the_columns_of_the_view_in_their_order(warehouse: Warehouse) -> None:
    view = load_views()["label_trust"]
    relation = warehouse.table("label_trust").relation()
    told = [(column.name, column.type.upper()) for column in view.columns]
    assert list(zip(relation.columns, map(str, relation.types), strict=True)) == told
    nulls = ", ".join(f"count(*) - count({column.name})" for column in view.columns if not column.nullable)
    assert set(warehouse.sql(f"select {nulls} from label_trust").rows()[0]) == {0}
    buckets = [row[-1] for row in warehouse.table("label_trust").rows()]
    assert buckets == sorted(buckets)


def test_nothing_is_oversized_where_no_bin_holds_two_lines(tmp_path: Path) -> None:
    warehouse = build(tmp_path, {"00001": make_document(make_line(A, 1, **size(90)))})
    assert read_reasons(warehouse) == {"00001": []}


def expect_report(reasons: dict[str, list[str]], style: str, reason: str, least: int) -> list[tuple[Any, ...]]:
    """Bin, number of reasons and reasons, in the order of the report."""
    found = {
        stem: own
        for stem, own in reasons.items()
        if len(own) >= least and (reason == "all" or reason in own)
        and style in ("all", "padded" if len(stem) >= 5 else "unpadded")
    }  # fmt: skip
    order = sorted(found, key=lambda stem: (-len(found[stem]), int(stem), stem))
    return [(stem, len(found[stem]), ", ".join(found[stem])) for stem in order]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("reason", ["all", *REASONS])
@pytest.mark.parametrize("least", [0, 1, 2])
def test_the_report_shows_the_bins_that_are_asked_for(
    warehouse: Warehouse, style: str, reason: str, least: int
) -> None:
    rows = warehouse.report("label-trust", id_style=style, reason=reason, min_reasons=least).rows()
    assert [(row[0], row[3], row[4]) for row in rows] == expect_report(EXPECTED, style, reason, least)


def test_the_report_offers_every_reason() -> None:
    [parameter] = [p for p in load_reports()["label-trust"].parameters if p.name == "reason"]
    assert list(parameter.choices) == ["all", *REASONS]


# --- the receipt ----------------------------------------------------------------------------------------------------


def test_the_receipt_has_every_equation_balanced(warehouse: Warehouse) -> None:
    sizes = {stem: len(d if isinstance(d, bytes) else encode(d)) for stem, d in DOCUMENTS.items()}
    listed = sum(sizes.values())
    assert warehouse.report("receipt").rows() == [
        ("documents", 15, 15, True, "15 listed = 14 loaded + 1 rejected + 0 not fetched"),
        ("bytes", listed, listed, True, f"{listed} listed = {listed - 1} loaded + 1 rejected + 0 not fetched"),
        ("lines", 17, 17, True, "17 seen = 16 loaded + 1 rejected"),
        ("units", 55, 55, True, "55 loaded = 54 of items + 1 without asin"),
        ("measurements", 16, 16, True, "16 loaded = 14 of items + 2 without asin"),
        ("pictures", 0, 0, True, "0 listed = 0 loaded"),
    ]


def test_the_manifest_holds_the_receipt_and_sql_can_ask_it(warehouse: Warehouse) -> None:
    relation = warehouse.sql("from receipt order by position").relation()
    rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    assert rows == warehouse.release.manifest["receipt"]
    assert len(rows) == 19


# --- the same, over real documents ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> dict[str, bytes]:
    """By bin."""
    folder = os.environ.get("ABID_REAL_SAMPLE")
    if not folder:
        pytest.skip("ABID_REAL_SAMPLE doesn't name a folder of real documents")
    return {path.stem: path.read_bytes() for path in (Path(folder) / "metadata").glob("*.json")}


def judge(real: dict[str, bytes]) -> dict[str, list[str]]:
    bins = {stem: json.loads(body) for stem, body in real.items()}
    bodies = Counter(body for stem, body in real.items() if bins[stem]["BIN_FCSKU_DATA"])
    numbers = Counter(map(int, bins))
    volumes = choose_volumes(bins)
    held = [
        sorted(line["quantity"] * volumes[line["asin"]] for line in lines_of(document) if volumes.get(line["asin"]))
        for document in bins.values()
    ]
    room = max(sum(lines[:-1]) for lines in held)
    return {
        stem: [
            reason
            for reason, holds in zip(
                REASONS,
                (
                    document["EXPECTED_QUANTITY"] != sum(line["quantity"] for line in lines_of(document)),
                    False,  # no real line is rejected
                    any(line["asin"] is None for line in lines_of(document)),
                    any(None in map(line.get, ("length", "width", "height", "weight")) for line in lines_of(document)),
                    any((volumes.get(line["asin"]) or 0) > room for line in lines_of(document)),
                    bodies[real[stem]] > 1,
                    numbers[int(stem)] > 1,
                ),
                strict=True,
            )
            if holds
        ]
        for stem, document in bins.items()
    }


def lines_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return list(document["BIN_FCSKU_DATA"].values())


def choose_volumes(bins: dict[str, dict[str, Any]]) -> dict[str, float | None]:
    """Of the most frequent measurement of each ASIN; the first one in the order of the bins wins a tie."""
    seen: dict[str, Counter[str]] = {}
    for stem in sorted(bins, key=lambda stem: (int(stem), len(stem) < 5)):
        for line in lines_of(bins[stem]):
            measured = json.dumps([line[name] for name in ("length", "width", "height", "weight")])
            seen.setdefault(line["asin"], Counter())[measured] += 1
    volumes: dict[str, float | None] = {}
    for asin, counts in seen.items():
        length, width, height, _ = json.loads(counts.most_common(1)[0][0])
        volumes[asin] = length["value"] * width["value"] * height["value"] if length and width and height else None
    return volumes


@pytest.fixture(scope="module")
def real_warehouse(real: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return build(tmp_path_factory.mktemp("real"), dict(real))


@pytest.fixture(scope="module")
def real_reasons(real: dict[str, bytes]) -> dict[str, list[str]]:
    return judge(real)


def test_the_reasons_of_real_documents(real_reasons: dict[str, list[str]], real_warehouse: Warehouse) -> None:
    expected = real_reasons
    assert read_reasons(real_warehouse) == expected
    by_reason = {reason: {stem for stem, found in expected.items() if reason in found} for reason in REASONS}
    assert by_reason["quantity_gap"] >= {"01405", "01406", "02081", "02082"}
    assert by_reason["identical_document"] >= {"00084", "00086"}
    assert by_reason["twin"] == {"1", "00001", "10", "00010", "100", "00100", "523", "00523"}


@pytest.mark.parametrize("asked", [*product(STYLES, ["all", *REASONS], [0, 1, 2])], ids=str)
def test_the_report_on_real_documents_has_their_quantities_and_pictures(
    real: dict[str, bytes],
    real_reasons: dict[str, list[str]],
    real_warehouse: Warehouse,
    asked: tuple[str, str, int],
) -> None:
    style, reason, least = asked
    expected = []
    for stem, count, reasons in expect_report(real_reasons, style, reason, least):
        document = json.loads(real[stem])
        units = sum(line["quantity"] for line in lines_of(document))
        url = f"https://aft-vbi-pds.s3.amazonaws.com/bin-images/{stem}.jpg"
        expected.append((stem, document["EXPECTED_QUANTITY"], units, count, reasons, url))
    report = real_warehouse.report("label-trust", id_style=style, reason=reason, min_reasons=least, limit=0)
    assert report.rows() == expected


def test_the_receipt_of_real_documents(real: dict[str, bytes], real_warehouse: Warehouse) -> None:
    documents = [json.loads(body) for body in real.values()]
    lines = [line for document in documents for line in lines_of(document)]
    rows = {name: (whole, balanced) for name, whole, _, balanced, _ in real_warehouse.report("receipt").rows()}
    assert rows == {
        "documents": (len(real), True),
        "bytes": (sum(map(len, real.values())), True),
        "lines": (len(lines), True),
        "units": (sum(line["quantity"] for line in lines), True),
        "measurements": (len(lines), True),
        "pictures": (0, True),
    }
