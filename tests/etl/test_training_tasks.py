"""The tasks: what is asked about the pictures, held against the documents in plain Python."""

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pytest
from documents import make_document, make_line, run_pipeline, write_bucket
from loaded import Loaded, lines_of, load, units_of
from questions import SPLIT, Rows, ask, fold, held_units
from shelves import Document, Documents, group_plainly

from etl.catalog import create_views
from etl.cursors import Cursors
from etl.models import define_macros
from etl.training.plan import Plan
from etl.training.sides import Split
from etl.warehouse import Warehouse

VERIFICATIONS = ["verification", "quantity-verification"]
PLANS = [
    Plan("counting", SPLIT, max_quantity=5),
    *(Plan(task, SPLIT, negatives=kind) for task, kind in product(VERIFICATIONS, ("hard", "random"))),
]


def keys_of(document: Document) -> set[tuple[str, str]]:
    """By what the things in a bin are known."""
    keys = set()
    for fcsku, line in document["BIN_FCSKU_DATA"].items():
        names = {fold(name) for name in (line["name"], line.get("normalizedName")) if name}
        keys |= {("code", fcsku), ("code", line["asin"]), *(("name", name) for name in names)}
    return keys - {("code", None), ("name", "")}


def find_item_keys(documents: Documents) -> dict[str, set[tuple[str, str]]]:
    """By what each ASIN is known in any bin."""
    keys: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for document in documents.values():
        for fcsku, line in document["BIN_FCSKU_DATA"].items():
            if line["asin"] is not None:
                keys[line["asin"]] |= keys_of({"BIN_FCSKU_DATA": {fcsku: line}})
    return keys


def is_whole(loaded: Loaded, stem: str) -> bool:
    lines = lines_of(loaded.bins[stem])
    return not loaded.rejected_lines[stem] and all(line["asin"] is not None for line in lines)


@pytest.fixture(scope="module")
def real_rows(real_sample: Loaded) -> dict[tuple[str, str], Rows]:
    """By task and negatives."""
    return {(plan.task, plan.negatives): ask(real_sample.warehouse, plan) for plan in PLANS}


@pytest.mark.parametrize("kind", ["hard", "random"])
def test_no_negative_of_a_real_bin_may_be_in_its_picture(
    kind: str, real_sample: Loaded, real_rows: dict[tuple[str, str], Rows]
) -> None:
    hold_negatives(real_sample.bins, group_plainly(real_sample.bins), real_rows["verification", kind])


def hold_negatives(documents: Documents, groups: dict[str, str | None], rows: Rows) -> None:
    """As many as positives in each bin; in a bin of the side, and by nothing known in any bin of the group."""
    item_keys = find_item_keys(documents)
    held: dict[str | None, set[tuple[str, str]]] = defaultdict(set)
    for stem, group in groups.items():
        held[group] |= keys_of(documents[stem])
    on_side: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        on_side[row["side"]] |= held_units(documents[row["bin_id"]]).keys()
    answers: dict[str, Counter[bool]] = defaultdict(Counter)
    for row in rows:
        stem, asin = row["bin_id"], row["asin"]
        answers[stem][row["answer"]] += 1
        assert row["quantity"] == held_units(documents[stem])[asin]
        assert row["answer"] == (row["quantity"] > 0) == (row["negative_kind"] is None)
        if not row["answer"]:
            assert item_keys[asin].isdisjoint(held[groups[stem]])
            assert asin in on_side[row["side"]]
    assert {stem for stem, counts in answers.items() if counts[True] != counts[False]} == set()
    assert len(rows) == len({(row["bin_id"], row["asin"]) for row in rows}) > 0


@pytest.mark.parametrize("kind", ["hard", "random"])
def test_other_quantities_are_asked_about_real_bins(
    kind: str, real_sample: Loaded, real_rows: dict[tuple[str, str], Rows]
) -> None:
    hold_quantities(real_sample.bins, real_rows["quantity-verification", kind], kind)


def hold_quantities(documents: Documents, rows: Rows, kind: str) -> None:
    """Each item once with its quantity and once with another one, of at least 1; hard ones are one off."""
    asked: dict[tuple[str, str], list[tuple[bool, int]]] = defaultdict(list)
    for row in rows:
        quantity = held_units(documents[row["bin_id"]])[row["asin"]]
        assert row["quantity"] == quantity
        asked[row["bin_id"], row["asin"]].append((row["answer"], row["asked_quantity"] - quantity))
        assert row["asked_quantity"] >= 1
        assert row["answer"] or kind == "random" or abs(row["asked_quantity"] - quantity) == 1
    assert {tuple(answer for answer, _ in pair) for pair in asked.values()} == {(True, False)}
    assert all(same == 0 != other for (_, same), (_, other) in asked.values())
    assert len({other for _, (_, other) in asked.values()}) > 1
    hold_blindness(rows)


