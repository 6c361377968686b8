"""The reports on one bin, on one item and on what was rejected, against plain Python over the documents."""

from collections import defaultdict
from collections.abc import Iterable

import pytest
from plainfigures import Row, image_url, lines_of, measures_of, sum_quantities
from reportbuckets import ISBN, P6, Bucket, Loaded

from etl.warehouse import Warehouse


def test_rejects_shows_documents_and_lines_with_their_reasons(warehouse: Warehouse, bucket: Bucket) -> None:
    expected = [(f"metadata/{stem}.json", "document", reason) for stem, reason in bucket.rejected_documents.items()]
    expected += [(f"metadata/{stem}.json", "line", reason) for (stem, _), reason in bucket.rejected_lines.items()]
    report = warehouse.report("rejects", limit=0)
    rows = report.rows()
    assert report.columns == ["metadata_key", "scope", "json_path", "reason", "detail"]
    assert [(key, scope, reason) for key, scope, _, reason, _ in rows] == sorted(expected)
    assert warehouse.report("rejects", reason="not_json").rows() == [row for row in rows if row[3] == "not_json"]


def test_rejects_points_at_the_fault(invented_release: Loaded) -> None:
    [(_, _, path, _, detail)] = invented_release.warehouse.report("rejects", reason="quantity_not_whole").rows()
    assert path == f'$.BIN_FCSKU_DATA."{P6}".quantity'
    assert '"quantity":2.5' in detail.replace(" ", "")


def expect_bin(bucket: Bucket, stem: str) -> list[Row]:
    document = bucket.documents[stem]
    facts = (stem, document["EXPECTED_QUANTITY"], sum_quantities(document), bucket.count_rejected_lines(stem))
    rows = [
        (*facts, fcsku, line["asin"], line["name"], line["quantity"], *map(rounded, measures_of(line)), image_url(stem))
        for _, fcsku, line in lines_of({stem: document})
    ]
    return rows or [(*facts, *[None] * 8, image_url(stem))]


def choose_some(keys: Iterable[str]) -> list[str]:
    """All of a few keys, or some of many, those at both ends among them."""
    ordered = sorted(keys)
    return ordered[:: max(1, len(ordered) // 30)] + ordered[-5:]


def test_bin_shows_every_line(warehouse: Warehouse, bucket: Bucket) -> None:
    fullest = max(bucket.documents, key=lambda stem: len(bucket.documents[stem]["BIN_FCSKU_DATA"]))
    for stem in [*choose_some(bucket.documents), fullest]:
        assert warehouse.report("bin", bin_id=stem).rows() == expect_bin(bucket, stem)
    assert warehouse.report("bin", bin_id=fullest).columns == [
        "bin_id", "expected_quantity", "total_quantity", "rejected_line_count", "fcsku", "asin", "name", "quantity",
        "length_in", "width_in", "height_in", "weight_lb", "image_url",
    ]  # fmt: skip


@pytest.mark.parametrize(("stem", "expected", "rejected"), [("00002", 0, 0), ("2", 0, 0), ("00007", 1, 1)])
def test_a_bin_without_lines_still_has_a_row(invented_release: Loaded, stem: str, expected: int, rejected: int) -> None:
    rows = invented_release.warehouse.report("bin", bin_id=stem).rows()
    assert rows == [(stem, expected, 0, rejected, *[None] * 8, image_url(stem))]


@pytest.mark.parametrize("stem", ["00030", "0001", "3", "", "4"])
def test_a_bin_that_is_not_in_the_warehouse_has_no_row(invented_release: Loaded, stem: str) -> None:
    assert invented_release.warehouse.report("bin", bin_id=stem).rows() == []


def test_item_shows_every_bin_that_holds_it(warehouse: Warehouse, bucket: Bucket) -> None:
    expected: dict[str, list[Row]] = defaultdict(list)
    for stem, fcsku, line in lines_of(bucket.documents):
        if line["asin"] is not None:
            quantities = (line["quantity"], bucket.documents[stem]["EXPECTED_QUANTITY"])
            measures = map(rounded, measures_of(line))
            expected[line["asin"]].append((line["name"], stem, fcsku, *quantities, *measures, image_url(stem)))
    for asin in [*choose_some(expected), max(expected, key=lambda asin: len(expected[asin]))]:
        assert warehouse.report("item", asin=asin).rows() == expected[asin]
    assert warehouse.report("item", asin=ISBN).columns == [
        "name", "bin_id", "fcsku", "quantity", "expected_quantity",
        "length_in", "width_in", "height_in", "weight_lb", "image_url",
    ]  # fmt: skip


def test_an_item_is_not_found_by_an_fcsku_or_in_a_rejected_line(invented_release: Loaded) -> None:
    warehouse = invented_release.warehouse
    assert warehouse.report("item", asin="ZZX0000001").rows() == []
    assert warehouse.report("item", asin=P6).rows() == []


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
