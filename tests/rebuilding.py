"""Documents out of the tables alone: what has been kept can be said again."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

Document = dict[str, Any]
Row = dict[str, Any]
Place = tuple[str, ...]
"""() is the document, (member,) one of its members, (BIN_FCSKU_DATA, FCSKU) a line, and one more is a member of it."""
_LINE = "$.BIN_FCSKU_DATA."
SIDES = ("length", "width", "height", "weight")


def rebuild(bins: Iterable[Row], observations: Iterable[Row]) -> dict[str, Document]:
    """The documents by the stem of their keys, from the rows of the two tables."""
    lines: dict[str, Document] = defaultdict(dict)
    for row in observations:
        lines[row["bin_id"]][row["fcsku"]] = rebuild_line(row)
    documents = {}
    for row in bins:
        image = {} if row["image_fname"] is None else {"image_fname": row["image_fname"]}
        known = {"BIN_FCSKU_DATA": lines[row["bin_id"]], "EXPECTED_QUANTITY": row["expected_quantity"]}
        documents[row["bin_id"]] = known | image | json.loads(row["rescued"] or "{}")
    return documents


def rebuild_line(row: Row) -> Document:
    rescued: Document = json.loads(row["rescued"] or "{}")
    line: Document = {member: row[member] for member in ("asin", "name", "quantity")}
    if row["has_normalized_name"]:
        line["normalizedName"] = row["normalized_name"]
    for side in SIDES:
        measured = {"unit": row[f"{side}_unit"], "value": row[f"{side}_value"]}
        line[side] = None if measured["unit"] is None else measured | rescued.pop(side, {})
    return line | rescued


def spell(document: Document | None) -> str:
    """A text that tells apart what Python takes for equal: true and 1, 1 and 1.0, 0.0 and -0.0.

    Only the value of a measurement is a double, however it was spelled.
    """
    if document is None:
        return "null"
    lines = {
        fcsku: line | {side: _to_double(line[side]) for side in SIDES}
        for fcsku, line in document["BIN_FCSKU_DATA"].items()
    }
    return json.dumps(document | {"BIN_FCSKU_DATA": lines}, sort_keys=True)


def _to_double(measured: Document | None) -> Document | None:
    return measured and measured | {"value": float(measured["value"])}


def parse_place(json_path: str) -> Place:
    """What a `json_path` of the table `rejects` means; an FCSKU in it is spelled as a JSON string."""
    if json_path == "$":
        return ()
    if not json_path.startswith(_LINE):
        return (json_path.removeprefix("$."),)
    rest = json_path.removeprefix(_LINE)
    fcsku, end = json.JSONDecoder(strict=False).raw_decode(rest)
    return ("BIN_FCSKU_DATA", fcsku, *filter(None, [rest[end:].removeprefix(".")]))
