"""Splits: what they promise, counted in plain Python over the documents."""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from documents import make_document, make_line
from hypothesis import given, settings
from hypothesis import strategies as st
from loaded import Loaded, load, style_of
from shelves import Documents, find_evidence, in_turn, inventory_of

from etl.errors import UsageError
from etl.models import define_macros
from etl.training.groups import Grouped, Grouping, group_bins
from etl.training.kept import Kept
from etl.training.sides import Split, choose_sides, make_folds, parse_ratios
from etl.training.tables import ask_leaks, ask_splits, find_parted

SEEDS = range(20)
SHARES = {"80/10/10": parse_ratios("80/10/10"), "70/15/15": parse_ratios("70/15/15"), "folds": make_folds(5)}
FEW = 3  # unpadded bins of one stratum in the sample: shares say nothing of them


@pytest.fixture(scope="module")
def real_bins(real_sample: Loaded) -> list[Grouped]:
    return group_bins(real_sample.warehouse.connect(), Grouping())


@pytest.fixture(scope="module")
def real_evidence(real_sample: Loaded) -> list[tuple[str, str]]:
    return find_evidence(real_sample.bins)


def share_out(bins: list[Grouped], split: Split) -> dict[str, str | None]:
    return {bin_.bin_id: side for bin_, side in zip(bins, choose_sides(bins, split), strict=True)}


def stratum_of(stem: str, document: dict[str, Any]) -> str:
    expected = document["EXPECTED_QUANTITY"]
    name = next((name for least, name in ((11, "11+"), (8, "8-10"), (6, "6-7")) if expected >= least), str(expected))
    return name if style_of(stem) == "padded" else f"unpadded {name}"


# --- what is asked for ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("80/10/10", {"train": 0.8, "validation": 0.1, "test": 0.1}),
        ("3/1", {"train": 0.75, "validation": 0.25}),
        (" 0.5 / .5/1e0", {"train": 0.25, "validation": 0.25, "test": 0.5}),
    ],
)
def test_ratios_are_two_or_three_numbers(text: str, expected: dict[str, float]) -> None:
    assert parse_ratios(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "80",
        "8/x",
        "80/20/0",
        "0/0",
        "80/-1/1",
        "1/2/3/4",
        "nan/1",
        "1/nan",
        "inf/1",
        "1/inf/1",
        "1e308/1e308",
        "80/10/",
        "80:20",
    ],
)
def test_other_ratios_are_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(UsageError, match="Write two or three numbers above zero: 80/20, or 80/10/10") as raised:
        parse_ratios(text)
    assert str(raised.value).startswith(f"not ratios: {text}\n")


@pytest.mark.parametrize("count", [-1, 0, 1, 101])
def test_so_many_folds_there_can_not_be(count: int) -> None:
    with pytest.raises(UsageError, match=f"from 2 to 100 folds, not {count}"):
        make_folds(count)


# --- real documents -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
def test_no_shelf_and_no_evidence_is_on_two_sides(
    shares: dict[str, float], seed: int, real_bins: list[Grouped], real_evidence: list[tuple[str, str]]
) -> None:
    sides = share_out(real_bins, Split(shares, seed))
    on: dict[str | None, set[str | None]] = defaultdict(set)
    for bin_ in real_bins:
        on[bin_.group].add(sides[bin_.bin_id])
    assert [group for group, found in on.items() if len(found) > 1] == []
    assert [pair for pair in real_evidence if sides[pair[0]] != sides[pair[1]]] == []
    assert set(sides.values()) == set(shares)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
def test_every_stratum_has_its_shares(
    shares: dict[str, float], seed: int, real_bins: list[Grouped], real_sample: Loaded
) -> None:
    strata = {stem: stratum_of(stem, document) for stem, document in real_sample.bins.items()}
    assert strata == {bin_.bin_id: bin_.stratum for bin_ in real_bins}
    totals = Counter(strata.values())
    counts = Counter((strata[stem], side) for stem, side in share_out(real_bins, Split(shares, seed)).items())
    for stratum, total in totals.items():
        for side, share in shares.items():
            off = abs(counts[stratum, side] / total - share)
            assert off <= 0.02 or total <= FEW, f"{stratum} of {side}: {off:.4f}"