def hold_blindness(rows: Rows) -> None:
    """On each side, who knows just the quantities that an item is asked about can't tell which one is true."""
    told: dict[bool, Counter[tuple[str, int]]] = {True: Counter(), False: Counter()}
    flows: Counter[tuple[str, int, int]] = Counter()
    for row in rows:
        told[row["answer"]][row["side"], row["asked_quantity"]] += 1
        flows[row["side"], row["quantity"], row["asked_quantity"]] += 1
    assert told[True] == told[False]
    assert all(flows[side, one, other] == flows[side, other, one] for side, one, other in list(flows))


@pytest.mark.parametrize("kind", ["hard", "random"])
def test_few_questions_a_bin_leave_no_bin_out(kind: str, real_sample: Loaded) -> None:
    rows = ask(real_sample.warehouse, Plan("verification", SPLIT, negatives=kind, per_bin=1))
    assert Counter(row["bin_id"] for row in rows) == {
        stem: 2 for stem, document in real_sample.bins.items() if is_whole(real_sample, stem) and held_units(document)
    }


@pytest.mark.parametrize("most", [0, 5, None])
def test_every_bin_within_the_bound_is_counted(most: int | None, real_sample: Loaded) -> None:
    rows = ask(real_sample.warehouse, Plan("counting", SPLIT, max_quantity=most))
    labels = {stem: document["EXPECTED_QUANTITY"] for stem, document in real_sample.bins.items()}
    within = {stem: label for stem, label in labels.items() if most is None or label <= most}
    assert {row["bin_id"]: row["expected_quantity"] for row in rows} == within
    assert [row["bin_id"] for row in rows] == sorted(within, key=lambda stem: (int(stem), -len(stem)))


def test_what_makes_a_picture_hard_is_told(real_sample: Loaded) -> None:
    for row in ask(real_sample.warehouse, Plan("counting", SPLIT)):
        units: Counter[str] = Counter()
        for fcsku, line in real_sample.bins[row["bin_id"]]["BIN_FCSKU_DATA"].items():
            units[f"fcsku {fcsku}" if line["asin"] is None else line["asin"]] += line["quantity"]
        most = max(units.values(), default=0)
        assert (row["distinct_items"], row["largest_repeat"]) == (len(units), most)
        assert (row["items_stratum"], row["repeat_stratum"]) == (classify(len(units)), classify(most))


def classify(count: int) -> str:
    return str(count) if count <= 2 else "3-4" if count <= 4 else "5+"


# --- invented documents ---------------------------------------------------------------------------------------------

SIZE = {side: {"unit": "IN", "value": 2.0} for side in ("length", "width", "height")}


def fill(number: int) -> Document:
    """A bin of items of its own, that are of a kind with those of others: alike in name and size."""
    asins = [f"B00{number:03d}{place}" for place in range(1 + number % 3)]
    return make_document(
        *(
            make_line(asin, 1 + place, name=f"Wooden spoon {asin} {number % 9}", normalizedName=None, **SIZE)
            for place, asin in enumerate(asins)
        )
    )


