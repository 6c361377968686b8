"""Capture groups: those of a union-find over the documents, whatever the documents are like."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from documents import make_document, make_line
from loaded import Loaded, load
from shelves import Documents, find_evidence, group_plainly, in_turn, leave_out_bridges

from etl.errors import UsageError
from etl.training.groups import Grouping, group_bins
from etl.training.tables import count_sizes
from etl.warehouse import Warehouse

A, B, C, D = (f"B00000000{letter}" for letter in "ABCD")
BLANKS, QUOTES = " B0 'or 1=1' \t", 'B"";--\\'


def hold(*asins: str | None, **changes: Any) -> dict[str, Any]:
    return make_document(*map(make_line, asins), **changes)


DOCUMENTS: Documents = {
    # a shelf from 1 to 5, though 1 and 5 have nothing in common; its id 4 is missing
    "00001": hold(A),
    "00002": hold(A, B),
    "00003": hold(B, C),
    "00005": hold(C),
    # twins of the first, in a count of their own: 3 is no neighbour of theirs
    "1": hold(A),
    "2": hold(A, D),
    "9": hold(D),
    # empty bins are all alike, and no shelf
    **{f"{number:05d}": hold() for number in range(10, 14)},
    "11": hold(),
    # the same document far apart, and in both styles
    "00020": hold(D, EXPECTED_QUANTITY=7),
    "90020": hold(D, EXPECTED_QUANTITY=7),
    "700": hold(D, EXPECTED_QUANTITY=7),
    # what has no ASIN is no evidence, but a document that is the same is
    "00030": hold(None),
    "00031": hold(None, EXPECTED_QUANTITY=3),
    "00039": hold(None, EXPECTED_QUANTITY=3),
    # one ASIN under two FCSKUs counts once: 1 of 3, not 2 of 4
    "00040": make_document(BIN_FCSKU_DATA={"ZZ1": make_line("B0TWICE"), "ZZ2": make_line("B0TWICE"), B: make_line(B)}),
    "00041": make_document(BIN_FCSKU_DATA={"ZZ1": make_line("B0TWICE"), "ZZ2": make_line("B0TWICE"), C: make_line(C)}),
    # ASINs that are no words
    "00050": hold(BLANKS),
    "00051": hold(BLANKS, QUOTES, EXPECTED_QUANTITY=1),
    "00052": hold(QUOTES),
    "00053": hold("", EXPECTED_QUANTITY=1),
    "00054": hold("", B),
    "00055": hold(BLANKS.strip()),
    # 62 links what was apart until then, as 72 does by its document; 63 belongs to one of them alone
    "00060": hold("B0LEFT"),
    "00061": hold("B0RIGHT"),
    "00062": hold("B0LEFT", "B0RIGHT"),
    "00063": hold("B0RIGHT", EXPECTED_QUANTITY=5),
    "00071": hold("B0LEFT", "B0ABOVE"),
    "00072": hold("B0LEFT"),
    "00073": hold("B0ABOVE", EXPECTED_QUANTITY=2),
    # units don't matter
    "00080": make_document(make_line("B0NONE", 0)),
    "00082": make_document(make_line("B0NONE", 9)),
    # six in common of seven
    "00090": hold(*(f"B0MANY{number}" for number in range(6))),
    "00091": hold(*(f"B0MANY{number}" for number in range(7))),
    # far from all
    "100000": hold("B0ALONE"),
}  # fmt: skip
GROUPINGS: list[dict[str, Any]] = [
    {},
    {"window": 1},
    {"window": 3},
    {"window": 7, "overlap": 0.4},
    {"window": 1000},
    {"overlap": 1 / 3},
    {"overlap": 0.334},
    {"overlap": 6 / 7},
    {"overlap": 1},
    {"kind": "item"},
    {"kind": "item", "window": 5, "overlap": 0.9},
]


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tmp_path_factory.mktemp("shelves"), DOCUMENTS)


def ask_groups(warehouse: Warehouse, **grouping: Any) -> dict[str, str | None]:
    return {bin_.bin_id: bin_.group for bin_ in group_bins(warehouse.connect(), Grouping(**grouping))}


@pytest.mark.parametrize("grouping", GROUPINGS, ids=str)
def test_groups_are_the_components_of_the_evidence(grouping: dict[str, Any], invented: Loaded) -> None:
    groups = ask_groups(invented.warehouse, **grouping)
    assert groups == group_plainly(DOCUMENTS, **grouping)
    assert groups == leave_out_bridges(find_evidence(DOCUMENTS, **grouping), groups)


def test_a_shelf_is_a_group_and_what_only_looks_like_one_is_not(invented: Loaded) -> None:
    groups = ask_groups(invented.warehouse)
    assert {stem for stem, group in groups.items() if group == "1"} == {
        "00001",
        "00002",
        "00003",
        "00005",
        "1",
        "2",
    }
    assert {stem for stem, group in groups.items() if group == "700"} == {"00020", "90020", "700"}
    assert [groups[stem] for stem in ("9", "00010", "00011", "11", "00030")] == ["9", "00010", "00011", "11", "00030"]


def test_a_bin_that_would_join_two_groups_is_in_none(invented: Loaded) -> None:
    groups = ask_groups(invented.warehouse)
    assert {stem for stem, group in groups.items() if group is None} == {"00062", "00072"}
    # and leads nowhere: 63 goes with 61 alone
    assert [groups[stem] for stem in ("00060", "00061", "00063", "00073")] == ["00060", "00061", "00061", "00071"]


def test_what_would_be_a_bridge_joins_two_groups_where_all_of_it_is_kept(invented: Loaded) -> None:
    """As when 62 came first and the others were inserted around it: they all went to one side."""
    kept = ["00063", "00062", "00061", "00060"]
    bins = group_bins(invented.warehouse.connect(), Grouping(), kept)
    groups = {bin_.bin_id: bin_.group for bin_ in bins}
    assert list(groups) == [*reversed(kept), *(stem for stem in in_turn(DOCUMENTS) if stem not in kept)]
    assert {groups[stem] for stem in kept} == {"00060"}
    assert groups == ask_groups(invented.warehouse) | dict.fromkeys(kept, "00060")


def test_a_bin_that_ties_kept_ones_of_two_groups_is_in_none(invented: Loaded) -> None:
    kept = ["00061", "00063", "00060"]
    groups = {bin_.bin_id: bin_.group for bin_ in group_bins(invented.warehouse.connect(), Grouping(), kept)}
    assert [groups[stem] for stem in ("00060", "00061", "00062", "00063")] == ["00060", "00061", None, "00061"]


def test_groups_by_item_need_not_be_near(invented: Loaded) -> None:
    groups = ask_groups(invented.warehouse, kind="item")
    assert groups["00001"] == groups["00005"] == groups["00040"] == groups["1"] == "1"
    assert groups["00030"] == "00030"  # an ASIN that isn't known is none


def test_bins_come_in_the_order_of_their_ids_with_their_strata(invented: Loaded) -> None:
    bins = list(group_bins(invented.warehouse.connect(), Grouping()))
    assert [bin_.bin_id for bin_ in bins] == in_turn(DOCUMENTS)
    strata = {bin_.bin_id: bin_.stratum for bin_ in bins}
    expected = ["1", "6-7", "unpadded 6-7", "0", "unpadded 0"]
    assert [strata[stem] for stem in ("00001", "00020", "700", "00010", "11")] == expected


def test_sizes_are_counted_and_bridges_apart(invented: Loaded) -> None:
    groups = group_plainly(DOCUMENTS)
    sizes = Counter(Counter(group for group in groups.values() if group).values())
    counted = count_sizes(group_bins(invented.warehouse.connect(), Grouping()))
    assert counted == (dict(sizes), 2)
    assert list(counted[0]) == sorted(sizes)


@pytest.mark.parametrize("seed", range(5))
def test_random_shelves_are_grouped_as_a_union_find_does(seed: int, tmp_path: Path) -> None:
    """Few items in many bins, so that much is linked and bridged."""
    draw = random.Random(seed)
    stems = [*(f"{number:05d}" for number in draw.sample(range(150), 90)), *map(str, draw.sample(range(1, 60), 30))]
    documents = {
        stem: hold(*(f"B{item:03d}" for item in draw.sample(range(25), draw.choice([0, 1, 1, 2, 3])))) for stem in stems
    }
    warehouse = load(tmp_path, documents).warehouse
    for grouping in GROUPINGS:
        expected = group_plainly(documents, **grouping)
        assert ask_groups(warehouse, **grouping) == expected
    assert None in group_plainly(documents, window=7).values()


@pytest.mark.parametrize(
    ("window", "overlap", "message"),
    [
        (0, 0.0, "a window is from 1 to 1000 ids, not 0"),
        (1001, 0.0, "a window is from 1 to 1000 ids, not 1001"),
        (2, -0.1, "an overlap is from 0 to 1, not -0.1"),
        (2, 1.1, "an overlap is from 0 to 1, not 1.1"),
        (2, float("nan"), "an overlap is from 0 to 1, not nan"),
    ],
)
def test_a_grouping_that_can_not_be_is_refused(window: int, overlap: float, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        Grouping(window, overlap)
    assert str(raised.value) == message


# --- real documents -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grouping", [{}, {"window": 1}, {"window": 5, "overlap": 0.5}, {"kind": "item"}], ids=str)
def test_groups_of_real_documents_are_the_components_of_the_evidence(
    grouping: dict[str, Any], real_sample: Loaded
) -> None:
    groups = ask_groups(real_sample.warehouse, **grouping)
    assert groups == group_plainly(real_sample.bins, **grouping)
    assert groups == leave_out_bridges(find_evidence(real_sample.bins, **grouping), groups)


def test_no_real_bin_is_a_bridge_as_long_as_nothing_else_is_asked_for(real_sample: Loaded) -> None:
    assert None not in ask_groups(real_sample.warehouse).values()
