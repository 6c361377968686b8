"""Pictures in a file, by Altair and vl-convert: no browser, no network.

One dark colour on white, with nothing told by colour alone: it reads the same on paper and in grey.
"""

import json
from pathlib import Path
from typing import Any, Literal

import altair as alt
import vl_convert

from cli.page import END, begin_page
from cli.plots.marks import Axis, Plot, to_scale

_WIDTH, _HEIGHT = 640, 360  # pixels of the plot, without what stands around it
_STEP = 16  # pixels from one lying bar to the next
_FILL = 0.85  # of a bar's room
_LABEL = 260  # pixels
_PADDING = 8  # pixels
_FEW = 12  # whole numbers
_INK = "#2f4b6b"
_MARKS: dict[str, dict[str, Any]] = {
    "bar": {"type": "bar"},
    "line": {"type": "line", "strokeWidth": 1.5, "point": {"size": 16, "fill": _INK}},
    "point": {"type": "point", "filled": True, "size": 24},
}
_STYLE = "svg { max-width: 100%; height: auto; background: white; }\n"


def write_picture(plot: Plot, ending: str, path: Path) -> None:
    """Write a picture in the format that `ending` names; `json` is its specification in Vega-Lite."""
    chart = make_chart(plot)
    if ending == "html":
        path.write_text(_make_page(plot.title, chart), encoding="utf-8")
    else:
        chart.save(str(path), format=ending, scale_factor=2 if ending == "png" else 1)  # type: ignore[arg-type]


def make_chart(plot: Plot) -> alt.Chart:
    """The chart, which holds its rows."""
    values = [{plot.x.column: x, plot.y.column: y} for x, y in plot.marks]
    return alt.Chart(
        alt.InlineData(values=values),
        mark=alt.MarkDef(**_MARKS[plot.kind], color=_INK, **_size(plot)),
        encoding=alt.FacetedEncoding(**_encode(plot), tooltip=[_tip(plot.x), _tip(plot.y)]),
        title=alt.TitleParams(plot.title, subtitle=list(plot.notes), anchor="start", offset=12),
        description=plot.title,
        background="white",
        width=_WIDTH,
        height=alt.Step(_STEP) if plot.is_lying and plot.marks else _HEIGHT,
    )


def _encode(plot: Plot) -> dict[str, Any]:
    """The channels of a chart. Bars on a logarithmic scale need to be told where they begin."""
    x, y = _describe(plot, plot.x, 0), _describe(plot, plot.y, 1)
    if plot.is_lying:
        x, y = y, x
    channels: dict[str, Any] = {"x": alt.X(**x), "y": alt.Y(**y)}
    if plot.kind == "bar" and plot.y.log and plot.marks:
        base = _find_base(plot)
        channels |= {"x2": alt.X2(datum=base)} if plot.is_lying else {"y2": alt.Y2(datum=base)}
    return channels


def _describe(plot: Plot, axis: Axis, place: int) -> dict[str, Any]:
    """What one channel needs."""
    grid = plot.kind != "bar" or place == 1
    shared = {"field": axis.column, "title": axis.title}
    if not axis.numeric:
        style = alt.Axis(grid=grid, labelLimit=_LABEL, maxExtent=_LABEL + _PADDING)
        return shared | {"type": "ordinal", "sort": None, "axis": style}
    return shared | {
        "type": "quantitative",
        "axis": alt.Axis(grid=grid, **_find_ticks(axis, [mark[place] for mark in plot.marks] + [0] * place)),
        "scale": _scale(plot, axis, place),
    }


def _find_ticks(axis: Axis, values: list[Any]) -> dict[str, Any]:
    """Whole numbers have no ticks between them, and few of them have one each."""
    if not axis.whole or axis.log or not values:
        return {}
    low, high = min(values), max(values)
    return {"values": list(range(low, high + 1))} if high - low < _FEW else {"tickMinStep": 1}


def _scale(plot: Plot, axis: Axis, place: int) -> alt.Scale:
    """Bars have room at both ends, and the others around their marks where 0 isn't the end."""
    if not plot.marks:
        return alt.Scale(type="linear")
    type_: Literal["log", "linear"] = "log" if axis.log else "linear"
    if plot.kind == "bar" and place == 0:
        return alt.Scale(type=type_, domain=_widen(plot), nice=False, zero=False)
    if plot.kind == "bar" and axis.log:
        return alt.Scale(type=type_, domainMin=_find_base(plot), nice=False)
    if axis.log:
        return alt.Scale(type=type_, nice=False, padding=_PADDING)
    return alt.Scale(type=type_, zero=place == 1)


def _find_base(plot: Plot) -> float:
    """Where bars on a logarithmic scale begin: the lowest one still has a height."""
    lowest: float = min(y for _, y in plot.marks)
    return lowest / 2


def _widen(plot: Plot) -> list[float]:
    places = [to_scale(mark[0], plot.x) for mark in plot.marks]
    ends = min(places) + plot.gap * (plot.shift - 0.5), max(places) + plot.gap * (plot.shift + 0.5)
    return [10**end if plot.x.log else end for end in ends]


def _size(plot: Plot) -> dict[str, Any]:
    """How thick a bar is, in pixels: no more than its room, and never too thin to be seen."""
    if plot.kind != "bar" or not plot.marks or not plot.x.numeric:
        return {}
    places = [to_scale(mark[0], plot.x) for mark in plot.marks]
    room = _WIDTH * plot.gap / (max(places) - min(places) + plot.gap)
    return {"size": max(1, _FILL * room), "xOffset": plot.shift * room}


def _tip(axis: Axis) -> alt.Tooltip:
    return alt.Tooltip(field=axis.column, type="quantitative" if axis.numeric else "nominal", title=axis.title)


def _make_page(title: str, chart: alt.Chart) -> str:
    """A page whose scripts are inside it; values can't end one, and no expression is evaluated as code."""
    specification = json.dumps(chart.to_dict()).replace("<", "\\u003c")
    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    library = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=version)
    options = '{ast: true, renderer: "svg", actions: {export: true, source: false, compiled: false, editor: false}}'
    return (
        begin_page(title, _STYLE, scripts=True)
        + f'<div id="plot"></div>\n<script type="module">\n{library}\n</script>\n'
        + f'<script type="module">\nvegaEmbed("#plot", {specification}, {options});\n</script>\n'
        + END
    )