UNKNOWN, REJECTED, GAP, PICTURELESS, TWICE = "00900", "00904", "00908", "00912", "00916"
NAMED, SKU, NAMESAKE = "B0NAMED", "B0SKU", "B0NAMESAKE"
DOCUMENTS: Documents = {
    **{f"{number * 10:05d}": fill(number) for number in range(1, 81)},
    UNKNOWN: make_document(make_line("B0KNOWN", **SIZE), make_line(None)),
    REJECTED: make_document(make_line("B0LOADED", **SIZE), make_line("B0BAD", "1")),
    GAP: make_document(make_line("B0GAP", 2), EXPECTED_QUANTITY=9),
    PICTURELESS: make_document(make_line("B0DARK", **SIZE)),
    # one ASIN under two FCSKUs
    TWICE: make_document(BIN_FCSKU_DATA={"ZZ1": make_line("B0TWICE", 1), "ZZ2": make_line("B0TWICE", 2)}),
    # one item under three ASINs: by its name, whatever its case and accents, and by its FCSKU
    **{
        f"{number:05d}": make_document(make_line(NAMED, number % 3 + 1, name="Café &amp; Crème!", **SIZE))
        for number in range(1_000, 1_040, 10)
    },
    **{
        f"{number:05d}": make_document(make_line(NAMESAKE, 1, name="CAFE & CREME", normalizedName=None, **SIZE))
        for number in range(1_100, 1_140, 10)
    },
    **{
        f"{number:05d}": make_document(BIN_FCSKU_DATA={NAMED: make_line(SKU, 2, name=None, **SIZE)})
        for number in range(1_200, 1_240, 10)
    },
    # a bin with both names, about neither of whose quantities can be asked
    "01300": make_document(make_line(NAMED, 1, name="café crème", **SIZE), make_line(NAMESAKE, 1, name="", **SIZE)),
    # a shelf whose second bin holds more, and a line without units
    "01400": make_document(make_line("B0FIRST", 1, name="Wooden spoon first", **SIZE)),
    "01401": make_document(make_line("B0FIRST", 1), make_line("B0001000", 0, **SIZE), make_line("B0002000", 2, **SIZE)),
    # what is too small to have a size, and nothing
    "01500": make_document(
        make_line("B0TINY", 1, name="Wooden spoon", **{side: {"unit": "IN", "value": 1e-5} for side in SIZE})
    ),
    "01600": make_document(),
}
BAD_LINES = {(REJECTED, "B0BAD")}
UNASKED = {PICTURELESS, "01300"}
"""Bins about whose quantities can't be asked, though all of their lines are known."""


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder = tmp_path_factory.mktemp("tasks")
    files = {f"metadata/{stem}.json": document for stem, document in DOCUMENTS.items()}
    pictures = {f"bin-images/{stem}.jpg": b"picture" for stem in DOCUMENTS if stem != PICTURELESS}
    run_pipeline(write_bucket(folder / "bucket", files | pictures), folder / "data")
    good = {
        stem: document
        | {"BIN_FCSKU_DATA": {k: v for k, v in document["BIN_FCSKU_DATA"].items() if (stem, k) not in BAD_LINES}}
        for stem, document in DOCUMENTS.items()
    }
    return Loaded(good, Warehouse.open(folder / "data"), Counter(stem for stem, _ in BAD_LINES))


@pytest.mark.parametrize("per_bin", [None, 1, 2])
@pytest.mark.parametrize("kind", ["hard", "random"])
def test_no_negative_of_an_invented_bin_may_be_in_its_picture(kind: str, per_bin: int | None, invented: Loaded) -> None:
    rows = ask(invented.warehouse, Plan("verification", SPLIT, negatives=kind, per_bin=per_bin))
    hold_negatives(invented.bins, group_plainly(invented.bins), rows)
    kinds = {row["negative_kind"] for row in rows}
    assert kinds == ({None, "random"} if kind == "random" else {None, "name and size", "size", "random"} & kinds)
    assert kind == "random" or "name and size" in kinds
    yes = Counter(row["bin_id"] for row in rows if row["answer"])
    assert max(yes.values()) == (per_bin or 3)
    assert {row["bin_id"] for row in rows} > {f"{number * 10:05d}" for number in range(10, 71)}


@pytest.mark.parametrize("per_bin", [None, 1, 2])
@pytest.mark.parametrize("kind", ["hard", "random"])
def test_other_quantities_are_asked_about_invented_bins(kind: str, per_bin: int | None, invented: Loaded) -> None:
    rows = ask(invented.warehouse, Plan("quantity-verification", SPLIT, negatives=kind, per_bin=per_bin))
    hold_quantities(invented.bins, rows, kind)
    yes = Counter(row["bin_id"] for row in rows if row["answer"])
    whole = {stem: len(held_units(document)) for stem, document in invented.bins.items() if is_whole(invented, stem)}
    asked = Counter({stem: per_bin or count for stem, count in whole.items() if stem not in UNASKED})
    assert yes <= asked
    twice = {row["quantity"] for row in rows if row["bin_id"] == TWICE}
    assert twice == {3} if kind == "hard" else twice <= {3}


def test_no_more_lines_are_left_out_than_must_be(invented: Loaded) -> None:
    """One more and one less make a path of the quantities: taking from its low end what the next has is a best way."""
    held: dict[str, Counter[int]] = defaultdict(Counter)
    for row in ask(invented.warehouse, Plan("counting", SPLIT)):
        if row["bin_id"] not in UNASKED and is_whole(invented, row["bin_id"]):
            held[row["side"]].update(held_units(invented.bins[row["bin_id"]]).values())
    possible = Counter[str]()
    for side, lines in held.items():
        for quantity in range(1, max(lines)):
            taken = min(lines[quantity], lines[quantity + 1])
            lines[quantity + 1] -= taken
            possible[side] += 2 * taken
    rows = ask(invented.warehouse, Plan("quantity-verification", SPLIT))
    assert Counter(row["side"] for row in rows if row["answer"]) == possible


