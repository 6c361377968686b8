"""Pictures, in Vega-Lite, by vl-convert: no browser, no network.

The specification is a plain dictionary. Altair would make the same one and take half a second to be imported, so it
only holds it against the schema, in the tests. One dark colour on white, with nothing told by colour alone: it reads
the same on paper and in grey.
"""

import json
from pathlib import Path
from typing import Any

import vl_convert

from cli.page import END, begin_page
from cli.plots.marks import Axis, Plot, to_scale
from cli.plots.rounding import find_log_ticks, round_up

VERSION = "6.4"
"""Of Vega-Lite."""
_SCHEMA = f"https://vega.github.io/schema/vega-lite/v{VERSION}.json"
_WIDTH, _HEIGHT = 640, 360  # pixels of the plot, without what stands around it
_STEP = 16  # pixels from one lying bar to the next
_FILL = 0.85  # of a bar's room
_LABEL = 260  # pixels
_PADDING = 8  # pixels
_FEW = 12  # whole numbers
_TICKS = 8  # on an axis that lies, about
_INK = "#2f4b6b"
_MARKS: dict[str, dict[str, Any]] = {
    "bar": {"type": "bar"},
    "line": {"type": "line", "strokeWidth": 1.5, "point": {"size": 16, "fill": _INK}},
    "point": {"type": "point", "filled": True, "size": 36, "opacity": 0.7},  # more ink where several are in one place
}
_STYLE = "svg { max-width: 100%; height: auto; background: white; }\n"


def write_picture(plot: Plot, ending: str, path: Path) -> None:
    """Write a picture in the format that `ending` names; `json` is its specification in Vega-Lite."""
    chart = specify(plot)
    match ending:
        case "html":
            path.write_text(_make_page(plot.title, chart), encoding="utf-8")
        case "json":
            path.write_text(json.dumps(chart, indent=2) + "\n", encoding="utf-8")
        case "svg":
            path.write_text(vl_convert.vegalite_to_svg(chart, VERSION), encoding="utf-8")
        case "pdf":
            path.write_bytes(vl_convert.vegalite_to_pdf(chart, VERSION))
        case _:
            path.write_bytes(vl_convert.vegalite_to_png(chart, VERSION, scale=2))


def specify(plot: Plot) -> dict[str, Any]:
    """The specification of a picture in Vega-Lite, which holds its rows."""
    return {
        "$schema": _SCHEMA,
        "title": {"text": plot.title, "subtitle": list(plot.notes), "anchor": "start", "offset": 12},
        "description": plot.title,
        "background": "white",
        "width": _WIDTH,
        "height": {"step": _STEP} if plot.is_lying and plot.marks else _HEIGHT,
        "data": {"values": [{plot.x.column: x, plot.y.column: y} for x, y in plot.marks]},
        "mark": _MARKS[plot.kind] | {"color": _INK} | _size(plot),
        "encoding": _encode(plot) | {"tooltip": [_tip(plot.x), _tip(plot.y)]},
    }


def _encode(plot: Plot) -> dict[str, Any]:
    """The channels of a chart. Bars on a logarithmic scale need to be told where they begin."""
    x, y = _describe(plot, plot.x, 0), _describe(plot, plot.y, 1)
    if plot.is_lying:
        x, y = y, x
    channels = {"x": x, "y": y}
    if plot.kind == "bar" and plot.y.log and plot.marks:
        channels["x2" if plot.is_lying else "y2"] = {"datum": plot.base}
    return channels


def _describe(plot: Plot, axis: Axis, place: int) -> dict[str, Any]:
    """What one channel needs."""
    grid = plot.kind != "bar" or place == 1
    shared = {"field": axis.column, "title": axis.title}
    if not axis.numeric:
        style = {"grid": grid, "labelLimit": _LABEL, "maxExtent": _LABEL + _PADDING}
        return shared | {"type": "ordinal", "sort": None, "axis": style}
    return shared | {
        "type": "quantitative",
        "axis": {"grid": grid} | _find_ticks(plot, axis, place),
        "scale": _scale(plot, axis, place),
    }


def _find_ticks(plot: Plot, axis: Axis, place: int) -> dict[str, Any]:
    """Whole numbers have no ticks between them, and no fraction; and few of them have a tick each."""
    values = [mark[place] for mark in plot.marks]
    if not values:
        return {"values": []}
    if axis.log:
        lowest = plot.base if plot.kind == "bar" and place == 1 else min(values)
        return {"values": find_log_ticks(max(lowest, 1) if axis.whole else lowest, max(values)), "format": ",~r"}
    few = {"tickCount": _TICKS} if plot.is_lying == bool(place) else {}
    if not axis.whole:
        return few
    low, high = min(values + [0] * place), max(values)
    return {"format": ",d"} | (
        {"values": list(range(low, high + 1))} if high - low < _FEW else few | {"tickMinStep": 1}
    )


def _scale(plot: Plot, axis: Axis, place: int) -> dict[str, Any]:
    """Bars have room at both ends, and the others around their marks where 0 isn't the end."""
    if not plot.marks:
        return {"type": "linear"}
    type_ = "log" if axis.log else "linear"
    if plot.kind == "bar" and place == 0:
        return {"type": type_, "domain": _widen(plot), "nice": False, "zero": False}
    highest = max(mark[place] for mark in plot.marks)
    if plot.kind == "bar" and axis.log:
        return {"type": type_, "domain": [plot.base, round_up(highest)], "nice": False}
    if plot.kind == "bar":
        return {"type": type_, "zero": True} | ({} if highest else {"domainMax": 1})
    return {"type": type_, "nice": False, "padding": _PADDING} | ({} if axis.log else {"zero": place == 1})


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


def _tip(axis: Axis) -> dict[str, str]:
    return {"field": axis.column, "type": "quantitative" if axis.numeric else "nominal", "title": axis.title}


def _make_page(title: str, chart: dict[str, Any]) -> str:
    """A page whose scripts are inside it; values can't end one, and no expression is evaluated as code."""
    specification = json.dumps(chart).replace("<", "\\u003c")
    library = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VERSION)
    options = '{ast: true, renderer: "svg", actions: {export: true, source: false, compiled: false, editor: false}}'
    scripts = (f"\n{library}\n", f'\nvegaEmbed("#plot", {specification}, {options});\n')
    return (
        begin_page(title, _STYLE, scripts)
        + '<div id="plot"></div>\n'
        + "".join(f'<script type="module">{script}</script>\n' for script in scripts)
        + END
    )
