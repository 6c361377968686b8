"""The reports on items and what is said of them, against plain Python over invented and real documents."""

import html
import re
import unicodedata
from collections import Counter, defaultdict
from fractions import Fraction
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from documents import make_document, make_line
from loaded import Document, Loaded, convert, each_line, lines_of, load, place_of

Row = tuple[Any, ...]
STYLES = ["all", "padded", "unpadded"]
A, B, C, D, E, F = (f"B00000000{letter}" for letter in "ABCDEF")
ISBN, X_ISBN, NO_ISBN = "0306406152", "080442957X", "0306406153"


def inches(length: float | None, unit: str = "IN") -> dict[str, Any]:
    return {"length": None if length is None else {"unit": unit, "value": length}}


def keyed(line: Document, **others: Document) -> Document:
    """A line under its own ASIN, and others under other FCSKUs."""
    return make_document() | {"BIN_FCSKU_DATA": {line["asin"]: line} | others, "EXPECTED_QUANTITY": 1 + len(others)}


DOCUMENTS: dict[str, Any] = {
    # names of A: a tie, of which the lower bin's comes first; then case, accents, and more
    "00001": make_document(make_line(A, 2, name="Café Größe"), make_line(B, name="It's 100% _new_ \\d+")),
    "00002": make_document(make_line(A, name="CAFE GRÖSSE"), make_line(B, name="It's 100% _new_ \\d+")),
    "00003": make_document(make_line(A, name="cafe große"), make_line(B, name="it\u2019s 100 new"), make_line(C)),
    "00004": make_document(make_line(A, name="Cafe\u0301 Größe"), make_line(C, name=None), make_line(D)),
    "00005": make_document(make_line(A, name="Tea"), make_line(C), make_line(D)),
    "00006": make_document(make_line(A, name="Tea"), make_line(C), make_line(D)),
    # twins, which the style tells apart
    "7": make_document(make_line(E, 3, name="İstanbul Pocket-Rocket", **inches(4.4)), make_line(F, name="Tea Pot")),
    "00007": make_document(make_line(E, 3, name="Rocket Pocket", **inches(8.8)), make_line(F, name="Teapot")),
    "8": make_document(make_line(E, name="İstanbul Pocket-Rocket", **inches(8.8)), make_line(F, name="Tea Pot")),
    # the same length in other units, an unknown one, and none
    "00008": make_document(make_line(D, **inches(111.76, "MM")), make_line(F, 4, name="Teapot", **inches(None))),
    "00009": make_document(
        make_line(D, **inches(5, "cubits"), weight=None), make_line(ISBN, name='Red "Pocket" Rocket')
    ),
    # several FCSKUs of one ASIN in one bin, an ASIN that is null, an FCSKU of two ASINs
    "00010": keyed(
        make_line(A, name="Tea"),
        ZZX1=make_line(A, 5, name="Tea"),
        ZZX2=make_line(None, 7),
        ZZX3=make_line(C, name="Red"),
    ),
    "00011": keyed(
        make_line(B, name="Redmi Rocket"), ZZX3=make_line(D, name="red\trocket  pocket"), ZZX2=make_line(None, 1)
    ),
    "12": keyed(make_line(X_ISBN, name="Rocket"), ZZX1=make_line(A, 5, name="Tea"), ZZX4=make_line(A, name="Tea")),
    "00013": make_document(make_line(X_ISBN, name="pocket, rocket"), make_line(NO_ISBN, name="rocket"), make_line("")),
    "00014": make_document(),
    # entities; a normalised name that says more; only a normalised name
    "00016": make_document(
        make_line(D, name="Foo&reg; D&eacute;cor", normalizedName="Foo&#174; D&eacute;cor (rocket)"),
        make_line(X_ISBN, name="Bar &amp; Grill: &#x2122; &#169; &#xD800; &#1114112; &nosuch; &#0;"),
        make_line("B0NAMELESS", name=None, normalizedName="Insulated Premium Neoprene Tea"),
    ),
    # what is rejected is nowhere
    "00015": make_document(make_line(A, "1", name="Rejected"), make_line(B, name="Rocket (Science)")),
}


