"""The reports on doubtful measurements and missing fields, against plain Python over invented and real documents."""

import math
from collections import Counter, defaultdict
from statistics import median
from typing import Any

import pytest
from documents import make_document, make_line
from loaded import Document, Loaded, choose_names, convert, each_line, load, place_of, style_of

Row = tuple[Any, ...]
STYLES = ["all", "padded", "unpadded"]
SIDES = ("length", "width", "height")
ODD = {letter: f"B0ODD0000{letter}" for letter in "ABCDEFGHIJ"}


def measure(*sides: float | None, weight: float | None = 1.0, unit: str = "IN", pounds: str = "pounds") -> Document:
    values = {**dict(zip(SIDES, sides, strict=True)), "weight": weight}
    units = {"weight": pounds}
    return {n: None if v is None else {"unit": units.get(n, unit), "value": v} for n, v in values.items()}


def make_item(number: int) -> Document:
    """One of many whose sizes and densities spread a little."""
    length, width, height = 8 + 0.5 * number, 5 + 0.25 * number, 2 + 0.125 * number
    return make_line(f"B0000000{number:02d}", 1, **measure(length, width, height, weight=0.03 * length * height))


DOCUMENTS: dict[str, Any] = {
    **{f"{number:05d}": make_document(make_item(number)) for number in range(1, 31)},
    "00101": make_document(make_line(ODD["A"], 1, **measure(5, 6, 2))),
    "00102": make_document(make_line(ODD["B"], 1, **measure(6, 2, 5))),
    # the sides the wrong way round twice, and too dense
    "00103": make_document(make_line(ODD["C"], 1, **measure(1, 2, 3, weight=600))),
    # heavier than osmium by a little, and lighter by a little: 3 in3 of it weigh 2.4484 lb
    "00104": make_document(make_line(ODD["D"], 1, **measure(3, 1, 1, weight=2.449))),
    "00105": make_document(make_line(ODD["E"], 1, **measure(3, 1, 1, weight=2.447))),
    # no measures: zero, unknown unit, a million
    "00106": make_document(make_line(ODD["F"], 1, **measure(9, 6, 0))),
    "00107": make_document(make_line(ODD["G"], 1, **measure(9, 6, 3, pounds="stone"))),
    "00108": make_document(make_line(ODD["H"], 1, **measure(1e6, 6, 3))),
    # 25.908 cm are 10.2 inches, and computed so a hair more
    "00109": make_document(make_line(ODD["I"], 1, **measure(10.2, 1, 3) | {"width": {"unit": "CM", "value": 25.908}})),
    # an odd measurement beside the primary one
    "00110": make_document(make_line(ODD["J"], 1, **measure(9, 6, 3))),
    "00111": make_document(make_line(ODD["J"], 1, **measure(9, 6, 3))),
    "00112": make_document(make_line(ODD["J"], 1, **measure(900, 6, 3))),
    # twins, one without anything measured; no ASIN
    "113": make_document(make_line(ODD["J"], 2, **measure(None, None, None, weight=None), normalizedName=...)),
    "00113": make_document(
        make_line(None, 1, **measure(1, 2, 3)), make_line("B0000000XX", 1, name=None, normalizedName=None)
    ),
    # image_fname: right, null and no text
    "5": make_document(make_line(None, 1, normalizedName=...), image_fname="5.jpg"),
    "6": make_document(image_fname=None),
    "7": make_document(image_fname=7),
    # lines and documents that lack a field, of which two have something else wrong, too
    "00201": make_document(make_line("B0LACKS001", 1, name=...), make_line("B0LACKS002", 1, weight={"unit": "pounds"})),
    "00202": make_document(
        make_line("B0LACKS003", ...), make_line("B0LACKS004", 1, length=...), make_line(ODD["A"], 1)
    ),
    "202": make_document(BIN_FCSKU_DATA={"B0LACKS005": make_line("", name=...) | {"asin": 7}}),
    "00203": make_document(make_line("B0LACKS006", 1), EXPECTED_QUANTITY=...),
    "203": make_document(BIN_FCSKU_DATA=...),
    "00204": b"{",
}
REJECTED = {
    ("00201", "B0LACKS001"): "name",
    ("00201", "B0LACKS002"): "weight",
    ("00202", "B0LACKS003"): "quantity",
    ("00202", "B0LACKS004"): "length",
    ("202", "B0LACKS005"): "",
}
REJECTED_DOCUMENTS = {"00203": "EXPECTED_QUANTITY", "203": "BIN_FCSKU_DATA", "00204": ""}


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tmp_path_factory.mktemp("invented"), DOCUMENTS, REJECTED.keys() | REJECTED_DOCUMENTS)


