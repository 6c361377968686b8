"""The reports on bins that are alike, against plain Python over invented and real documents."""

import hashlib
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from documents import encode, make_document, make_line
from loaded import Document, Loaded, lines_of, load, place_of, style_of

Row = tuple[Any, ...]
STYLES = ["all", "padded", "unpadded"]
A, B, C, D, E = (f"B00000000{letter}" for letter in "ABCDE")


def hold(*asins: str | None, **keyed: Document) -> Document:
    document = make_document(*map(make_line, asins))
    return document | {"BIN_FCSKU_DATA": document["BIN_FCSKU_DATA"] | keyed}


DOCUMENTS: dict[str, Any] = {
    # a run with a hole, a bin that overlaps with none within it, and the end of it
    "00001": hold(A, B),
    "00002": hold(C),
    "00003": hold(A, B),
    "00004": hold(A, B, D),
    "00005": hold(E),
    # two that interlock
    "00010": hold(A, B),
    "00011": hold(C, D),
    "00012": hold(A, B),
    "00013": hold(C, D),
    # neighbours by number only: the one is unpadded
    "20": hold(A, B),
    "00021": hold(A, B),
    "21": hold(A, C),
    "22": hold(A, C, D),
    "00020": hold(A),
    # an ASIN under two FCSKUs counts once, and what has no ASIN not at all
    "00030": hold(A, B, ZZ1=make_line(A), ZZ2=make_line(None)),
    "00031": hold(A, ZZ3=make_line(None)),
    "00040": hold(None),
    "00041": hold(None),
    "00042": hold(),
    "00043": hold(),
    # on both sides of a partition, and of a block of any width
    "99999": hold(D, E),
    "100000": hold(D, E),
    "100001": hold(D, E),
    # the same units of the same ASINs: the same bytes, other names, other FCSKUs, other units
    "00050": make_document(make_line(A, 3), make_line(B)),
    "00060": make_document(make_line(A, 3), make_line(B)),
    "00070": make_document(make_line(A, 3, name="Other"), make_line(B)),
    "00080": hold(B, ZZ4=make_line(A, 3)),
    "00090": make_document(make_line(A, 2), make_line(B)),
    "90": make_document(make_line(A, 2, normalizedName=...), make_line(B, normalizedName=...)),
    # an ASIN under two FCSKUs is there with the units of both
    "00190": hold(A, B, ZZ1=make_line(A, 2)),
    "00200": hold(A, B, ZZ1=make_line(A, 1)),
    "200": hold(B, ZZ1=make_line(A, 2)),
    # what has no ASIN is alike under the same FCSKU only, and like no ASIN, not even one spelled so
    "00110": hold(A, ZZ1=make_line(None, 2, name="Bread")),
    "00120": hold(A, ZZ2=make_line(None, 2, name="Sledge hammer")),
    "00130": hold(A, ZZ2=make_line(None, 2, name="Mallet")),
    "00140": hold(A, ZZ2=make_line("", 2)),
    "00150": hold(A, ZZ2=make_line("ZZ2", 2)),
    "120": hold(A, ZZ1=make_line("", 2)),
    # and no name can spell two things
    "00160": hold(A, ZZ1=make_line(B, 2)),
    "00170": {"BIN_FCSKU_DATA": {"ZZ1": make_line(f"{A} 1\n{B}", 2)}, "EXPECTED_QUANTITY": 2},
    # without its rejected line it holds what 00050 does
    "00100": make_document(make_line(A, 3), make_line(B), make_line(C, "1")),
    # twins: nothing in both, nothing in one, something
    "42": hold(),
    "41": hold(A),
    "31": hold(A, B),
    # an ASIN twice in one of them
    "30": hold(B),
}


@pytest.fixture(scope="module", params=["invented", "real"])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    if request.param == "real":
        real: Loaded = request.getfixturevalue("real_sample")
        return real
    return load(tmp_path_factory.mktemp("invented"), DOCUMENTS, {("00100", C)})


def body_of(loaded: Loaded, stem: str) -> bytes:
    if len(loaded.bins) == len(DOCUMENTS):
        return encode(DOCUMENTS[stem])
    return (Path(os.environ["ABID_REAL_SAMPLE"]) / "metadata" / f"{stem}.json").read_bytes()


def asins_of(document: Document) -> set[str]:
    return {line["asin"] for line in lines_of(document)} - {None}


def inventory_of(document: Document) -> dict[tuple[str, str], int]:
    """Units by ASIN, or by FCSKU where a line has none."""
    units: Counter[tuple[str, str]] = Counter()
    for fcsku, line in document["BIN_FCSKU_DATA"].items():
        thing = ("fcsku", fcsku) if line["asin"] is None else ("asin", line["asin"])
        units[thing] += line["quantity"]
    return dict(units)


