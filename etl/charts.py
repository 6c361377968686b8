"""How the rows of a report become a picture: the line `chart:` of its header.

    chart: KIND x=COLUMN y=COLUMN [log=AXES]
    chart: hist x=COLUMN [of=ROWS] [log=AXES]

KIND is bar, line or point: one mark a row, from its x and its y. A hist counts the rows by their x; ROWS says what they
are, as in of=pairs. AXES, which are x, y or x,y, have a logarithmic scale: for what spans several powers of ten.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_CHART = re.compile(r"(?:(bar|line|point) x=(\w+) y=(\w+)|hist x=(\w+)(?: of=(\w+))?)(?: log=(x|y|x,y))?")


@dataclass(frozen=True, slots=True)
class Chart:
    """What to draw. Without `y`, the rows are counted, which `of` names."""

    kind: str
    x: str
    y: str | None
    log: frozenset[str]
    of: str = "rows"

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
    if not match or match[4] == (match[5] or "rows"):
        raise ValueError(
            f"{path}: not a chart: {hint}\nA chart is KIND x=COLUMN y=COLUMN [log=AXES], where KIND is bar, line or "
            "point; or hist x=COLUMN [of=ROWS] [log=AXES], where ROWS, another word than COLUMN, says what it counts. "
            "AXES are x, y or x,y"
        )
    kind, x, y, counted, of, axes = match.groups()
    return Chart(kind or "hist", x or counted, y, frozenset(axes.split(",") if axes else ()), of or "rows")
