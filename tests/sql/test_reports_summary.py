"""The report summary against plain Python over invented and real documents."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

from plainfigures import Row, bins_of, count_bins_by_asin, in_style, lines_of, sum_quantities
from reportbuckets import Bucket, Loaded, build_warehouse, make_document

from etl.warehouse import Warehouse


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
        "rejected_lines": sum(in_style(stem, style) for stem, _ in bucket.rejected_lines),
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


def test_summary_counts_padded_unpadded_and_all(warehouse: Warehouse, bucket: Bucket) -> None:
    assert warehouse.report("summary").columns == ["figure", "padded", "unpadded", "all"]
    assert read_summary(warehouse) == expect_summary(bucket)


def test_summary_of_the_documents_is_not_all_zeros(invented_release: Loaded) -> None:
    figures = {figure: every for figure, _, _, every in read_summary(invented_release.warehouse)}
    assert (figures["asins_seen_ten_times"], figures["max_item_quantity"], figures["max_fcskus_per_bin"]) == (1, 29, 3)
    assert (figures["rejected_documents"], figures["rejected_lines"], figures["image_bytes"]) == (3, 3, 748)


def test_summary_holds_exact_decimals_of_which_only_the_mean_has_a_fraction(invented_release: Loaded) -> None:
    shown = {figure: values for figure, *values in invented_release.warehouse.report("summary").rows()}
    assert shown["bins_without_lines"] == [Decimal(2), Decimal(1), Decimal(3)]
    assert all(value % 1 for value in shown.pop("mean_expected_quantity"))
    assert not [value for values in shown.values() for value in values if value % 1]


def test_summary_says_nothing_of_pictures_that_were_not_listed(tmp_path: Path) -> None:
    bucket = Bucket({"00002": make_document(0)}, {"00002": 54})
    (tmp_path / "bucket" / "metadata").mkdir(parents=True)
    (tmp_path / "bucket" / "metadata" / "00002.json").write_text(f"{json.dumps(bucket.documents['00002']):54}")
    warehouse = build_warehouse(tmp_path / "bucket", tmp_path / "data")
    assert read_summary(warehouse) == expect_summary(bucket)


def test_summary_of_a_warehouse_without_bins_has_every_figure(tmp_path: Path) -> None:
    (tmp_path / "bucket" / "metadata").mkdir(parents=True)
    (tmp_path / "bucket" / "metadata" / "00001.json").write_text("{")
    warehouse = build_warehouse(tmp_path / "bucket", tmp_path / "data")
    assert read_summary(warehouse) == expect_summary(Bucket({}, {"00001": 1}))
