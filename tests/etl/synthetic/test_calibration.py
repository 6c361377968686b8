"""The distributions of the bucket against the real ones.

The bands allow for the chance of 20,000 bins, about four standard deviations.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

Line = dict[str, Any]
PADDED_HISTOGRAM = (9701, 41147, 76863, 90058, 80550, 62448, 46058, 33684, 24219, 17298, 12823)
PADDED = 535_234


@dataclass(frozen=True)
class Bins:
    """The padded documents, in the order of their ids."""

    documents: list[dict[str, Any]]

    @cached_property
    def fcskus(self) -> list[set[str]]:
        return [set(document["BIN_FCSKU_DATA"]) for document in self.documents]

    @cached_property
    def rows(self) -> list[tuple[str, Line]]:
        return [row for document in self.documents for row in document["BIN_FCSKU_DATA"].items()]

    @cached_property
    def names(self) -> list[str]:
        return [line["name"] for _, line in self.rows if line["name"]]


@pytest.fixture(scope="module")
def bins(bucket: Path) -> Bins:
    paths = sorted(path for path in (bucket / "metadata").iterdir() if len(path.stem) == 5)
    return Bins([json.loads(path.read_bytes()) for path in paths])


def share(hits: list[bool]) -> float:
    return sum(hits) / len(hits)


@pytest.mark.parametrize(("quantity", "published"), list(enumerate(PADDED_HISTOGRAM)))
def test_expected_quantities_follow_the_published_histogram(bins: Bins, quantity: int, published: int) -> None:
    found = share([document["EXPECTED_QUANTITY"] == quantity for document in bins.documents])
    assert found == pytest.approx(published / PADDED, abs=0.004 + 0.08 * published / PADDED)


def test_the_mean_expected_quantity_is_5_1(bins: Bins) -> None:
    total = sum(document["EXPECTED_QUANTITY"] for document in bins.documents)
    assert total / len(bins.documents) == pytest.approx(5.11, abs=0.15)


def test_a_bin_lists_2_64_items_on_average(bins: Bins) -> None:
    assert len(bins.rows) / len(bins.documents) == pytest.approx(2.64, abs=0.06)


def test_the_expected_quantity_falls_short_of_the_listed_one_nowhere_and_exceeds_it_now_and_then(bins: Bins) -> None:
    excess = [
        document["EXPECTED_QUANTITY"] - sum(line["quantity"] for line in document["BIN_FCSKU_DATA"].values())
        for document in bins.documents
    ]
    assert min(excess) == 0
    assert 2 <= len([units for units in excess if units]) <= 40


def test_documents_are_2048_bytes_long_on_average(bucket: Path) -> None:
    sizes = [path.stat().st_size for path in (bucket / "metadata").iterdir()]
    assert sum(sizes) / len(sizes) == pytest.approx(2048, abs=50)


@pytest.mark.parametrize(
    ("distance", "low", "high"), [(1, 0.38, 0.43), (2, 0.025, 0.045), (3, 0, 0.003), (100, 0, 0.003)]
)
def test_neighbours_share_asins_as_often_as_the_real_ones(bins: Bins, distance: int, low: float, high: float) -> None:
    pairs = zip(bins.fcskus, bins.fcskus[distance:], strict=False)
    assert low <= share([not left.isdisjoint(right) for left, right in pairs]) <= high


def test_neighbours_that_share_asins_are_nearly_the_same(bins: Bins) -> None:
    alike = [len(a & b) / len(a | b) for a, b in pairwise(bins.fcskus) if a & b]
    assert share([likeness >= 0.5 for likeness in alike]) > 0.9


def test_an_asin_is_in_three_bins_on_average_and_in_one_or_two_most_often(bins: Bins) -> None:
    bins_per_asin = Counter(line["asin"] for _, line in bins.rows)
    assert len(bins.rows) / len(bins_per_asin) == pytest.approx(3.07, abs=0.6)
    assert share([count == 1 for count in bins_per_asin.values()]) == pytest.approx(0.36, abs=0.05)
    assert share([count == 2 for count in bins_per_asin.values()]) == pytest.approx(0.36, abs=0.05)
    assert 10 <= max(bins_per_asin.values()) <= 80


QUIRKS: dict[str, tuple[float, Callable[[Line], object]]] = {
    "null weight": (610, lambda line: line["weight"] is None),
    "null size": (44, lambda line: line["length"] is None and line["width"] is None and line["height"] is None),
    "null name": (6, lambda line: line["name"] is None and line["normalizedName"] is None),
    "other normalised name": (2392, lambda line: line["normalizedName"] != line["name"]),
    "ISBN": (0.08 * 26_423, lambda line: re.fullmatch(r"[0-9]{9}[0-9X]", line["asin"] or "")),
    "non-ASCII name": (1363, lambda line: not (line["name"] or "").isascii()),
    "HTML entity": (164, lambda line: re.search(r"&#?\w+;", line["name"] or "")),
    "odd character": (15, lambda line: re.search("[\ufffd\u0092\u00ad\t]", line["name"] or "")),
    "name over 400 characters": (32, lambda line: len(line["name"] or "") > 400),
}


@pytest.mark.parametrize("quirk", QUIRKS)
def test_quirks_of_rows_come_at_the_real_rates(bins: Bins, quirk: str) -> None:
    count, shows_it = QUIRKS[quirk]
    expected = count / 26_423 * len(bins.rows)
    found = len([True for _, line in bins.rows if shows_it(line)])
    # Rows aren't independent: a popular item and its neighbours carry a quirk many times.
    assert found == pytest.approx(expected, abs=8 * expected**0.5 + 0.1 * expected)
    assert found > 0


@pytest.mark.parametrize(("fields", "least", "most"), [(("name",), 60, 500), (("length", "weight"), 50, 400)])
def test_some_items_are_described_differently_in_different_bins(
    bins: Bins, fields: tuple[str, ...], least: int, most: int
) -> None:
    seen = defaultdict(set)
    for fcsku, line in bins.rows:
        seen[fcsku].add(json.dumps([line[field] for field in fields]))
    assert least <= len([True for variants in seen.values() if len(variants) > 1]) <= most


def test_three_fcskus_differ_from_their_asin_and_that_asin_is_met_by_its_own_name(bins: Bins) -> None:
    aliases = {fcsku: line["asin"] for fcsku, line in bins.rows if line["asin"] and line["asin"] != fcsku}
    assert len(aliases) == 3
    assert all(re.fullmatch("ZZX[0-9A-Z]{7}", fcsku) for fcsku in aliases)
    assert set(aliases.values()) <= {fcsku for fcsku, _ in bins.rows}


def test_isbns_have_valid_check_digits(bins: Bins) -> None:
    isbns = {fcsku for fcsku, _ in bins.rows if not fcsku.startswith(("B0", "ZZX"))}
    assert len(isbns) > 500
    sums = [sum((10 - place) * (10 if digit == "X" else int(digit)) for place, digit in enumerate(i)) for i in isbns]
    assert {total % 11 for total in sums} == {0}


def test_sizes_are_ordered_and_positive_in_inches_and_pounds(bins: Bins) -> None:
    sized = [line for _, line in bins.rows if line["length"] and line["weight"]]
    assert all(x["length"]["value"] >= x["width"]["value"] >= x["height"]["value"] > 0 for x in sized)
    assert all(line["weight"]["value"] > 0 for line in sized)
    units = {(x["length"]["unit"], x["width"]["unit"], x["height"]["unit"], x["weight"]["unit"]) for x in sized}
    assert units == {("IN", "IN", "IN", "pounds")}


def test_values_carry_the_noise_of_floats(bins: Bins) -> None:
    lengths = [line["length"]["value"] for _, line in bins.rows if line["length"]]
    assert 0.8 < share([len(repr(length)) > 8 for length in lengths]) < 1


def test_names_are_as_long_as_the_real_ones(bins: Bins) -> None:
    lengths = sorted(len(name) for name in bins.names)
    assert lengths[len(lengths) // 2] == pytest.approx(69, abs=5)
    assert lengths[0] < 10
    assert 400 < lengths[-1] <= 790