def test_seeds_differ_and_one_seed_does_not(real_bins: list[Grouped]) -> None:
    splits = [tuple(share_out(real_bins, Split(SHARES["80/10/10"], seed)).items()) for seed in SEEDS]
    assert len(set(splits)) == len(SEEDS)
    assert splits[3] == tuple(share_out(real_bins, Split(SHARES["80/10/10"], 3)).items())


# --- what would be known already ------------------------------------------------------------------------------------


def count_leaks(
    documents: Documents, groups: dict[str, str | None], sides: dict[str, str | None], stratum: str
) -> dict[str, tuple[Any, ...]]:
    """By side: bins, groups, and of those that judge how many a model knows by a mate, by the same inventory, or so."""
    inventories = {stem: frozenset(inventory_of(document).items()) for stem, document in documents.items()}
    names = {side for side in sides.values() if side}
    counts = {}
    for side in names:
        learnt = [stem for stem in sides if sides[stem] in ({"train"} if "train" in names else names - {side})]
        known_groups, known_inventories = {groups[stem] for stem in learnt}, {inventories[stem] for stem in learnt}
        here = [stem for stem in sides if sides[stem] == side and stratum in ("all", stratum_of(stem, documents[stem]))]
        mates = {stem for stem in here if groups[stem] in known_groups}
        same = {stem for stem in here if inventories[stem] and inventories[stem] in known_inventories}
        leaks = (None,) * 3 if side == "train" else (len(mates), len(same), len(mates | same))
        counts[side] = (len(here), len({groups[stem] for stem in here}), *leaks)
    return counts


@pytest.mark.parametrize("asked", ["grouped", "random"])
@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
def test_leaks_are_counted_as_by_hand(
    shares: dict[str, float], seed: int, asked: str, real_bins: list[Grouped], real_sample: Loaded
) -> None:
    hold_leaks(real_sample, real_bins, Split(shares, seed, asked))


def hold_leaks(loaded: Loaded, bins: list[Grouped], split: Split) -> None:
    result = ask_leaks(loaded.warehouse, bins, split)
    names = result.columns
    found = {row[:3]: dict(zip(names, row, strict=True)) for row in result.rows()}
    groups = {bin_.bin_id: bin_.group for bin_ in bins}
    totals = Counter(bin_.stratum for bin_ in bins if bin_.group)
    for strategy in ("grouped", "random"):
        sides = share_out(bins, replace(split, strategy=strategy))
        for stratum in ("all", *(totals if strategy == split.strategy else ())):
            total = totals[stratum] or totals.total()
            counts = count_leaks(loaded.bins, groups, sides, stratum)
            for side, share in split.shares.items():
                row = found.pop((strategy, side, stratum))
                here, of, mates, same, either = counts[side]
                asked = ("bins", "groups", "with_group_mate", "with_identical_inventory", "leaking")
                expected = (here, of, mates, same, either) if here else (0, 0, None, None, None)
                assert tuple(row[name] for name in asked) == expected
                assert (row["share"], row["asked_share"]) == pytest.approx((here / total, share), abs=6e-5)
                leaking_share = either / here if here and either is not None else None
                assert row["leaking_share"] == (leaking_share and pytest.approx(leaking_share, abs=6e-5))
    assert found == {}


def test_most_of_a_random_split_is_known_and_nearly_nothing_of_a_grouped_one(
    real_bins: list[Grouped], real_sample: Loaded
) -> None:
    groups = {bin_.bin_id: bin_.group for bin_ in real_bins}
    for seed in SEEDS:
        split = Split(SHARES["80/10/10"], seed)
        for side in ("validation", "test"):
            kept = count_leaks(real_sample.bins, groups, share_out(real_bins, split), "all")[side]
            parted = replace(split, strategy="random")
            random_ = count_leaks(real_sample.bins, groups, share_out(real_bins, parted), "all")[side]
            assert kept[2] == 0
            assert kept[4] / kept[0] < 0.02
            assert random_[4] / random_[0] > 0.5


# --- stability ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def first_bins(real_sample: Loaded, tmp_path_factory: pytest.TempPathFactory) -> list[Grouped]:
    """Those of a release of the first 2,000 documents; the unpadded ones, of which there are no more, come first."""
    stems = in_turn(real_sample.bins)[:2_000]
    assert stems[:5] == ["1", "10", "100", "523", "00001"]
    first = load(tmp_path_factory.mktemp("first"), {stem: real_sample.bins[stem] for stem in stems})
    return group_bins(first.warehouse.connect(), Grouping())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