def jaccard(one: Document, other: Document) -> float | None:
    either = asins_of(one) | asins_of(other)
    return len(asins_of(one) & asins_of(other)) / len(either) if either else None


# --- runs -----------------------------------------------------------------------------------------------------------


def find_runs(bins: dict[str, Document], window: int, threshold: float) -> list[list[tuple[str, str, float]]]:
    """The links of each run: those that cover steps from a number to the next without a break."""
    by_number = {int(stem): stem for stem in bins}
    links = []
    for number, stem in by_number.items():
        for near in range(number + 1, number + window + 1):
            likeness = near in by_number and jaccard(bins[stem], bins[by_number[near]])
            if likeness and likeness >= threshold:
                links.append((stem, by_number[near], likeness))
    steps = {step for first, last, _ in links for step in range(int(first), int(last))}
    runs: dict[int, list[tuple[str, str, float]]] = defaultdict(list)
    for link in links:
        start = int(link[0])
        while start - 1 in steps:
            start -= 1
        runs[start].append(link)
    return list(runs.values())


@pytest.mark.parametrize("threshold", [0.0, 0.67, 1.0])
@pytest.mark.parametrize("window", [1, 3, 50])
@pytest.mark.parametrize("style", STYLES)
def test_repeat_captures_shows_runs_of_linked_bins(loaded: Loaded, style: str, window: int, threshold: float) -> None:
    expected = []
    for own in {"padded", "unpadded"} & {style} or {"padded", "unpadded"}:
        for links in find_runs(loaded.of_style(own), window, threshold):
            linked = sorted({stem for link in links for stem in link[:2]}, key=int)
            likenesses = [likeness for _, _, likeness in links]
            mean = round(sum(likenesses) / len(likenesses), 4)
            expected.append((linked[0], linked[-1], len(linked), len(links), round(min(likenesses), 4), mean))
    # unpadded ones first where all else is the same
    expected.sort(key=lambda row: (-row[2], -row[5], len(row[0]) >= 5, int(row[0])))
    report = loaded.warehouse.report("repeat-captures", id_style=style, window=window, threshold=threshold, limit=0)
    assert report.rows() == expected


def test_runs_reach_over_holes_and_partitions_but_not_from_one_style_to_the_other(tmp_path: Path) -> None:
    warehouse = load(tmp_path, DOCUMENTS, {("00100", C)}).warehouse
    rows = warehouse.report("repeat-captures", limit=0).rows()
    assert {row[:4] for row in rows} == {
        ("00001", "00004", 3, 2),
        ("00010", "00013", 4, 2),
        ("21", "22", 2, 1),
        ("00020", "00021", 2, 1),
        ("00030", "00031", 2, 1),
        ("30", "31", 2, 1),
        ("99999", "100001", 3, 3),
    }


# --- neighbours -----------------------------------------------------------------------------------------------------


def pair_by_distance(bins: dict[str, Document]) -> dict[str, list[tuple[str, str]]]:
    """The pairs of bins of one style whose numbers are so far apart, and those that chance makes."""
    by_number = {int(stem): stem for stem in bins}
    drawn = sorted(bins, key=lambda stem: hashlib.md5(f"abid{stem}".encode()).hexdigest())
    near = {
        str(apart): [
            (by_number[number], by_number[number + apart]) for number in by_number if number + apart in by_number
        ]
        for apart in (1, 2, 3, 4, 5, 10, 100)
    }
    return near | {"random": [(one, other) for turn, one in enumerate(drawn) for other in drawn[turn + 1 : turn + 101]]}


@pytest.mark.parametrize("threshold", [0.0, 0.67])
@pytest.mark.parametrize("style", STYLES)
def test_neighbour_overlap_counts_pairs_with_an_asin_in_common_by_distance(
    loaded: Loaded, style: str, threshold: float
) -> None:
    pairs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for own in {"padded", "unpadded"} & {style} or {"padded", "unpadded"}:
        for distance, of_style in pair_by_distance(loaded.of_style(own)).items():
            pairs[distance] += of_style
    expected = []
    for distance, found in pairs.items():
        likenesses = [jaccard(loaded.bins[one], loaded.bins[other]) or 0 for one, other in found]
        sharing = sum(likeness > 0 for likeness in likenesses)
        alike = sum(likeness > 0 and likeness >= threshold for likeness in likenesses)
        if total := len(found):
            percents = [pytest.approx(100 * count / total, abs=0.000051) for count in (sharing, alike)]
            expected.append((distance, total, sharing, percents[0], alike, percents[1]))
    report = loaded.warehouse.report("neighbour-overlap", id_style=style, threshold=threshold)
    assert report.rows() == expected


