"""What a training set is to be: the task, the split, and which bins; and the command that says so."""

from dataclasses import dataclass, field

from etl.training.groups import Grouping
from etl.training.sides import Split

TASKS = ("counting", "verification", "quantity-verification")
TRUST = ("any", "strict")
NEGATIVES = ("hard", "random")
FOLDER = "training-set"
"""What the command calls the folder, whatever it was called: where a set is changes nothing of its bytes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """See the module.

    `trust` strict leaves out bins with any reason in `label_trust`. `max_quantity` bounds the expected units, and
    `per_bin` the questions about a bin whose answer is yes; None is no bound. `where` and `sample` choose bins as they
    do for a report: the split is made before, of all bins. `command` is what makes this set anew.
    """

    task: str
    split: Split
    grouping: Grouping = field(default_factory=Grouping)
    max_quantity: int | None = None
    trust: str = "any"
    negatives: str = "hard"
    per_bin: int | None = None
    where: tuple[str, ...] = ()
    sample: int | None = None
    command: str = ""
