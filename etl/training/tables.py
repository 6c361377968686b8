"""The tables that training sets are asked of, on a connection of their own: none is published.

`splits` is made here, of the evidence; the others are the models of `sql/models/inferred/`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from graphlib import TopologicalSorter
from itertools import chain
from typing import Any

import duckdb
import pyarrow as pa

from etl.chosenbins import choose_bins
from etl.models import Model, find_reads, load_inferences
from etl.queryerrors import explaining
from etl.result import Result
from etl.training.groups import Grouped, group_bins
from etl.training.kept import Kept
from etl.training.plan import Plan
from etl.training.sides import STRATEGIES, Split, choose_sides
from etl.warehouse import Warehouse

SPLITS_SCHEMA = pa.schema(
    [
        pa.field("bin_id", pa.string(), nullable=False),
        pa.field("capture_group", pa.string()),
        pa.field("stratum", pa.string(), nullable=False),
        pa.field("side", pa.string()),
    ]
)
"""One row per bin. A bridge has neither group nor side; a further bin of a group that kept sides part has no side."""

_GIVEN = {"splits", "chosen"}
"""What is registered, whatever models are called."""


def make_splits(bins: list[Grouped], split: Split) -> pa.Table:
    """The side of every bin, as a table of `SPLITS_SCHEMA`."""
    columns = [
        [bin_.bin_id for bin_ in bins],
        [bin_.group for bin_ in bins],
        [bin_.stratum for bin_ in bins],
        list(choose_sides(bins, split)),
    ]
    return pa.table([pa.array(column, pa.string()) for column in columns], schema=SPLITS_SCHEMA)


def ask_splits(warehouse: Warehouse, bins: list[Grouped], split: Split) -> Result:
    """The side of every bin, in the order of their ids; columns as the header of the model `splits` says."""
    cursor = warehouse.connect()
    with explaining(""):
        cursor.register("splits", make_splits(bins, split))
    return Result(lambda: cursor, load_inferences()["splits"].query)


def ask_leaks(warehouse: Warehouse, bins: list[Grouped], split: Split) -> Result:
    """What a split gives, and beside it all other strategies; columns as the header of the model `leaks` says."""
    cursor = warehouse.connect()
    with explaining(""):
        tables = []
        for strategy in STRATEGIES:
            table = make_splits(bins, replace(split, strategy=strategy))
            tables.append(table.append_column("strategy", pa.array([strategy] * len(table), pa.string())))
        cursor.register("all_splits", pa.concat_tables(tables))
        cursor.register("asked", _describe_asked(split))
    return Result(lambda: cursor, load_inferences()["leaks"].query)


def count_sizes(bins: Iterable[Grouped]) -> tuple[dict[int, int], int]:
    """How many groups there are of each size, the smallest first; and how many bins are in none."""
    members = Counter(bin_.group for bin_ in bins)
    bridges = members.pop(None, 0)
    return dict(sorted(Counter(members.values()).items())), bridges


def count_missing(bins: Iterable[Grouped], kept: Kept) -> int:
    """How many kept bins aren't among those of a release."""
    return len(kept.sides.keys() - {bin_.bin_id for bin_ in bins})


def find_parted(bins: Iterable[Grouped], split: Split) -> list[str]:
    """The groups that have bins kept on several sides, though they are to stay together; in the order of the bins."""
    sides: dict[str, set[str]] = defaultdict(set)
    for bin_ in bins:
        if split.strategy == "grouped" and bin_.group and bin_.bin_id in split.kept.sides:
            sides[bin_.group].add(split.kept.sides[bin_.bin_id])
    return [group for group, found in sides.items() if len(found) > 1]


def _describe_asked(split: Split) -> pa.Table:
    rows = [
        {"strategy": strategy, "side": side, "share": share, "place": place, "is_asked": strategy == split.strategy}
        for strategy in STRATEGIES
        for place, (side, share) in enumerate(split.shares.items())
    ]
    return pa.Table.from_pylist(rows)


def ask_task(warehouse: Warehouse, plan: Plan) -> Result:
    """The rows of a training set, in the order of the bins; columns as the header of its model says."""
    name = find_model(plan).name
    return ask_model(prepare_tables(warehouse, plan, name), name, plan)


def find_model(plan: Plan) -> Model:
    """The model of the plan's task: what its columns are, and the order of its rows."""
    return load_inferences()[plan.task.replace("-", "_")]


def prepare_tables(warehouse: Warehouse, plan: Plan, *asked: str) -> duckdb.DuckDBPyConnection:
    """A connection that knows `splits`, the chosen bins, and all other models that those `asked` for read."""
    cursor = warehouse.connect()
    with explaining(""):
        bins = group_bins(warehouse.connect(), plan.grouping, plan.split.kept.sides)
        cursor.register("splits", make_splits(bins, plan.split))
        cursor.register("chosen", _choose(warehouse, plan))
        create_tables(cursor, plan, *asked)
    return cursor


def create_tables(cursor: duckdb.DuckDBPyConnection, plan: Plan, *asked: str) -> None:
    """Make what the models `asked` for read tables of a connection, but for those that it has."""
    for name in _find_read(asked):
        model = load_inferences()[name]
        cursor.execute(f"create temp table if not exists {name} as {model.query}", _find_parameters(model, plan))


def ask_model(cursor: duckdb.DuckDBPyConnection, name: str, plan: Plan, side: str | None = None) -> Result:
    """The rows of a model whose tables are prepared; `side` is for those that are about one."""
    model = load_inferences()[name]
    return Result(lambda: cursor, model.query, _find_parameters(model, plan, side))


def _choose(warehouse: Warehouse, plan: Plan) -> pa.Table:
    query = "select bin_id from bins"
    choose = choose_bins(warehouse.connect(), query, plan.where, plan.sample)
    return choose(warehouse.connect()).sql(query).to_arrow_table()


def _find_read(asked: Iterable[str]) -> list[str]:
    """The models that these read, and that those read in turn; each after what it reads itself."""
    models, waiting = load_inferences(), [*asked]
    reads: dict[str, list[str]] = {}
    while waiting:
        name = waiting.pop()
        reads[name] = sorted(find_reads(models[name].query) & models.keys() - {name, *_GIVEN})
        waiting += reads[name]
    return [name for name in TopologicalSorter(reads).static_order() if name in chain(*reads.values())]


def _find_parameters(model: Model, plan: Plan, side: str | None = None) -> dict[str, Any]:
    known = {
        "max_quantity": plan.max_quantity,
        "negatives": plan.negatives,
        "per_bin": plan.per_bin,
        "seed": plan.split.seed,
        "side": side,
        "trust": plan.trust,
    }
    return {name: value for name, value in known.items() if f"${name}" in model.query}
