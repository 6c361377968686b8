"""How a check that doesn't hold is told: the rule, how many rows break it, and the first of them as a table."""

from dataclasses import dataclass
from typing import Any

_WIDEST = 60


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that doesn't hold: how many rows break it, and the first of them."""

    check: str
    about: str
    count: int
    columns: list[str]
    rows: list[tuple[Any, ...]]

    def __str__(self) -> str:
        """The rule, the count, and the rows as a table; what a document says can't reach the terminal as it is."""
        cells = [self.columns, *([_to_cell(value) for value in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
        more = [f"and {self.count - len(self.rows):,} more"] if self.count > len(self.rows) else []
        rows = f"{self.count:,} row{'' if self.count == 1 else 's'}"
        return "\n    ".join([f"  {self.check}: {rows} against the rule: {self.about}", *lines, *more])


def _to_cell(value: Any) -> str:
    """A value as Python spells it, without control characters, shortened."""
    text = repr(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."