@pytest.fixture(scope="module", params=["invented", "real"])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    if request.param == "real":
        real: Loaded = request.getfixturevalue("real_sample")
        return real
    return load(tmp_path_factory.mktemp("invented"), DOCUMENTS, {("00015", A)})


def report(loaded: Loaded, name: str, **parameters: Any) -> list[dict[str, Any]]:
    columns, batches = loaded.warehouse.report(name, limit=0, **parameters).stream()
    return [dict(zip(columns, row, strict=True)) for rows in batches for row in rows]


@cache
def fold(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn").lower()


# --- names and measurements -----------------------------------------------------------------------------------------


def collect_names(bins: dict[str, Document]) -> dict[str, list[tuple[str, list[str]]]]:
    """By ASIN: its names and the bins of their lines, the most frequent first; ties to the first bin."""
    seen: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for stem, line in each_line(bins):
        if line["asin"] is not None and line["name"] is not None:
            seen[line["asin"]][line["name"]].append(stem)
    return {
        asin: sorted(names.items(), key=lambda name: (-len(name[1]), place_of(name[1][0]), name[0]))
        for asin, names in seen.items()
    }


def compare_names(name: str, first: str) -> str | None:
    return None if name == first else "case or accents" if fold(name) == fold(first) else "more"


@pytest.mark.parametrize("style", STYLES)
def test_name_conflicts_shows_every_name_of_items_that_have_several(loaded: Loaded, style: str) -> None:
    conflicts = {asin: names for asin, names in collect_names(loaded.of_style(style)).items() if len(names) > 1}
    assert report(loaded, "name-conflicts", id_style=style) == [
        {
            "asin": asin,
            "name_count": len(names),
            "name": name,
            "bin_count": len(set(stems)),
            "differs": compare_names(name, names[0][0]),
            "first_bin_id": stems[0],
        }
        for asin, names in sorted(conflicts.items(), key=lambda item: (-len(item[1]), item[0]))
        for name, stems in names
    ]


@pytest.mark.parametrize("least", [1.0, 1.5, 2.0])
def test_measurement_conflicts_shows_how_far_measures_are_apart(loaded: Loaded, least: float) -> None:
    bins = loaded.of_style("all")
    names = {asin: names[0][0] for asin, names in collect_names(bins).items()}
    seen: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    values: dict[str, tuple[float | None, ...]] = {}
    for stem, line in each_line(bins):
        if line["asin"] is not None:
            recorded = [line[measure] for measure in ("length", "width", "height", "weight")]
            values[repr(recorded)] = tuple(map(convert, recorded))
            seen[line["asin"]][repr(recorded)].append(stem)
    expected: list[Row] = []
    for asin, measurements in seen.items():
        known = [[v for v in column if v] for column in zip(*(values[m] for m in measurements), strict=True)]
        ratio = round(max((max(column) / min(column) for column in known if column), default=1.0), 4)
        if ratio > 1 and ratio >= least:
            ordered = sorted(measurements.items(), key=lambda m: (-len(m[1]), place_of(m[1][0])))
            expected += [
                (asin, names[asin], ratio, *values[measured], len(stems), stems[0]) for measured, stems in ordered
            ]
    expected.sort(key=lambda row: (-row[2], row[0]))
    rows = [tuple(row.values()) for row in report(loaded, "measurement-conflicts", min_ratio=least)]
    assert rows == [tuple(pytest.approx(v, abs=6e-5) if isinstance(v, float) else v for v in row) for row in expected]


def test_units_are_no_conflict_and_neither_is_what_is_not_known(tmp_path: Path) -> None:
    warehouse = load(tmp_path, DOCUMENTS, {("00015", A)}).warehouse
    assert {row[0]: row[2] for row in warehouse.report("measurement-conflicts").rows()} == {E: 2.0}


# --- FCSKUs and kinds -----------------------------------------------------------------------------------------------


def each_fcsku(bins: dict[str, Document]) -> list[tuple[str, str, Document]]:
    return [(stem, *line) for stem, document in bins.items() for line in document["BIN_FCSKU_DATA"].items()]


@pytest.mark.parametrize("style", STYLES)
def test_fcsku_asin_shows_where_they_differ(loaded: Loaded, style: str) -> None:
    lines = each_fcsku(loaded.of_style(style))
    names = {asin: names[0][0] for asin, names in collect_names(loaded.of_style("all")).items()}
    pairs: dict[tuple[str, str | None], list[tuple[str, int]]] = defaultdict(list)
    for stem, fcsku, line in lines:
        if fcsku != line["asin"]:
            pairs[fcsku, line["asin"]].append((stem, line["quantity"]))
    fcskus = {
        asin: {fcsku for _, fcsku, line in lines if line["asin"] == asin} for _, asin in pairs if asin is not None
    }
    expected = [
        (
            fcsku,
            asin,
            None if asin is None else names[asin],
            None if asin is None else len(fcskus[asin]),
            len(found),
            sum(quantity for _, quantity in found),
            found[0][0],
        )
        for (fcsku, asin), found in pairs.items()
    ]
    expected.sort(key=lambda row: (-row[4], -row[5], row[0], row[1] is None, row[1]))
    assert [tuple(row.values()) for row in report(loaded, "fcsku-asin", id_style=style)] == expected


def kind_of(asin: str | None) -> str:
    if asin is None:
        return "none"
    if re.fullmatch(r"[0-9]{9}[0-9X]", asin):
        digits = [10 if digit == "X" else int(digit) for digit in asin]
        return "other" if sum((10 - i) * digit for i, digit in enumerate(digits)) % 11 else "isbn10"
    return "asin" if re.fullmatch(r"B[0-9A-Z]{9}", asin) else "other"


@pytest.mark.parametrize("style", STYLES)
def test_isbn_share_counts_asins_lines_units_and_bins_by_kind(loaded: Loaded, style: str) -> None:
    bins = loaded.of_style(style)
    lines = list(each_line(bins))
    counts: dict[str, list[Any]] = {}
    for kind in {kind_of(line["asin"]) for _, line in lines}:
        own = [(stem, line) for stem, line in lines if kind_of(line["asin"]) == kind]
        asins = {line["asin"] for _, line in own} - {None}
        counts[kind] = [len(asins), len(own), sum(line["quantity"] for _, line in own), len({stem for stem, _ in own})]
    asins, all_lines, units = (sum(own[n] for own in counts.values()) for n in range(3))
    expected = [
        (
            kind,
            *(own[0], round(own[0] / asins, 6), own[1], round(own[1] / all_lines, 6)),
            *(own[2], round(own[2] / units, 6), own[3], round(own[3] / len(bins), 6)),
        )
        for kind, own in sorted(counts.items(), key=lambda item: (-item[1][1], item[0]))
    ]
    assert loaded.warehouse.report("isbn-share", id_style=style).rows() == expected


# --- pairs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["bins", "lift"])
@pytest.mark.parametrize("least", [0, 1, 2, 3])
@pytest.mark.parametrize("style", STYLES)
def test_shared_items_counts_pairs_within_the_style(loaded: Loaded, style: str, least: int, by: str) -> None:
    bins = loaded.of_style(style)
    names = {asin: names[0][0] for asin, names in collect_names(loaded.of_style("all")).items()}
    contents = [{line["asin"] for line in lines_of(document)} - {None} for document in bins.values()]
    holders = Counter(asin for asins in contents for asin in asins)
    pairs = Counter(pair for asins in contents for pair in combinations(sorted(asins), 2))
    rows: list[Row] = []
    for (one, other), together in pairs.items():
        if together >= least:
            lift = round(float(Fraction(together * len(bins), holders[one] * holders[other])), 4)
            rows.append((one, other, together, lift, holders[one], holders[other], names.get(one), names.get(other)))
    rows.sort(key=lambda row: (-row[2 if by == "bins" else 3], -row[2], -row[3], row[0], row[1]))
    shown = report(loaded, "shared-items", id_style=style, min_bins=least, by=by)
    assert [tuple(row.values()) for row in shown] == rows


# --- search ---------------------------------------------------------------------------------------------------------


def rank(name: str, text: str) -> int | None:
    """The place of a name among those that are found; None when it isn't."""
    folded, words = fold(html.unescape(name)), fold(html.unescape(text)).split()
    if not words or not all(word in folded for word in words):
        return None
    if folded == " ".join(words):
        return 0
    places = [match.start() for match in re.finditer(re.escape(" ".join(words)), folded)]
    bare = re.compile(r"[^\W_]")  # a letter or digit
    length = len(" ".join(words))
    whole = [
        p for p in places if not bare.match(folded[p - 1 : p]) and not bare.match(folded[p + length : p + length + 1])
    ]
    if whole:
        return 1 if whole[0] == 0 else 2
    own, asked = (set(re.findall(r"[^\W_]+", spelled)) for spelled in (folded, " ".join(words)))
    return 3 if len(words) > 1 and asked and asked <= own else 4


TEXTS = [
    *(
        "cafe grosse",
        "CAFÉ",
        "große",
        "pocket rocket",
        "rocket",
        "Rocket pocket",
        "red",
        "istanbul",
        "tea",
        " tea  pot ",
    ),
    *("%", "_", "100%", "'", '"pocket"', "\\d+", ".", "-", "it's", "it\u2019s", "tea' or 1=1 --", "", "  "),
    *("with for", "a", "ñ", "e\u0301", "3 pack", "men's", "(science", "pack (", "- -", "( - )"),
    *("reg", "&reg;", "®", "oo®", "x&#174;", "acute", "decor", "décor™", "bar & grill", "amp", "Premium Neoprene"),
]


def collect_all_names(bins: dict[str, Document]) -> dict[str, list[str]]:
    """By ASIN: its most frequent name, then all others and all normalised ones."""
    others: dict[str, set[str]] = defaultdict(set)
    for _, line in each_line(bins):
        if line["asin"] is not None:
            others[line["asin"]] |= {line["name"], line.get("normalizedName")} - {None}
    own = {asin: names[0][0] for asin, names in collect_names(bins).items()}
    return {
        asin: sorted(names, key=lambda name: (name != own.get(asin), name.encode())) for asin, names in others.items()
    }


@pytest.fixture(scope="module")
def all_names(loaded: Loaded) -> dict[str, list[str]]:
    return collect_all_names(loaded.of_style("all"))


@pytest.mark.parametrize("text", TEXTS)
def test_search_finds_and_ranks_names(loaded: Loaded, all_names: dict[str, list[str]], text: str) -> None:
    bins = loaded.of_style("all")
    holders: dict[str, list[str]] = defaultdict(list)
    units: Counter[str] = Counter()
    for stem, line in each_line(bins):
        holders[line["asin"]].append(stem)
        units[line["asin"]] += line["quantity"]
    found = []
    for asin, names in all_names.items():
        places = [(place, name) for name in names if (place := rank(name, text)) is not None]
        if places:
            place, name = min(places, key=lambda found: found[0])
            found.append((place, -len(set(holders[asin])), -units[asin], asin, name, holders[asin][0]))
    kinds = ["whole name", "start", "phrase", "words", "parts"]
    assert [tuple(row.values()) for row in report(loaded, "search", text=text)] == [
        (asin, name, kinds[place], -bin_count, -total, first)
        for place, bin_count, total, asin, name, first in sorted(found)
    ]


def test_invented_names_are_found_in_every_way(tmp_path: Path) -> None:
    names = ["Pocket Rocket", "Pocket rocket stove", "My pócket röcket", "Rocket in a pocket", "PocketRocket", "Socket"]
    lines = [make_line(f"B00000000{number}", name=name) for number, name in enumerate(names)]
    warehouse = load(tmp_path, {"00001": make_document(*lines)}).warehouse
    rows = warehouse.report("search", text="pocket ROCKET").rows()
    ways = ["whole name", "start", "phrase", "words", "parts"]
    assert [row[1:3] for row in rows] == list(zip(names, ways, strict=False))