@pytest.mark.parametrize("strategy", ["grouped", "random"])
def test_bins_keep_their_sides_when_others_are_added(
    strategy: str, shares: dict[str, float], seed: int, first_bins: list[Grouped], real_bins: list[Grouped]
) -> None:
    before, after = (share_out(bins, Split(shares, seed, strategy)) for bins in (first_bins, real_bins))
    assert len(before) == 2_000
    assert before == {stem: after[stem] for stem in before}


ITEMS = [f"B{number:02d}" for number in range(8)]
Bins = list[tuple[int, set[str], int]]
BINS: st.SearchStrategy[Bins] = st.lists(
    st.tuples(st.integers(1, 3), st.sets(st.sampled_from(ITEMS), max_size=3), st.integers(0, 12)), max_size=25
)
"""How far each is behind the one before, what it holds, and how much is expected."""


def invent(bins: Bins, width: int = 5) -> Documents:
    """Bins with ids that are padded to this width."""
    numbers = accumulate(step for step, _, _ in bins)
    return {
        f"{number:0{width}d}": make_document(*map(make_line, sorted(items)), EXPECTED_QUANTITY=expected)
        for number, (_, items, expected) in zip(numbers, bins, strict=True)
    }


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        define_macros(connection)
        yield connection


def group_without_a_release(
    connection: duckdb.DuckDBPyConnection, documents: Documents, grouping: Grouping, kept: Collection[str] = ()
) -> list[Grouped]:
    """As of a release whose tables have these columns: building one takes too long for many examples."""
    rows = [
        {
            "bin_id": stem,
            "id_style": style_of(stem),
            "bin_number": int(stem),
            "expected_quantity": document["EXPECTED_QUANTITY"],
            "asin_count": len(document["BIN_FCSKU_DATA"]),
            "fcsku_count": len(document["BIN_FCSKU_DATA"]),
            "rejected_line_count": 0,
            "metadata_md5": repr(document),
        }
        for stem, document in documents.items()
    ]
    lines = [{"bin_id": stem, "asin": asin} for stem in documents for asin in documents[stem]["BIN_FCSKU_DATA"]]
    nobody = pa.schema([("bin_id", pa.string()), ("asin", pa.string())])
    connection.register("bins", pa.Table.from_pylist(rows))
    connection.register("quantities", pa.Table.from_pylist(lines, schema=nobody))
    return group_bins(connection, grouping, kept)


@settings(max_examples=60, deadline=None)
@given(
    first=st.tuples(BINS, BINS.filter(bool)),
    added=BINS,
    grouping=st.builds(Grouping, kind=st.sampled_from(["capture", "item"])),
    split=st.builds(Split, st.sampled_from(list(SHARES.values())), st.integers(0, 3)),
)
def test_no_bin_moves_whatever_is_added_behind_it(
    first: tuple[Bins, Bins],
    added: Bins,
    grouping: Grouping,
    split: Split,
    connection: duckdb.DuckDBPyConnection,
) -> None:
    unpadded, bins = first
    documents = invent(unpadded, 1) | invent(bins + added)
    earlier = dict(list(documents.items())[: len(unpadded) + len(bins)])
    grouped = group_without_a_release(connection, documents, grouping)
    before = share_out(group_without_a_release(connection, earlier, grouping), split)
    after = share_out(grouped, split)
    assert before == {stem: after[stem] for stem in before}
    assert {after[bin_.bin_id] == after[bin_.group] for bin_ in grouped if bin_.group} == {True}


