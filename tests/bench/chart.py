"""The picture of cost against size: a line an engine, from the points that the parts kept.

On white, and told apart by shape and dashes, not by colour alone, as all pictures of the project are.
"""

from collections.abc import Iterable
from typing import Any

import vl_convert
from bench.results import Point

from cli.plots.pictures import VERSION

_INKS = ("#2f4b6b", "#b3541e", "#5b7f3a")
_DASHES = ([1, 0], [6, 3], [2, 2])
_SHAPES = ("circle", "square", "triangle-up")


def draw_costs(points: Iterable[Point]) -> str:
    """An SVG picture."""
    svg: str = vl_convert.vegalite_to_svg(specify(points), VERSION)
    return svg + "\n"


def specify(points: Iterable[Point]) -> dict[str, Any]:
    """The picture in Vega-Lite."""
    values: list[dict[str, Any]] = [
        {"engine": point.engine, "documents": point.documents, "cost": float(f"{point.cost:.3g}")} for point in points
    ]
    engines = list(dict.fromkeys(value["engine"] for value in values))
    text = {"text": {"field": "cost", "type": "quantitative"}, "color": {"field": "engine", "legend": None}}
    return {
        "$schema": f"https://vega.github.io/schema/vega-lite/v{VERSION}.json",
        "title": {"text": "What a document costs as the documents grow", "anchor": "start", "offset": 12},
        "description": "Microseconds of wall time a document, against the number of documents, a line for each engine",
        "background": "white",
        "width": 640,
        "height": 360,
        "data": {"values": values},
        "encoding": {
            "x": {"field": "documents", "type": "quantitative"} | _find_axis("documents", values),
            "y": {"field": "cost", "type": "quantitative", "title": "microseconds a document", "scale": {"zero": True}},
        },
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 2}, "encoding": _tell_apart(engines, "strokeDash", _DASHES)},
            {"mark": {"type": "point", "filled": True, "size": 60}, "encoding": _tell_apart(engines, "shape", _SHAPES)},
            {"mark": {"type": "text", "dy": -11}, "encoding": text},
        ],
    }


def _find_axis(title: str, values: list[dict[str, Any]]) -> dict[str, Any]:
    """Each size that was measured has a tick."""
    sizes = sorted({value["documents"] for value in values})
    scale = {"type": "log", "nice": False, "padding": 30}
    return {"title": title, "scale": scale, "axis": {"values": sizes, "format": ",d", "labelOverlap": False}}


def _tell_apart(engines: list[str], channel: str, range_: tuple[Any, ...]) -> dict[str, Any]:
    inks = {"domain": engines, "range": list(_INKS[: len(engines)])}
    """One legend for both layers: of the shapes, in their colours."""
    shared = {"field": "engine", "type": "nominal", "title": None, "sort": engines, "legend": {"orient": "top"}}
    hidden = {} if channel == "shape" else {"legend": None}
    return {
        "color": shared | {"scale": inks},
        channel: shared | hidden | {"scale": {"domain": engines, "range": list(range_[: len(engines)])}},
    }
