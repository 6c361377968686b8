"""The tasks: what is asked about the pictures, held against the documents in plain Python."""

import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import replace
from html import unescape
from itertools import product
from typing import Any

import pytest
from documents import make_document, make_line, run_pipeline, write_bucket
from loaded import Loaded, lines_of, units_of
from shelves import Document, Documents, asins_of, group_plainly

from etl.limits import Limits
from etl.models import load_inferences
from etl.training.groups import Grouping, group_bins
from etl.training.plan import Plan
from etl.training.sides import Split, choose_sides, parse_ratios
from etl.training.tables import ask_splits, ask_task
from etl.warehouse import Warehouse

Rows = list[dict[str, Any]]
SPLIT = Split(parse_ratios("80/10/10"), seed=7)
VERIFICATIONS = ["verification", "quantity-verification"]
PLANS = [
    Plan("counting", SPLIT, max_quantity=5),
    *(Plan(task, SPLIT, negatives=kind) for task, kind in product(VERIFICATIONS, ("hard", "random"))),
]


def ask(warehouse: Warehouse, plan: Plan) -> Rows:
    result = ask_task(warehouse, plan)
    names = result.columns
    return [dict(zip(names, row, strict=True)) for row in result.rows()]


def fold(name: str) -> str:
    """What is left of a name without case, accents, and whatever stands between words."""
    bare = "".join(c for c in unicodedata.normalize("NFD", unescape(name)) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", bare.lower()))


def keys_of(document: Document) -> set[tuple[str, str]]:
    """By what the things in a bin are known."""
    keys = set()
    for fcsku, line in document["BIN_FCSKU_DATA"].items():
        names = {fold(name) for name in (line["name"], line.get("normalizedName")) if name}
        keys |= {("fcsku", fcsku), ("asin", line["asin"]), *(("name", name) for name in names)}
    return keys - {("asin", None), ("name", "")}


def find_item_keys(documents: Documents) -> dict[str, set[tuple[str, str]]]:
    """By what each ASIN is known in any bin."""
    keys: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for document in documents.values():
        for fcsku, line in document["BIN_FCSKU_DATA"].items():
            if line["asin"] is not None:
                keys[line["asin"]] |= keys_of({"BIN_FCSKU_DATA": {fcsku: line}})
    return keys


def held_units(document: Document) -> Counter[str]:
    units: Counter[str] = Counter()
    for line in lines_of(document):
        units[line["asin"]] += line["quantity"]
    return +units


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