@pytest.mark.parametrize("kind", ["capture", "item"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_padded_bin_follows_its_unpadded_twin_which_never_moves(
    seed: int, kind: str, connection: duckdb.DuckDBPyConnection
) -> None:
    one, twin = make_document(make_line("B0ONE")), make_document(make_line("B0TWIN"))
    grouping, split = Grouping(kind=kind), Split(parse_ratios("80/20"), seed)
    earlier: Documents = {"7": twin, "00001": one}
    before, after = (
        share_out(group_without_a_release(connection, documents, grouping), split)
        for documents in (earlier, earlier | {"00002": twin})
    )
    assert after == before | {"00002": before["7"]}


# --- sides that are kept --------------------------------------------------------------------------------------------


def keep_on(
    connection: duckdb.DuckDBPyConnection, documents: Documents, grouping: Grouping, split: Split
) -> tuple[dict[str, str | None], Split]:
    """The sides of documents, and the split that keeps them."""
    sides = share_out(group_without_a_release(connection, documents, grouping, split.kept.sides), split)
    return sides, replace(split, kept=Kept({stem: side for stem, side in sides.items() if side}))


@settings(max_examples=60, deadline=None)
@given(
    bins=st.tuples(BINS, BINS.filter(bool)),
    grouping=st.builds(Grouping, kind=st.sampled_from(["capture", "item"])),
    split=st.builds(Split, st.sampled_from(list(SHARES.values())), st.integers(0, 3)),
    chance=st.randoms(use_true_random=False),
)
def test_kept_bins_never_move_wherever_others_are_inserted(
    bins: tuple[Bins, Bins], grouping: Grouping, split: Split, chance: Random, connection: duckdb.DuckDBPyConnection
) -> None:
    """In three rounds, each of which keeps what the one before gave."""
    documents = invent(bins[0], 1) | invent(bins[1])
    rounds = {stem: chance.randrange(3) for stem in documents} | {next(iter(documents)): 0}
    before: dict[str, str | None] = {}
    for number in range(3):
        present = {stem: document for stem, document in documents.items() if rounds[stem] <= number}
        after, split = keep_on(connection, present, grouping, split)
        assert {stem: side for stem, side in before.items() if side}.items() <= after.items()
        evidence = find_evidence(present, kind=grouping.kind)
        assert [pair for pair in evidence if len({after[stem] for stem in pair} - {None}) > 1] == []
        bridged = {stem for stem, side in after.items() if not side}
        assert [
            stem for stem in bridged if len({after[one] for pair in evidence if stem in pair for one in pair}) < 2
        ] == []
        before = after


def test_a_bin_moves_when_one_is_inserted_before_it_unless_it_is_kept(connection: duckdb.DuckDBPyConnection) -> None:
    documents = {f"{number:05d}": make_document(make_line(f"B0{number}")) for number in range(10, 400, 10)}
    split, inserted = Split(SHARES["80/10/10"]), {"00001": make_document(make_line("B0NEW"))}
    before, keeping = keep_on(connection, documents, Grouping(), split)
    after, _ = keep_on(connection, inserted | documents, Grouping(), split)
    kept, _ = keep_on(connection, inserted | documents, Grouping(), keeping)
    assert not before.items() <= after.items()
    assert before.items() <= kept.items()


def test_a_group_that_kept_sides_part_is_told_of_and_counted_and_gets_no_further_bin(tmp_path: Path) -> None:
    """1 and 3 were two shelves until the document of 3 changed."""
    hold = make_line("B0SHELF"), make_line("B0OTHER")
    loaded = load(tmp_path, {f"{number:05d}": make_document(*hold[: 1 + (number == 3)]) for number in (1, 3, 4)})
    split = Split(SHARES["80/10/10"], kept=Kept({"00001": "train", "00003": "test"}))
    bins = group_bins(loaded.warehouse.connect(), Grouping(), split.kept.sides)
    assert {bin_.group for bin_ in bins} == {"00001"}
    assert share_out(bins, split) == {"00001": "train", "00003": "test", "00004": None}
    assert find_parted(bins, split) == ["00001"]
    result = ask_leaks(loaded.warehouse, bins, split)
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows()]
    here = ("grouped", "test", "all")
    assert [row["with_group_mate"] for row in rows if (row["strategy"], row["side"], row["stratum"]) == here] == [1]


def test_kept_bins_count_as_dealt(connection: duckdb.DuckDBPyConnection) -> None:
    """Of twenty bins, ten were on the side for tests: all others go elsewhere."""
    documents = {f"{number:05d}": make_document(make_line(f"B0{number}")) for number in range(10, 210, 10)}
    kept = Kept(dict.fromkeys(list(documents)[::2], "test"))
    sides, _ = keep_on(connection, documents, Grouping(), Split(SHARES["80/10/10"], kept=kept))
    assert Counter(sides.values())["test"] == 10


def test_real_bins_of_a_sample_keep_their_sides_in_the_whole(
    real_sample: Loaded, real_evidence: list[tuple[str, str]], tmp_path: Path
) -> None:
    stems = Random(1).sample(sorted(real_sample.bins), 1_500)
    sample = load(tmp_path, {stem: real_sample.bins[stem] for stem in stems})
    for grouping in (Grouping(), Grouping(kind="item")):
        split = Split(SHARES["80/10/10"], 7)
        before = share_out(group_bins(sample.warehouse.connect(), grouping), split)
        plain = share_out(group_bins(real_sample.warehouse.connect(), grouping), split)
        assert sum(plain[stem] != side for stem, side in before.items()) > 300
        split = replace(split, kept=Kept({stem: side for stem, side in before.items() if side}))
        after = share_out(group_bins(real_sample.warehouse.connect(), grouping, split.kept.sides), split)
        assert split.kept.sides.items() <= after.items()
        assert [pair for pair in real_evidence if len({after[stem] for stem in pair} - {None}) > 1] == []
        assert Counter(after.values())[None] < 20


@given(
    bins=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), max_size=200),
    shares=st.sampled_from([*SHARES.values(), make_folds(7), parse_ratios("98/1/1")]),
    seed=st.integers(),
)
def test_single_bins_are_never_more_than_one_off_their_share(
    bins: list[tuple[str, int]], shares: dict[str, float], seed: int
) -> None:
    grouped = [Grouped(str(number), stratum, str(number)) for number, (stratum, _) in enumerate(bins)]
    counts: Counter[tuple[str, str | None]] = Counter()
    totals: Counter[str] = Counter()
    for bin_, side in zip(grouped, choose_sides(grouped, Split(shares, seed)), strict=True):
        counts[bin_.stratum, side] += 1
        totals[bin_.stratum] += 1
        for name, share in shares.items():
            due = share * totals[bin_.stratum]
            assert math.floor(due - 1e-6) <= counts[bin_.stratum, name] <= math.ceil(due + 1e-6)