@pytest.mark.parametrize("loaded", ["real"], indirect=True)
def test_real_neighbours_share_items_up_to_two_ids_away(loaded: Loaded) -> None:
    rows = loaded.warehouse.report("neighbour-overlap", id_style="padded").rows()
    assert [row[:4] for row in rows[:6]] == [
        ("1", 2998, 1189, 39.6598),
        ("2", 2997, 98, 3.2699),
        ("3", 2996, 0, 0.0),
        ("4", 2995, 0, 0.0),
        ("5", 2994, 0, 0.0),
        ("10", 2989, 1, 0.0335),
    ]


# --- groups and twins -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("documents", ["all", "identical"])
@pytest.mark.parametrize("style", STYLES)
def test_identical_bins_tells_the_same_inventory_from_the_same_bytes(
    loaded: Loaded, style: str, documents: str
) -> None:
    groups: dict[Any, list[str]] = defaultdict(list)
    for stem, document in loaded.of_style(style).items():
        if lines_of(document):
            groups[frozenset(inventory_of(document).items())].append(stem)
    expected = []
    for stems in groups.values():
        bodies = Counter(body_of(loaded, stem) for stem in stems)
        for stem in stems if len(stems) > 1 else []:
            body, lines = body_of(loaded, stem), lines_of(loaded.bins[stem])
            if documents == "all" or bodies[body] > 1:
                units = sum(line["quantity"] for line in lines)
                url = f"https://aft-vbi-pds.s3.amazonaws.com/bin-images/{stem}.jpg"
                md5 = hashlib.md5(body).hexdigest()
                expected.append((stems[0], stem, len(stems), bodies[body], md5, units, len(lines), url))
    expected.sort(key=lambda row: (-row[2], place_of(row[0]), place_of(row[1])))
    assert loaded.warehouse.report("identical-bins", id_style=style, documents=documents, limit=0).rows() == expected


def test_only_the_same_bytes_make_a_document_identical(tmp_path: Path) -> None:
    warehouse = load(tmp_path, DOCUMENTS, {("00100", C)}).warehouse
    rows = warehouse.report("identical-bins", limit=0).rows()
    alike = {row[1]: row[3] for row in rows if row[0] == "00050"}
    assert alike == {"00050": 2, "00060": 2, "00070": 1, "00080": 1, "00190": 1, "00100": 1}


def test_an_inventory_is_units_by_asin_whatever_the_fcskus_are(tmp_path: Path) -> None:
    warehouse = load(tmp_path, DOCUMENTS, {("00100", C)}).warehouse
    groups: dict[str, set[str]] = defaultdict(set)
    for row in warehouse.report("identical-bins", limit=0).rows():
        groups[row[0]].add(row[1])
    assert groups["00050"] == {"00050", "00060", "00070", "00080", "00190", "00100"}
    assert groups["00090"] == {"00090", "90", "00200", "200"}
    assert groups["00120"] == {"00120", "00130"}
    assert groups["120"] == {"120", "00140"}
    assert not {"00110", "00150", "00160", "00170"} & set().union(*groups.values())
    twins = {row[0]: row[8] for row in warehouse.report("unpadded-twins", limit=0).rows()}
    assert (twins["200"], twins["90"], twins["120"]) == (True, True, False)


def test_unpadded_twins_compares_inventories(loaded: Loaded) -> None:
    by_number: dict[int, dict[str, str]] = defaultdict(dict)
    for stem in loaded.bins:
        by_number[int(stem)][style_of(stem)] = stem
    rows = []
    for twins in by_number.values():
        if len(twins) == 2:
            one, other = (loaded.bins[twins[style]] for style in ("unpadded", "padded"))
            likeness = jaccard(one, other)
            rows.append(
                (
                    *(twins["unpadded"], twins["padded"], one["EXPECTED_QUANTITY"], other["EXPECTED_QUANTITY"]),
                    *(len(asins_of(one)), len(asins_of(other)), len(asins_of(one) & asins_of(other))),
                    None if likeness is None else round(likeness, 4),
                    inventory_of(one) == inventory_of(other),
                )
            )
    rows.sort(key=lambda row: (row[7] is None, -(row[7] or 0), int(row[0])))
    assert len(rows) > 3
    assert loaded.warehouse.report("unpadded-twins", limit=0).rows() == rows
