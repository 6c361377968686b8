"""How the rows of a report become a picture: the line `chart:` of its header.

    chart: KIND x=COLUMN [y=COLUMN] [log=AXES]

KIND is bar, line or point, one mark a row, from its x and its y; or hist, which takes x alone and counts the rows by
it. AXES, which are x, y or x,y, have a logarithmic scale: for what spans several powers of ten.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_GRAMMAR = "KIND x=COLUMN [y=COLUMN] [log=AXES]"
_CHART = re.compile(r"(bar|line|point|hist) x=(\w+)(?: y=(\w+))?(?: log=(x|y|x,y))?")


@dataclass(frozen=True, slots=True)
class Chart:
    """What to draw. Without `y`, the rows are counted."""

    kind: str
    x: str
    y: str | None
    log: frozenset[str]

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the report that it needs."""
        return (self.x, self.y) if self.y else (self.x,)


def parse_chart(hint: str, path: Path) -> Chart | None:
    """The chart that the header of the report at `path` asks for, if any.

    Raises:
        ValueError: the hint isn't of the grammar.
    """
    if not hint:
        return None
    match = _CHART.fullmatch(hint)
    if not match or (match[1] == "hist") == bool(match[3]):
        raise ValueError(
            f"{path}: not a chart: {hint}\nA chart is {_GRAMMAR}: KIND is bar, line or point, or hist without y; "
            "AXES are x, y or x,y"
        )
    kind, x, y, log = match.groups()
    return Chart(kind, x, y, frozenset(log.split(",") if log else ()))
