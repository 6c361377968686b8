"""The reports on what is in bins, and how much it weighs, against plain Python over invented and real documents."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from documents import make_document, make_line
from loaded import Document, Loaded, choose_names, convert, lines_of, load, percentile, place_of, units_of

Row = tuple[Any, ...]
STYLES = ["all", "padded", "unpadded"]
A, B, C, D = (f"B00000000{letter}" for letter in "ABCD")
SMALL = {name: {"unit": unit, "value": 5} for name, unit in (("length", "IN"), ("width", "CM"), ("height", "MM"))}


def weigh(pounds: float | None, unit: str = "pounds") -> dict[str, Any]:
    return {"weight": None if pounds is None else {"unit": unit, "value": pounds}}


def unpadded(document: Document) -> Document:
    lines = document["BIN_FCSKU_DATA"].items()
    return document | {"BIN_FCSKU_DATA": {k: {n: v for n, v in x.items() if n != "normalizedName"} for k, x in lines}}


DOCUMENTS: dict[str, Document] = {
    "00001": make_document(make_line(A, 2), make_line(B, 1), EXPECTED_QUANTITY=3),
    # a twin, whose weight is on the border of two classes
    "1": unpadded(make_document(make_line(A, 10, **weigh(0.5)), EXPECTED_QUANTITY=10)),
    # nothing has an ASIN
    "00002": make_document(make_line(None, 4)),
    # one item, kept under two FCSKUs; then the same beside a line without ASIN, and beside a rejected one
    "00003": {"BIN_FCSKU_DATA": {"X1": make_line(C, 2), "X2": make_line(C, 3)}, "EXPECTED_QUANTITY": 5},
    "00004": make_document(make_line(C, 5), make_line(None, 1), EXPECTED_QUANTITY=6),
    "00005": make_document(make_line(C, 5), make_line(D, 1, name=7), EXPECTED_QUANTITY=6),
    # ties, one of them between two bins of one number
    "00007": make_document(make_line(B, 5), EXPECTED_QUANTITY=5),
    "7": unpadded(make_document(make_line(B, 5), EXPECTED_QUANTITY=5)),
    "00006": make_document(make_line(A, 5), EXPECTED_QUANTITY=4),
    # empty, one for good and one because its line is rejected
    "00008": make_document(),
    "8": make_document(),
    "00009": make_document(make_line(D, "1"), EXPECTED_QUANTITY=1),
    # partly known: no weight, no height, no weight above zero, a unit that nobody knows
    "00010": make_document(make_line(A, 3, **weigh(None)), make_line(B, 2, height=None)),
    "00011": make_document(make_line(A, 1, **weigh(0)), make_line(B, 8, **weigh(3, "stone"), **SMALL)),
    # nothing known; ounces; many units; none; a number above 100,000 and one above 600,000
    "00012": make_document(make_line(D, 9, **weigh(None) | {"width": None})),
    "00013": make_document(make_line(B, 40, **weigh(8, "ounces"), **SMALL), make_line(C, 1), EXPECTED_QUANTITY=41),
    "00014": make_document(make_line(A, 0), EXPECTED_QUANTITY=0),
    "100000": make_document(make_line(D, 11, **weigh(20)), EXPECTED_QUANTITY=11),
    "700000": make_document(make_line(A, 1), make_line(B, 1), make_line(C, 1), make_line(D, 57), EXPECTED_QUANTITY=60),
}
REJECTED = {("00005", D): "not_text", ("00009", D): "quantity_not_whole"}


@pytest.fixture(scope="module", params=["invented", "real"])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    if request.param == "real":
        real: Loaded = request.getfixturevalue("real_sample")
        return real
    return load(tmp_path_factory.mktemp("invented"), DOCUMENTS, REJECTED)


def near(value: float) -> Any:
    return pytest.approx(value, abs=6e-5)


def image_url(stem: str) -> str:
    return f"https://aft-vbi-pds.s3.amazonaws.com/bin-images/{stem}.jpg"


# --- how many ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("largest", [0, 1, 5, 1000])
def test_quantity_histogram_leaves_out_what_is_above_its_max_but_not_of_the_shares(
    loaded: Loaded, style: str, largest: int
) -> None:
    counts = Counter(document["EXPECTED_QUANTITY"] for document in loaded.of_style(style).values())
    rows, seen = [], 0
    for quantity, count in sorted(counts.items()):
        seen += count
        if not largest or quantity <= largest:
            rows.append((quantity, count, near(count / counts.total()), near(seen / counts.total())))
    assert loaded.warehouse.report("quantity-histogram", id_style=style, max=largest).rows() == rows


def test_quantity_by_bucket_describes_each_range_of_ids(loaded: Loaded) -> None:
    buckets: dict[str, list[int]] = defaultdict(list)
    for stem, document in loaded.bins.items():
        bucket = "u0" if len(stem) < 5 else f"b{min(6, int(stem) // 100_000)}"
        buckets[bucket].append(document["EXPECTED_QUANTITY"])
    report = loaded.warehouse.report("quantity-by-bucket")
    assert report.columns == ["bin_bucket", "bins", "empty", "mean_quantity", "median", "p90", "p99", "max"]
    assert report.rows() == [
        (
            bucket,
            len(found),
            found.count(0),
            near(sum(found) / len(found)),
            *(near(percentile([*found], share)) for share in (0.5, 0.9, 0.99)),
            max(found),
        )
        for bucket, found in sorted(buckets.items())
    ]


@pytest.mark.parametrize("style", STYLES)
def test_bin_composition_holds_distinct_items_against_units(loaded: Loaded, style: str) -> None:
    bins = loaded.of_style(style).values()
    units: dict[int, list[float]] = defaultdict(list)
    of_one: dict[int, list[int]] = defaultdict(list)
    for document in bins:
        held: Counter[str] = Counter()
        for line in lines_of(document):
            if line["asin"] is not None:
                held[line["asin"]] += line["quantity"]
        units[len(held)].append(units_of(document))
        of_one[len(held)] += held.values()
    report = loaded.warehouse.report("bin-composition", id_style=style)
    assert report.columns == ["asin_count", "bins", "share", "mean_units", "median", "p90", "max", "per_item"]
    assert report.rows() == [
        (
            asins,
            len(found),
            near(len(found) / len(bins)),
            near(sum(found) / len(found)),
            near(percentile(found, 0.5)),
            near(percentile(found, 0.9)),
            max(found),
            near(sum(of_one[asins]) / len(of_one[asins])) if asins else None,
        )
        for asins, found in sorted(units.items())
    ]


@pytest.mark.parametrize("style", STYLES)
def test_single_item_bins_hold_one_asin_and_nothing_else(loaded: Loaded, style: str) -> None:
    names = choose_names(loaded.of_style("all"))
    expected = []
    for stem, document in loaded.of_style(style).items():
        asins = {line["asin"] for line in lines_of(document)}
        if len(asins) == 1 and None not in asins and not loaded.rejected_lines[stem]:
            [asin] = asins
            facts = (document["EXPECTED_QUANTITY"], units_of(document), asin, names.get(asin))
            expected.append((stem, *facts, image_url(stem)))
    expected.sort(key=lambda row: (-row[2], place_of(row[0])))
    report = loaded.warehouse.report("single-item-bins", id_style=style, limit=0)
    assert report.columns == ["bin_id", "expected_quantity", "total_quantity", "asin", "name", "image_url"]
    assert report.rows() == expected
    assert loaded.warehouse.report("single-item-bins", id_style=style, limit=3).rows() == expected[:3]


# --- how heavy, how full ----------------------------------------------------------------------------------------------


def to_exact(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(value).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def find_weight(line: Document) -> Decimal | None:
    return to_exact(convert(line["weight"]))


def find_volume(line: Document) -> Decimal | None:
    length, width, height = (convert(line[side]) for side in ("length", "width", "height"))
    return to_exact(length * width * height if length and width and height else None)


Measure = Callable[[Document], Decimal | None]


def measure_bins(loaded: Loaded, style: str, measure: Measure) -> dict[str, tuple[Decimal, int]]:
    """What is known of each bin of which anything is, and the number of lines that it leaves out."""
    found = {}
    for stem, document in loaded.of_style(style).items():
        known = [(line["quantity"], measure(line)) for line in lines_of(document)]
        total = sum((quantity * value for quantity, value in known if value is not None), Decimal(0))
        if total > 0:
            found[stem] = (total, [value for _, value in known].count(None) + loaded.rejected_lines[stem])
    return found


extremes = pytest.mark.parametrize(
    ("name", "column", "measure"),
    [("heaviest-bins", "known_weight_lb", find_weight), ("fullest-bins", "known_volume_in3", find_volume)],
)
classes = pytest.mark.parametrize(
    ("name", "column", "measure"),
    [("weight-histogram", "from_lb", find_weight), ("volume-histogram", "from_in3", find_volume)],
)
WIDTHS = {"weight-histogram": ("0.25", "1", "5", "20"), "volume-histogram": ("50", "100", "1000")}


@pytest.mark.parametrize("style", STYLES)
@extremes
def test_the_heaviest_and_the_fullest_bins_are_first(
    loaded: Loaded, style: str, name: str, column: str, measure: Measure
) -> None:
    bins = measure_bins(loaded, style, measure)
    order = sorted(bins, key=lambda stem: (-round(bins[stem][0], 4), place_of(stem)))
    expected = []
    for stem in order:
        total, unknown = bins[stem]
        expected.append((stem, near(float(total)), units_of(loaded.bins[stem]), unknown, image_url(stem)))
    report = loaded.warehouse.report(name, id_style=style, limit=0)
    assert report.columns == ["bin_id", column, "total_quantity", "unknown_lines", "image_url"]
    assert report.rows() == expected
    assert loaded.warehouse.report(name, id_style=style, limit=4).rows() == expected[:4]


@pytest.mark.parametrize("style", STYLES)
@classes
def test_a_class_holds_what_is_from_its_border_up(
    loaded: Loaded, style: str, name: str, column: str, measure: Measure
) -> None:
    bins = measure_bins(loaded, style, measure)
    for width in WIDTHS[name]:
        report = loaded.warehouse.report(name, id_style=style, width=width)
        assert report.columns == [column, "bins", "partly_known", "share", "cumulative_share"]
        assert report.rows() == to_classes(list(bins.values()), Decimal(width))


def to_classes(measured: list[tuple[Decimal, int]], width: Decimal) -> list[Row]:
    counts = Counter(math.floor(total / width) for total, _ in measured)
    partly = Counter(math.floor(total / width) for total, unknown in measured if unknown)
    rows, seen = [], 0
    for place, count in sorted(counts.items()):
        seen += count
        shares = (near(count / len(measured)), near(seen / len(measured)))
        rows.append((float(place * width), count, partly[place], *shares))
    return rows


# --- figures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", ["quantity-histogram", "fcsku-histogram", "weight-histogram", "volume-histogram"])
def test_a_histogram_has_the_figures_of_what_it_counts(loaded: Loaded, style: str, name: str) -> None:
    bins = loaded.of_style(style).values()
    counted: dict[str, list[float]] = {
        "quantity-histogram": [document["EXPECTED_QUANTITY"] for document in bins],
        "fcsku-histogram": [len(lines_of(document)) for document in bins],
        "weight-histogram": [float(total) for total, _ in measure_bins(loaded, style, find_weight).values()],
        "volume-histogram": [float(total) for total, _ in measure_bins(loaded, style, find_volume).values()],
    }
    values = counted[name]
    figures = loaded.warehouse.figures(name, id_style=style)
    if not values:
        assert figures is None
        return
    assert figures
    assert figures.values == {
        "mean": near(math.fsum(values) / len(values)),
        "median": near(percentile(values, 0.5)),
        "p90": near(percentile(values, 0.9)),
        "p99": near(percentile(values, 0.99)),
        "max": near(max(values)),
    }


def test_figures_are_of_all_bins_whatever_rows_are_shown(loaded: Loaded) -> None:
    assert loaded.warehouse.figures("quantity-histogram", max=1) == loaded.warehouse.figures("quantity-histogram")


def test_other_reports_have_no_figures(loaded: Loaded) -> None:
    assert loaded.warehouse.figures("summary") is None