# --- invented documents ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """A shelf, a bridge, empty bins, and one inventory recorded in many ways."""
    stems = [f"{number:05d}" for number in range(10, 400, 10)]
    documents: Documents = {
        **{f"{number:05d}": make_document(make_line("B0SHELF", number)) for number in range(1, 5)},
        **{stem: make_document(make_line("B0SAME", 2, name=f"Named {stem}")) for stem in stems[:20]},
        **{stem: make_document(BIN_FCSKU_DATA={f"ZZ{stem}": make_line("B0SAME", 2)}) for stem in stems[20:]},
        **{stem: make_document() for stem in ("1", "2", "700", "00700", "00800", "90000")},
        "00500": make_document(make_line("B0LEFT")),
        "00501": make_document(make_line("B0RIGHT")),
        "00502": make_document(make_line("B0LEFT"), make_line("B0RIGHT")),
        # alike, but never on two sides
        **{stem: make_document(make_line("B0PAIR")) for stem in ("00600", "00601")},
    }
    return load(tmp_path_factory.mktemp("invented"), documents)


@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
def test_leaks_of_invented_bins_are_counted_as_by_hand(shares: dict[str, float], invented: Loaded) -> None:
    bins = group_bins(invented.warehouse.connect(), Grouping())
    assert [bin_.bin_id for bin_ in bins if bin_.group is None] == ["00502"]
    hold_leaks(invented, bins, Split(shares, 1))
    side = "test" if "test" in shares else "fold-2"
    groups = {bin_.bin_id: bin_.group for bin_ in bins}
    assert count_leaks(invented.bins, groups, share_out(bins, Split(shares, 1)), "all")[side][3] > 0


def test_every_bin_has_a_row_with_its_group_and_side(invented: Loaded) -> None:
    bins, split = group_bins(invented.warehouse.connect(), Grouping()), Split(SHARES["80/10/10"], 5)
    sizes = Counter(bin_.group for bin_ in bins)
    sides = share_out(bins, split)
    stems = sorted(invented.bins, key=lambda stem: (int(stem), -len(stem)))
    groups = {bin_.bin_id: bin_ for bin_ in bins}
    assert ask_splits(invented.warehouse, bins, split).rows() == [
        (stem, group, sizes[group] if group else 1, stratum, sides[stem])
        for stem, stratum, group in map(groups.__getitem__, stems)
    ]
