"""Pictures in a terminal, by plotext: in its width, in characters alone, without colours."""

import math
import shutil

import plotext

from cli.plots.marks import Plot, to_scale
from cli.plots.rounding import round_up

_HEIGHT = 20  # lines
_FRAME = 4  # lines around lying bars, of which each has one
_FILL = 0.85  # of a bar's room
_THIN = 0.1  # of a line, which is then one line
_TICKS = 6  # at most
_LABEL = 30  # characters
_MARKER = "•"


def draw_text(plot: Plot) -> str:
    """A picture as wide as COLUMNS says, else as the terminal is, else 80 columns."""
    plotext.clear_figure()
    plotext.limit_size(False, False)  # noqa: FBT003  (neither to the width nor to the height of the terminal)
    plotext.theme("clear")
    height = len(plot.marks) + _FRAME if plot.is_lying and plot.marks else _HEIGHT
    plotext.plot_size(shutil.get_terminal_size().columns, height)
    across, up = (plot.y, plot.x) if plot.is_lying else (plot.x, plot.y)
    plotext.xlabel(across.title)
    if plot.marks:
        _DRAW[plot.kind](plot)
    drawn = plotext.uncolorize(plotext.build())
    return "\n".join([plot.title, *plot.notes, up.title, *(line.rstrip() for line in drawn.splitlines())])


def _draw_bars(plot: Plot) -> None:
    """A label a bar, or a place; plotext's bars begin at 0."""
    places, heights = _place(plot, 0), _place(plot, 1)
    base = to_scale(plot.base, plot.y) if plot.y.log else 0
    shifted = [height - base for height in heights]
    if plot.is_lying:
        labels = [_shorten(x) for x, _ in plot.marks]
        plotext.bar(labels[::-1], shifted[::-1], orientation="h", width=_THIN)
    else:
        middles = [place + plot.shift * plot.gap for place in places]
        average = (max(places) - min(places)) / max(1, len(places) - 1)  # plotext takes a part of it for the width
        plotext.bar(middles, shifted, width=_FILL * plot.gap / (average or 1), reset_ticks=False)
        plotext.xticks(*_find_ticks(plot, 0, places))
    ticks, names = _find_ticks(plot, 1, [base, *heights])
    (plotext.xticks if plot.is_lying else plotext.yticks)([tick - base for tick in ticks], names)


def _draw_line(plot: Plot) -> None:
    places, heights = _place(plot, 0), _place(plot, 1)
    plotext.plot(places, heights)
    plotext.xticks(*_find_ticks(plot, 0, places))
    plotext.yticks(*_find_ticks(plot, 1, heights))


def _draw_points(plot: Plot) -> None:
    places, heights = _place(plot, 0), _place(plot, 1)
    plotext.scatter(places, heights, marker=_MARKER)
    plotext.xticks(*_find_ticks(plot, 0, places))
    plotext.yticks(*_find_ticks(plot, 1, heights))


_DRAW = {"bar": _draw_bars, "line": _draw_line, "point": _draw_points}


def _place(plot: Plot, number: int) -> list[float]:
    """Where the marks stand on the first or the second axis; labels have one place each, in the order of the rows."""
    axis, values = (plot.x, plot.y)[number], [mark[number] for mark in plot.marks]
    if axis.numeric:
        return [to_scale(value, axis) for value in values]
    places = {label: place for place, label in enumerate(_list_labels(plot, number))}
    return [places[value] for value in values]


def _list_labels(plot: Plot, number: int) -> list[str]:
    return list(dict.fromkeys(mark[number] for mark in plot.marks))


def _find_ticks(plot: Plot, number: int, places: list[float]) -> tuple[list[float], list[str]]:
    """Round numbers between the least and the largest place, or those where labels stand, and how they read."""
    axis, low, high = (plot.x, plot.y)[number], min(places), max(places)
    step = round_up((high - low) / _TICKS) or 1
    if axis.log or axis.whole or not axis.numeric:
        step = max(1, step)
    ticks = [tick * step for tick in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    ticks = ticks if len(ticks) > 1 else sorted({low, high})
    if axis.numeric:
        return ticks, [_spell(10**tick if axis.log else tick) for tick in ticks]
    labels = _list_labels(plot, number)
    return ticks, [_shorten(labels[int(tick)]) for tick in ticks]


def _spell(number: float) -> str:
    return f"{number:,.4g}" if abs(number) < 1 else f"{number:,.10g}"


def _shorten(label: str) -> str:
    return label if len(label) <= _LABEL else label[: _LABEL - 1] + "…"