@pytest.fixture(scope="module", params=["invented", "real_sample"], ids=["invented", "real"])
def loaded(request: pytest.FixtureRequest) -> Loaded:
    found: Loaded = request.getfixturevalue(request.param)
    return found


# --- dimension-outliers -----------------------------------------------------------------------------------------------


def find_measurements(loaded: Loaded) -> dict[str, list[tuple[Document, str]]]:
    """The different measurements of each ASIN with the first bin of each; the most frequent or else the first first."""
    bins: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    lines: dict[str, Document] = {}
    for stem, line in each_line(loaded.of_style("all")):
        spelled = repr([line[name] and (float(line[name]["value"]), line[name]["unit"]) for name in (*SIDES, "weight")])
        lines.setdefault(spelled, line)
        if line["asin"]:
            bins[line["asin"]][spelled].append(stem)
    return {
        asin: [
            (lines[spelled], stems[0])
            for spelled, stems in sorted(found.items(), key=lambda item: (-len(item[1]), place_of(item[1][0])))
        ]
        for asin, found in bins.items()
    }


def convert_all(line: Document) -> dict[str, float | None]:
    """Inches, pounds, and pounds per cubic inch."""
    found = {name: convert(line[name]) for name in (*SIDES, "weight")}
    length, width, height, weight = found.values()
    density = weight / (length * width * height) if length and width and height and weight else None
    return {**found, "density": density}


def find_middles(measurements: dict[str, list[tuple[Document, str]]]) -> dict[str, tuple[float, float]]:
    """Median and median absolute deviation of the logarithms of the primary measurements."""
    primary = [convert_all(variants[0][0]) for variants in measurements.values()]
    middles = {}
    for name in primary[0]:
        logs = [math.log(value) for found in primary if (value := found[name])]
        middle = median(logs)
        middles[name] = (middle, median(abs(value - middle) for value in logs))
    return middles


def judge(line: Document, middles: dict[str, tuple[float, float]], threshold: float) -> tuple[list[str], float | None]:
    """The reasons to doubt a measurement, and its farthest score."""
    found = convert_all(line)
    scores = {
        name: 0.6745 * (math.log(value) - middles[name][0]) / middles[name][1] for name, value in found.items() if value
    }
    length, width, height = (round(found[side] or math.nan, 6) for side in SIDES)
    holds = {
        "length_below_width": length < width,
        "width_below_height": width < height,
        "too_dense": (found["density"] or 0) * 453.59237 / 2.54**3 > 22.59,
        "not_a_measure": any(line[name] and found[name] is None for name in (*SIDES, "weight")),
        **{f"{name}_outlier": abs(scores.get(name, 0)) >= threshold for name in found},
    }
    return [reason for reason, held in holds.items() if held], max(scores.values(), key=abs, default=None)


def expect_outliers(loaded: Loaded, threshold: float) -> list[Row]:
    """ASIN, variant, name, measures, farthest score, reasons and first bin, in the order of the report."""
    measurements = find_measurements(loaded)
    names = choose_names(loaded.of_style("all"))
    middles = find_middles(measurements)
    rows: list[Row] = []
    for asin, variants in measurements.items():
        for variant, (line, stem) in enumerate(variants, 1):
            reasons, farthest = judge(line, middles, threshold)
            if reasons:
                rows.append(
                    (asin, variant, names.get(asin), *list(convert_all(line).values())[:4], farthest, reasons, stem)
                )
    rows.sort(key=lambda row: (-len(row[8]), -abs(round(row[7] or 0, 2)), row[0], row[1]))
    return [(*row[:3], *(near(value, 6e-5) for value in row[3:7]), near(row[7], 0.006), *row[8:]) for row in rows]


def near(value: float | None, tolerance: float) -> Any:
    return None if value is None else pytest.approx(value, abs=tolerance)


