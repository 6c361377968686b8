"""What is drawn, whatever draws it: the marks of a chart, and what stands at its axes.

A row that can't be drawn isn't forgotten in silence: the notes below the title say how many there are, and why.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from cli.formats import to_text
from cli.plots.rounding import count_by_class
from cli.plots.tail import find_end
from cli.text import escape_controls
from etl.charts import Chart
from etl.errors import UsageError

Mark = tuple[Any, Any]
MOST_MARKS = 5_000  # more can't be told apart
MOST_LABELS = 300  # bars with a name each
_UNITS = {
    "lb": "pounds",
    "kg": "kilograms",
    "in": "inches",
    "cm": "centimetres",
    "in3": "cubic inches",
    "cm3": "cubic centimetres",
    "bytes": "bytes",
}
_COUNTED = {"share": "fraction", "quantity": "units"}  # wherever these words are in a name
_EDGE = "from"  # begins the name of a column with the lower edges of classes
_UNIT = re.compile(rf"(\w+)_({'|'.join(_UNITS)})")


@dataclass(frozen=True, slots=True)
class Axis:
    """A column that is drawn. Where it isn't numeric, its values are labels, in the order of the rows."""

    column: str
    numeric: bool
    whole: bool
    log: bool

    @property
    def title(self) -> str:
        """The column's name as people write it, with its unit."""
        if match := _UNIT.fullmatch(self.column):
            name, unit = match[1], _UNITS[match[2]]
            return unit if name == _EDGE else f"{name.replace('_', ' ')} ({unit})"
        words = self.column.split("_")
        return " ".join([*words, *(f"({unit})" for word, unit in _COUNTED.items() if word in words)])


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture before anybody draws it.

    `gap` is the least distance of two x, on a logarithmic scale that of their powers of ten; `shift`, in gaps, is how
    far right of its x a bar stands, which is a half where x is the lower edge of a class.
    """

    kind: str
    title: str
    notes: tuple[str, ...]
    x: Axis
    y: Axis
    marks: list[Mark]
    gap: float
    shift: float

    @property
    def is_lying(self) -> bool:
        """Whether the bars lie on their side, so that their labels can be read."""
        return self.kind == "bar" and not self.x.numeric

    @property
    def base(self) -> float:
        """Where bars on a logarithmic scale begin, so that the lowest has a height; below 1 where they count."""
        lowest: float = min(y for _, y in self.marks)
        return 0.5 if self.y.whole else lowest / 2


def lay_out(
    chart: Chart, title: str, notes: Iterable[str], columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> Plot:
    """Make marks of the rows of a report; holds what is drawn of each.

    Raises:
        UsageError: the chart is of a column that isn't there, or its bars of one that isn't numeric.
    """
    drawn, said = [_pick(chart, columns, row) for row in rows], list(notes)
    whole = _keep(drawn, said, "without a value", lambda mark: None not in mark)
    x, y = _find_axis(chart.x, 0, chart.log, whole), _find_axis(chart.y or chart.of, 1, chart.log, whole)
    marks = _keep(whole, said, "at or below 0, off the logarithmic scale", lambda mark: _is_on_scale(mark, x, y))
    _require_numbers(chart, x, y)
    if x.numeric and not x.log and chart.kind != "point":
        marks = _cut_tail(marks, said, chart.kind, x, y)
    if chart.kind == "hist":
        marks, gap = _count(marks, x, y)
    else:
        marks = _cut(marks, said, MOST_MARKS if x.numeric or chart.kind != "bar" else MOST_LABELS)
        gap = _find_gap([to_scale(mark[0], x) for mark in marks]) if x.numeric else 1
    if not marks:
        said.append("no rows")
    kind = "bar" if chart.kind == "hist" else chart.kind
    return Plot(kind, title, tuple(said), x, y, marks, gap, 0.5 if _is_of_edges(chart, x, gap) else 0)


def to_scale(value: float, axis: Axis) -> float:
    """Where a number stands on its axis."""
    return math.log10(value) if axis.log else value


def _require_numbers(chart: Chart, x: Axis, y: Axis) -> None:
    if chart.kind == "bar" and not y.numeric:
        raise UsageError(f"bars are as high as a number, and {y.column} holds text: see the report's line `chart:`")
    if chart.kind == "hist" and not x.numeric:
        raise UsageError(f"a histogram is of numbers, and {x.column} holds text: see the report's line `chart:`")


def _pick(chart: Chart, columns: Sequence[str], row: tuple[Any, ...]) -> Mark:
    if missing := [column for column in chart.columns if column not in columns]:
        raise UsageError(f"the chart is of the column {missing[0]}, and the report has {', '.join(columns)}")
    return _to_mark(row[columns.index(chart.x)]), _to_mark(row[columns.index(chart.y)]) if chart.y else 1


def _to_mark(value: Any) -> Any:
    match value:
        case None | int() if not isinstance(value, bool):
            return value
        case float() | Decimal():
            return float(value) if math.isfinite(value) else None
        case _:
            return escape_controls(to_text(value))


def _keep(marks: list[Mark], said: list[str], reason: str, is_kept: Callable[[Mark], bool]) -> list[Mark]:
    kept = [mark for mark in marks if is_kept(mark)]
    if left := len(marks) - len(kept):
        said.append(f"left out: {left:,} {'row' if left == 1 else 'rows'} {reason}")
    return kept


def _cut_tail(marks: list[Mark], said: list[str], kind: str, x: Axis, y: Axis) -> list[Mark]:
    if not marks:
        return marks
    places = [mark[0] for mark in marks]
    weights = [max(mark[1], 0) if kind == "bar" else 1 for mark in marks]
    end = find_end(places, weights, 0 if kind == "hist" else _find_gap(places))
    far = [mark for mark in marks if mark[0] > end]
    return _keep(marks, said, _describe_far(far, kind, x, y), lambda mark: mark[0] <= end) if far else marks


def _describe_far(far: list[Mark], kind: str, x: Axis, y: Axis) -> str:
    first, last = (f"{end(mark[0] for mark in far):,.10g}" for end in (min, max))
    held = f"; {y.title}: {sum(mark[1] for mark in far):,}" if kind == "bar" and y.whole else ""
    return f"with {x.title} {first if first == last else f'from {first} to {last}'}{held}"


def _cut(marks: list[Mark], said: list[str], most: int) -> list[Mark]:
    if len(marks) > most:
        said.append(f"the first {most:,} of {len(marks):,} rows")
    return marks[:most]


def _find_axis(column: str, place: int, log: frozenset[str], marks: list[Mark]) -> Axis:
    values = [mark[place] for mark in marks]
    numeric = not any(isinstance(value, str) for value in values)
    return Axis(column, numeric, all(isinstance(value, int) for value in values), numeric and "xy"[place] in log)


def _is_on_scale(mark: Mark, x: Axis, y: Axis) -> bool:
    return (not x.log or mark[0] > 0) and (not y.log or mark[1] > 0)


def _find_gap(places: list[float]) -> float:
    """On an axis of whole numbers, and for want of a second number, it is mostly 1."""
    ordered = sorted(set(places))
    return min((after - before for before, after in pairwise(ordered)), default=1)


def _count(marks: list[Mark], x: Axis, y: Axis) -> tuple[list[Mark], float]:
    """The lower edge of each class and its number of marks; and the width of a class. A logarithm has none for 0."""
    classes, gap = count_by_class([to_scale(mark[0], x) for mark in marks], whole=x.whole and not x.log)
    return [(10**edge if x.log else edge, count) for edge, count in classes if count or not y.log], gap


def _is_of_edges(chart: Chart, x: Axis, gap: float) -> bool:
    """Whether bars stand right of their x, where classes begin; a class of one whole number is that number."""
    if chart.kind == "hist":
        return not x.whole or x.log or gap > 1
    return chart.kind == "bar" and chart.x.startswith(f"{_EDGE}_")
