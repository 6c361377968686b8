"""The rows of a training set, side by side, and what every file of it says of its making."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import duckdb

from etl.errors import UsageError
from etl.parameters import Value
from etl.queryerrors import explaining
from etl.release import Release
from etl.result import Result
from etl.training.plan import Plan
from etl.training.tables import ask_task, find_model
from etl.warehouse import Warehouse

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """A plan and its rows, in a table of a connection of their own: asked for once, and read side after side."""

    plan: Plan
    release: Release
    cursor: duckdb.DuckDBPyConnection

    @property
    def sides(self) -> list[str]:
        """Their names, the training side first."""
        return list(self.plan.split.shares)

    @property
    def origin(self) -> dict[str, str | int]:
        """What names the making of a row: the release, the seed and the command."""
        return name_origin(self.release, self.plan)

    def ask(self, side: str | None = None, *, stamped: bool = False) -> Result:
        """The rows of a side, or of all, in the order of their model; stamped, they end with their origin."""
        columns = ", ".join(["*", *(f"${name} as {name}" for name in self.origin)] if stamped else ["*"])
        condition = "where side = $side" if side else ""
        parameters: dict[str, Value] = {**self.origin} if stamped else {}
        if side:
            parameters["side"] = side
        # of a table alone, no order is promised
        query = f"select {columns} from training_set {condition} order by {find_model(self.plan).order}"
        return Result(lambda: self.cursor, query, parameters)

    def stream(self, side: str) -> Iterator[Row]:
        """The rows of a side, stamped; holds some thousands."""
        columns, chunks = self.ask(side, stamped=True).stream()
        return (dict(zip(columns, row, strict=True)) for rows in chunks for row in rows)


@dataclass(slots=True)
class Written:
    """What a format wrote: the rows of each file by its path, None for a picture; and rows left out for want of one."""

    files: dict[str, int | None] = field(default_factory=dict)
    left_out: int = 0


def make_training_set(warehouse: Warehouse, plan: Plan) -> TrainingSet:
    """Ask for the rows of a plan.

    Raises:
        UsageError: there is none.
    """
    task = ask_task(warehouse, plan)
    cursor = task.connect()
    with explaining(task.query):
        cursor.execute(f"create temp table training_set as {task.query}", task.parameters)
    made = TrainingSet(plan, warehouse.release, cursor)
    if not made.ask().count_rows():
        raise UsageError(
            f"no bin is left to ask about for {plan.task}: choose more by --where, --sample, --trust and --max-quantity"
        )
    return made


def name_origin(release: Release, plan: Plan) -> dict[str, str | int]:
    """See `TrainingSet.origin`."""
    return {"release": release.id, "seed": plan.split.seed, "command": plan.command}