def read_outliers(loaded: Loaded, **parameters: Any) -> list[Row]:
    rows = loaded.warehouse.report("dimension-outliers", limit=0, **parameters).rows()
    assert [row[8] for row in rows] == [len(row[9].split(", ")) for row in rows]
    return [(*row[:8], row[9].split(", "), row[10]) for row in rows]


@pytest.mark.parametrize("threshold", [3.5, 2.0, 6.0])
def test_dimension_outliers_are_far_from_the_median_or_contradict_themselves(loaded: Loaded, threshold: float) -> None:
    assert read_outliers(loaded, min_z=threshold) == expect_outliers(loaded, threshold)


def test_one_reason_at_a_time_shows_what_it_speaks_against(loaded: Loaded) -> None:
    rows = expect_outliers(loaded, 3.5)
    reasons = {reason for row in rows for reason in row[8]}
    for reason in reasons:
        assert read_outliers(loaded, reason=reason) == [row for row in rows if reason in row[8]]


def test_outliers_come_as_many_as_asked_for(loaded: Loaded) -> None:
    rows = loaded.warehouse.report("dimension-outliers", limit=2).rows()
    assert [row[:3] for row in rows] == [row[:3] for row in expect_outliers(loaded, 3.5)[:2]]


def test_the_sides_of_real_measurements_are_sorted(real_sample: Loaded) -> None:
    assert (
        read_outliers(real_sample, reason="length_below_width")
        == read_outliers(real_sample, reason="width_below_height")
        == []
    )
    assert len(read_outliers(real_sample, reason="too_dense")) == 9


def test_each_contradiction_is_found_where_it_was_planted(invented: Loaded) -> None:
    def find(reason: str) -> set[str]:
        return {row[0] for row in read_outliers(invented, reason=reason, min_z=1e9)}

    assert find("length_below_width") == {ODD["A"], ODD["C"]}
    assert find("width_below_height") == {ODD["B"], ODD["C"]}
    assert find("too_dense") == {ODD["C"], ODD["D"]}
    assert find("not_a_measure") == {ODD["F"], ODD["G"], ODD["H"]}


def test_nothing_is_an_outlier_where_most_are_alike(tmp_path: Any) -> None:
    alike = {f"{n:05d}": make_document(make_line(f"B00000000{n}", 1)) for n in range(5)}
    huge = make_document(make_line(ODD["A"], 1, **measure(900, 600, 300, weight=900)))
    assert read_outliers(load(tmp_path, alike | {"00009": huge})) == []


# --- missing-fields ---------------------------------------------------------------------------------------------------

FIELDS_OF_BINS = ("BIN_FCSKU_DATA", "EXPECTED_QUANTITY", "image_fname")
FIELDS_OF_LINES = ("asin", "name", "normalizedName", "quantity", *SIDES, "weight")


def is_faulty(field: str, value: Any) -> bool:
    if field == "image_fname":
        return not isinstance(value, str)
    return field in (*SIDES, "weight") and convert(value) is None


def count_missing(field: str, objects: list[Document], rejected: int) -> Row:
    values = [found.get(field, ...) for found in objects]
    absent, nulls = (sum(value is kind for value in values) for kind in (..., None))
    faulty = sum(value not in (..., None) and is_faulty(field, value) for value in values)
    share = pytest.approx((absent + nulls + faulty) / len(values), abs=6e-7)
    return field, len(values), absent, nulls, faulty, share, rejected


@pytest.mark.parametrize("style", STYLES)
def test_missing_fields_are_counted_by_field(loaded: Loaded, style: str) -> None:
    rejected: Counter[str] = Counter()
    if loaded.rejected_lines:
        found = [*((stem, field) for (stem, _), field in REJECTED.items()), *REJECTED_DOCUMENTS.items()]
        rejected.update(field for stem, field in found if style in ("all", style_of(stem)))
    bins = loaded.of_style(style)
    lines = [line for _, line in each_line(bins)]
    report = loaded.warehouse.report("missing-fields", id_style=style)
    assert report.columns == ["field", "loaded", "absent", "nulls", "faulty", "share", "rejected"]
    assert report.rows() == [
        *(count_missing(field, list(bins.values()), rejected[field]) for field in FIELDS_OF_BINS),
        *(count_missing(field, lines, rejected[field]) for field in FIELDS_OF_LINES),
    ]
