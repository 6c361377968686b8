"""The reports that count bins and items, against plain Python over invented and real documents."""

import statistics
from collections import Counter, defaultdict

import pytest
from loaded import choose_names, place_of
from plainfigures import (
    STYLES,
    bins_of,
    count_bins_by_asin,
    image_url,
    lines_of,
    measures_of,
    sum_quantities,
    to_histogram,
)
from reportbuckets import Bucket, Document

from etl.warehouse import Warehouse


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


@pytest.mark.parametrize("style", STYLES)
def test_quantity_histogram_counts_bins(warehouse: Warehouse, bucket: Bucket, style: str) -> None:
    report = warehouse.report("quantity-histogram", id_style=style)
    assert report.columns == ["expected_quantity", "bins", "share", "cumulative_share"]
    counts = Counter(document["EXPECTED_QUANTITY"] for document in bins_of(bucket, style).values())
    assert report.rows() == to_histogram(counts)


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
    assert report.rows() == to_histogram(Counter(count_bins_by_asin(bins_of(bucket, style)).values()))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("by", ["bins", "units"])
def test_top_items_ranks_by_bins_or_by_units(warehouse: Warehouse, bucket: Bucket, style: str, by: str) -> None:
    bins = bins_of(bucket, style)
    names = choose_names(dict(sorted(bucket.documents.items(), key=lambda bin_: place_of(bin_[0]))))
    quantities: dict[str, list[int]] = defaultdict(list)
    for _, _, line in lines_of(bins):
        quantities[line["asin"]].append(line["quantity"])
    rows = [
        (asin, names.get(asin), count, sum(quantities[asin]), max(quantities[asin]))
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
        rejected = bucket.count_rejected_lines(stem)
        if expected != total:
            key = f"metadata/{stem}.json"
            rows.append((stem, expected, total, expected - total, rejected, key, image_url(stem)))
    rows.sort(key=lambda row: (-abs(row[3]), int(row[0]), row[0]))
    report = warehouse.report("quantity-gaps", id_style=style, limit=0)
    assert report.columns == [
        "bin_id", "expected_quantity", "total_quantity", "quantity_gap", "rejected_line_count",
        "metadata_key", "image_url",
    ]  # fmt: skip
    assert report.rows() == rows
