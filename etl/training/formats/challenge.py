"""challenge: the lists that the code of abid_challenge reads, spelled as its own scripts spell them.

https://github.com/silverbottlep/abid_challenge: `random_split.py`, `make_counting_data.py` and
`make_obj_verification_data.py` in `dataset/`. Its lists know a training and a validation side; a test side is judged by
as validation is. They are of bins with up to five units, or hard, of all bins; hard lists for counting are told of in
its README only, and named as those for verification are. There is no place in them for what they were made of: the
manifest beside them has it.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb

from etl.errors import UsageError
from etl.training.plan import Plan
from etl.training.tables import ask_model, create_tables, prepare_tables
from etl.training.trainingset import Written
from etl.warehouse import Warehouse

_SHORT = {"train": "train", "validation": "val", "test": "test"}
_MODERATE = 5


def write_challenge(warehouse: Warehouse, plan: Plan, folder: Path) -> Written:
    """Write the ids of each side, and the task's list of it. Streams; counts rows.

    Raises:
        UsageError: there are no such lists of the task or of the sides, or the training list is empty.
    """
    _require_known(plan)
    lists = _Lists(plan, _prepare(warehouse, plan))
    written = Written()
    for side, short in _SHORT.items():
        if side in plan.split.shares:
            written.files[f"random_{short}.txt"] = _write_ids(folder / f"random_{short}.txt", lists.ask("ids", side))
            name = _name_list(plan, short)
            written.files[name] = _write_list(folder / name, lists.make(side))
    if not written.files[_name_list(plan, "train")]:
        raise UsageError(f"the training list of {plan.task} is empty: choose more bins, or take another format")
    return written


@dataclass(frozen=True, slots=True)
class _Lists:
    plan: Plan
    cursor: duckdb.DuckDBPyConnection

    def ask(self, name: str, side: str) -> Iterator[tuple[Any, ...]]:
        _, chunks = ask_model(self.cursor, f"challenge_{name}", self.plan, side).stream()
        return (row for rows in chunks for row in rows)

    def make(self, side: str) -> Iterator[list[Any]]:
        if self.plan.task == "counting":
            return map(list, self.ask("counting", side))
        if side == "train":
            bins = groupby(self.ask("training", side), itemgetter(0))
            return ([idx, [[asin, targets] for _, _, asin, targets in lines]] for idx, lines in bins)
        return (list(question) for _, *question in self.ask("validation", side))


def _require_known(plan: Plan) -> None:
    if plan.task == "quantity-verification":
        raise UsageError("there are no lists of abid_challenge for quantity-verification: take another --format")
    if "train" not in plan.split.shares:
        raise UsageError("the lists of abid_challenge are of training and validation: leave out --folds")
    if plan.max_quantity not in (_MODERATE, None):
        raise UsageError(
            f"the lists of abid_challenge are of bins with up to {_MODERATE} units, or of all, not up to"
            f" {plan.max_quantity}: ask for --max-quantity {_MODERATE}, leave it out, or take another --format"
        )


def _prepare(warehouse: Warehouse, plan: Plan) -> duckdb.DuckDBPyConnection:
    """Lists of ids have bins of any quantity; the others are bounded by their own models."""
    cursor = prepare_tables(warehouse, replace(plan, max_quantity=None), "challenge_ids")
    if plan.task == "verification":
        create_tables(cursor, plan, "challenge_training", "challenge_validation")
    return cursor


def _name_list(plan: Plan, short: str) -> str:
    task = "counting" if plan.task == "counting" else "obj_verification"
    return f"{task}_{short}{'' if plan.max_quantity == _MODERATE else '_hard'}.json"


def _write_ids(path: Path, rows: Iterable[tuple[int]]) -> int:
    count = 0
    with path.open("w", encoding="ascii", newline="") as file:
        for (number,) in rows:
            file.write(f"{number}\n")
            count += 1
    return count


def _write_list(path: Path, rows: Iterable[Any]) -> int:
    """As `json.dump` writes a list, but never holding it."""
    count = 0
    with path.open("w", encoding="ascii", newline="") as file:
        file.write("[")
        for row in rows:
            file.write((", " if count else "") + json.dumps(row))
            count += 1
        file.write("]")
    return count
