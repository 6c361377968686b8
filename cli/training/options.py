"""The options that say how bins are shared out; all that makes a training set takes them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_RATIOS = "80/10/10"
LARGEST_COUNT = 1_000_000_000  # no bin holds so much
_LARGEST_SEED = 2**32 - 1  # as NumPy has it, so that a seed does for both


class Strategy(StrEnum):
    """How bins are shared out; as in `etl.training.sides`, which needs no import for that."""

    GROUPED = "grouped"
    RANDOM = "random"


class GroupBy(StrEnum):
    """What makes bins a group; as in `etl.training.groups`."""

    CAPTURE = "capture"
    ITEM = "item"


SeedOption = Annotated[
    int, typer.Option("--seed", min=0, max=_LARGEST_SEED, help="The same seed gives the same split.")
]
RatiosOption = Annotated[
    str, typer.Option("--ratios", metavar="A/B[/C]", help="Shares of training, validation and test.")
]
FoldsOption = Annotated[
    int | None,
    typer.Option("--folds", metavar="K", min=2, max=100, help="K folds of one size, instead.", show_default=False),
]
StrategyOption = Annotated[
    Strategy,
    typer.Option("--strategy", help="Keep groups together, or let each bin stand alone: to compare, for it leaks."),
]
KeepOption = Annotated[
    Path | None,
    typer.Option(
        "--keep",
        metavar="FILE",
        help="An earlier result of abid-report splits (csv, jsonl or parquet), whose bins keep their sides.",
        show_default=False,
    ),
]
WindowOption = Annotated[
    int, typer.Option("--window", min=1, max=1000, help="How far apart two ids of a group may be for one another.")
]
OverlapOption = Annotated[
    float,
    typer.Option("--overlap", min=0, max=1, help="Least Jaccard index of their ASINs; 0 is any ASIN in common."),
]
GroupByOption = Annotated[
    GroupBy,
    typer.Option("--group-by", help="What makes a group: near pictures of a shelf, or any item in common, too."),
]