@pytest.mark.parametrize("task", VERIFICATIONS)
def test_a_bin_of_which_something_is_not_known_is_not_asked_about(task: str, invented: Loaded) -> None:
    stems = {row["bin_id"] for row in ask(invented.warehouse, Plan(task, SPLIT))}
    assert stems.isdisjoint({UNKNOWN, REJECTED, PICTURELESS, "01600"})
    assert GAP in stems


def test_a_bin_without_a_picture_is_left_out_and_a_doubtful_one_only_where_asked(invented: Loaded) -> None:
    any_ = ask(invented.warehouse, Plan("counting", SPLIT))
    assert {row["bin_id"] for row in any_} == DOCUMENTS.keys() - {PICTURELESS}
    reasons = dict(invented.warehouse.sql("select bin_id, reasons from label_trust").rows())
    assert {row["bin_id"]: row["reasons"] for row in any_} == {
        stem: why for stem, why in reasons.items() if stem != PICTURELESS
    }
    assert {reasons[stem] != "" for stem in (UNKNOWN, REJECTED, GAP)} == {True}
    strict = {row["bin_id"] for row in ask(invented.warehouse, Plan("counting", SPLIT, trust="strict"))}
    assert strict == {stem for stem, why in reasons.items() if not why and stem != PICTURELESS}


@pytest.mark.parametrize("task", ["counting", *VERIFICATIONS])
def test_bins_are_chosen_after_they_were_shared_out(task: str, invented: Loaded) -> None:
    sides = {row["bin_id"]: row["side"] for row in ask(invented.warehouse, Plan("counting", SPLIT))}
    some = ask(invented.warehouse, Plan(task, SPLIT, where=("expected_quantity >= 2", "bin_id < '00600'"), sample=30))
    assert {row["side"] for row in some} <= {"train", "validation", "test"}
    assert all(sides[row["bin_id"]] == row["side"] for row in some)
    assert all(units_of(DOCUMENTS[row["bin_id"]]) >= 2 and row["bin_id"] < "00600" for row in some)
    stems = {row["bin_id"] for row in some}
    assert len(stems) == 30 if task == "counting" else 0 < len(stems) <= 30


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: f"{plan.task}-{plan.negatives}")
def test_a_plan_gives_the_same_rows_on_one_thread_and_on_four(plan: Plan, invented: Loaded) -> None:
    answers = [ask_with_threads(invented.warehouse, plan, threads) for threads in (1, 4, 4)]
    assert answers[0] == answers[1] == answers[2] != []


def ask_with_threads(warehouse: Warehouse, plan: Plan, threads: int) -> Rows:
    with duckdb.connect(config={"threads": threads}) as connection:
        define_macros(connection)
        create_views(connection, warehouse.release.path)
        return ask(replace(warehouse, connection=connection, _cursors=Cursors(connection)), plan)


def test_another_seed_asks_about_other_things(invented: Loaded) -> None:
    asked = [
        [
            (row["bin_id"], row["asin"])
            for row in ask(invented.warehouse, Plan("verification", replace(SPLIT, seed=seed)))
        ]
        for seed in (1, 2)
    ]
    assert asked[0] != asked[1]


@pytest.mark.parametrize("kind", ["hard", "random"])
def test_questions_come_in_the_order_of_their_bins(kind: str, real_rows: dict[tuple[str, str], Rows]) -> None:
    def place(row: dict[str, Any]) -> tuple[int, int]:
        return int(row["bin_id"]), -len(row["bin_id"])

    rows = real_rows["verification", kind]
    assert rows == sorted(rows, key=lambda row: (*place(row), not row["answer"], row["asin"]))
    rows = real_rows["quantity-verification", kind]
    assert rows == sorted(rows, key=lambda row: (*place(row), row["asin"], not row["answer"]))


@pytest.mark.parametrize("kind", ["hard", "random"])
def test_nothing_is_asked_with_one_answer_alone(kind: str, tmp_path: Path) -> None:
    documents = {"00010": make_document(*map(make_line, "ABC")), "00020": make_document(make_line("D"))}
    warehouse = load(tmp_path, documents).warehouse
    rows = ask(warehouse, Plan("verification", Split({"train": 1.0}), negatives=kind))
    answers = [(row["bin_id"], row["answer"], row["asin"] in "ABC") for row in rows]
    assert answers == [("00010", True, True), ("00010", False, False), ("00020", True, False), ("00020", False, True)]
