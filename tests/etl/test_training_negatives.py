"""The negatives of the verification task: true, as hard on each side, and no giveaway."""

from collections import Counter, defaultdict
from itertools import product
from math import prod
from pathlib import Path

import pytest
from documents import make_document, make_line
from loaded import Document, Loaded, convert, each_line, load
from questions import SPLIT, Rows, ask, fold, held_units

from etl.training.plan import Plan
from etl.training.sides import Split


@pytest.fixture(scope="module")
def real_rows(real_sample: Loaded) -> Rows:
    """With hard negatives."""
    return ask(real_sample.warehouse, Plan("verification", SPLIT))


@pytest.mark.parametrize("per_bin", [None, 1, 2])
@pytest.mark.parametrize("kind", ["hard", "random"])
def test_what_a_real_item_is_tells_nothing_of_the_answer(kind: str, per_bin: int | None, real_sample: Loaded) -> None:
    rows = ask(real_sample.warehouse, Plan("verification", SPLIT, negatives=kind, per_bin=per_bin))
    hold_balance(rows)
    assert max(guess_by_item(rows).values()) < 0.52


def hold_balance(rows: Rows) -> None:
    """On its side, nothing is asked about with no, for being near to what is there, more often than with yes."""
    yes = Counter((row["side"], row["asin"]) for row in rows if row["answer"])
    near = Counter((row["side"], row["asin"]) for row in rows if row["negative_kind"] not in {None, "random"})
    assert near - yes == Counter()


def guess_by_item(rows: Rows) -> dict[str, float]:
    """How often the more frequent answer about an item is right, of each side."""
    answers = Counter((row["side"], row["asin"], row["answer"]) for row in rows)
    best: Counter[str] = Counter()
    for side, asin in {(side, asin) for side, asin, _ in answers}:
        best[side] += max(answers[side, asin, True], answers[side, asin, False])
    asked = Counter(row["side"] for row in rows)
    return {side: best[side] / asked[side] for side in asked}


def test_negatives_of_real_bins_are_as_hard_on_each_side(real_rows: Rows) -> None:
    hold_hardness(real_rows)


def hold_hardness(rows: Rows) -> None:
    """Alike in kind on all sides, and hardly ever at random."""
    kinds = Counter((row["side"], row["negative_kind"]) for row in rows if not row["answer"])
    totals = Counter(row["side"] for row in rows if not row["answer"])
    shares = {kind: [kinds[side, kind] / totals[side] for side in totals] for kind in ("name and size", "random")}
    assert len(totals) == 3
    assert max(shares["random"]) < 0.05
    assert min(shares["name and size"]) > 0.5
    assert max(shares["name and size"]) - min(shares["name and size"]) < 0.15


def test_a_hard_negative_of_a_real_bin_is_near_to_something_in_it(real_sample: Loaded, real_rows: Rows) -> None:
    words: dict[str, set[str]] = defaultdict(set)
    volumes: dict[str, set[float]] = defaultdict(set)
    for _, line in each_line(real_sample.bins):
        words[line["asin"]] |= set(fold(line["name"] or "").split())
        volumes[line["asin"]] |= {volume_of(line)} - {0.0}
    for row in real_rows:
        if row["negative_kind"] in {None, "random"}:
            continue
        near = [
            asin
            for asin in held_units(real_sample.bins[row["bin_id"]])
            if any(0.499 < one / other < 2.001 for one, other in product(volumes[asin], volumes[row["asin"]]))
        ]
        assert near
        assert row["negative_kind"] == "size" or any(words[asin] & words[row["asin"]] for asin in near)


def volume_of(line: Document) -> float:
    return prod(convert(line[side]) or 0.0 for side in ("length", "width", "height"))


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Bins of one item each, every one with some words that few have, and some that many have."""
    lines = {
        f"{number * 10:05d}": make_line(
            f"B0{number}", name=f"Wooden maker{number % 7} shape{number % 60} no{number}", normalizedName=None
        )
        for number in range(1, 301)
    }
    documents = {stem: make_document(line) for stem, line in lines.items()}
    return load(tmp_path_factory.mktemp("varied"), documents)


def test_negatives_are_as_hard_on_each_side(varied: Loaded) -> None:
    rows = ask(varied.warehouse, Plan("verification", SPLIT))
    hold_hardness(rows)
    hold_balance(rows)


@pytest.mark.parametrize("kind", ["hard", "random"])
def test_what_an_item_is_tells_nothing_of_the_answer(kind: str, varied: Loaded) -> None:
    rows = ask(varied.warehouse, Plan("verification", SPLIT, negatives=kind))
    assert max(guess_by_item(rows).values()) < 0.51


@pytest.mark.parametrize("kind", ["hard", "random"])
def test_nothing_is_denied_that_a_bin_has_as_the_fcsku_of_something_else(kind: str, tmp_path: Path) -> None:
    documents = {
        "00010": make_document(BIN_FCSKU_DATA={"B00000000X": make_line("B00000000Y", name="Lamp")}),
        "00050": make_document(BIN_FCSKU_DATA={"ZZX1": make_line("B00000000X", name="Bulb")}),
        "00090": make_document(make_line("B00000000Z", name="Chair")),
    }
    warehouse = load(tmp_path, documents).warehouse
    for seed in range(4):
        rows = ask(warehouse, Plan("verification", Split({"train": 1.0}, seed=seed), negatives=kind))
        denied = {row["bin_id"]: row["asin"] for row in rows if not row["answer"]}
        assert denied.keys() == documents.keys()
        assert denied["00010"] == denied["00050"] == "B00000000Z"


# 7,919 questions were once each given the same other one eight times over
@pytest.mark.parametrize("bins", [2, 3, 10, 7_919])
def test_a_bin_that_may_hold_an_item_is_asked_about_others(bins: int, tmp_path: Path) -> None:
    names = {number: "Twin" if number % 5 == 0 else f"Thing {number}" for number in range(1, bins + 1)}
    documents = {
        f"{number * 10:05d}": make_document(make_line(f"B0{number}", name=names[number], normalizedName=None))
        for number in names
    }
    plan = Plan("verification", Split({"train": 1.0}), negatives="random")
    rows = ask(load(tmp_path, documents).warehouse, plan)
    assert Counter(row["answer"] for row in rows) == {True: bins, False: bins}
