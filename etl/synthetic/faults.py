"""Bad documents, of every kind that a loader has to catch, and what it has to say of each.

The faults are those that a bucket of half a million objects could hold, though the real one shows none of them. Some
documents only look wrong: their scope is "none" and they must load. Every kind comes in turn; documents are chosen one
to each equal stretch of the bucket, so that any process can tell which of its documents are spoiled, and how.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from etl.synthetic.bins import Bin, Line
from etl.synthetic.chance import throw_dice
from etl.synthetic.document import Typesetter

Document = dict[str, Any]
HUGE_BIN = 10_000  # items
FIRST_SPARE_ITEM = 10_000  # beyond the items whose ASIN is another's or missing
DEPTH = 20_000  # of nested lists: more than a recursive parser survives
STORE_ERROR = """<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to spoil a document.

    `scope` is what the loader must refuse: the "document", a "line" of it or "none".
    """

    kind: str
    scope: str
    reason: str
    corrupt: Callable[[str], str | bytes]
    least_lines: int = 0
    rename: str = "{}"

    def spoil(self, bin_: Bin, typesetter: Typesetter) -> tuple[str, bytes]:
        """Return the stem and the content of the bad document that takes the bin's place."""
        content = self.corrupt(typesetter.set_document(_stock_bin(bin_, self.least_lines)))
        return self.rename.format(bin_.stem), content if isinstance(content, bytes) else content.encode("ascii")

    def describe(self, key: str) -> str:
        """Return the line of `planted.jsonl`."""
        return json.dumps({"key": key, "kind": self.kind, "scope": self.scope, "reason": self.reason}) + "\n"


def choose_faults(positions: range, *, bins: int, planted: int, seed: int) -> dict[int, Fault]:
    """Return the fault of each position whose document is spoiled. `planted` of the `bins` are."""
    chosen = {}
    for turn in range(positions.start * planted // bins, min((positions.stop * planted) // bins + 1, planted)):
        start, stop = turn * bins // planted, (turn + 1) * bins // planted
        position = start + int(throw_dice(seed, "fault", turn).random() * (stop - start))
        if position in positions:
            chosen[position] = FAULTS[turn if turn < len(FAULTS) else turn % (len(FAULTS) - 1)]
    return chosen


def _stock_bin(bin_: Bin, least_lines: int) -> Bin:
    held = {line.item for line in bin_.lines}
    spare = (item for item in count(FIRST_SPARE_ITEM) if item not in held)
    added = [Line(item, 0, 1) for item in islice(spare, max(least_lines - len(bin_.lines), 0))]
    return bin_._replace(lines=(*bin_.lines, *added), expected=bin_.expected + len(added))


def _keep(text: str) -> str:
    return text


def _edit(change: Callable[[Document], None]) -> Callable[[str], str]:
    def corrupt(text: str) -> str:
        document = json.loads(text)
        change(document)
        return json.dumps(document, indent=4, sort_keys=True)

    return corrupt


def _set_field(field: str, value: object) -> Callable[[str], str]:
    return _edit(lambda document: document.update({field: value}))


def _drop_field(field: str) -> Callable[[str], str]:
    return _edit(lambda document: document.pop(field))


def _set_in_line(field: str, value: object) -> Callable[[str], str]:
    return _edit(lambda document: _find_line(document).update({field: value}))


def _drop_in_line(field: str) -> Callable[[str], str]:
    return _edit(lambda document: _find_line(document).pop(field))


def _find_line(document: Document) -> Document:
    line: Document = next(iter(document["BIN_FCSKU_DATA"].values()))
    return line


def _replace_line(document: Document) -> None:
    lines = document["BIN_FCSKU_DATA"]
    lines[next(iter(lines))] = "see the shelf above"


def _repeat_line(text: str) -> str:
    start, stop = text.index('        "'), text.index("\n        }") + len("\n        }")
    return text[:stop] + ",\n" + text[start:]


def _repeat_quantity(text: str) -> str:
    return text.replace('            "quantity": ', '            "quantity": 1,\n            "quantity": ', 1)


def _break_utf8(text: str) -> bytes:
    return _set_in_line("name", "BROKEN")(text).encode("ascii").replace(b"BROKEN", b"Caf\xe9", 1)


def _nest_deeply(text: str) -> str:
    return f'{text[:-2]},\n    "note": {"[" * DEPTH}{"]" * DEPTH}\n}}'


FAULTS = (
    Fault("empty_file", "document", "empty", lambda _: ""),
    Fault("truncated", "document", "not_json", lambda text: text[: len(text) // 2]),
    Fault("store_error_page", "document", "not_json", lambda _: STORE_ERROR),
    Fault("top_level_list", "document", "not_object", lambda text: f"[{text}]"),
    Fault("byte_order_mark", "document", "byte_order_mark", lambda text: text.encode("utf-8-sig")),
    Fault("invalid_utf8", "document", "not_utf8", _break_utf8, 1),
    Fault("duplicate_fcsku", "document", "duplicate_key", _repeat_line, 1),
    Fault("lines_null", "document", "lines_not_object", _set_field("BIN_FCSKU_DATA", None)),
    Fault("lines_missing", "document", "missing_field", _drop_field("BIN_FCSKU_DATA")),
    Fault("lines_list", "document", "lines_not_object", _set_field("BIN_FCSKU_DATA", [])),
    Fault("quantity_string", "line", "quantity_not_whole", _set_in_line("quantity", "1"), 1),
    Fault("quantity_float", "line", "quantity_not_whole", _set_in_line("quantity", 1.5), 1),
    Fault("quantity_negative", "line", "quantity_not_whole", _set_in_line("quantity", -1), 1),
    Fault("quantity_huge", "line", "quantity_not_whole", _set_in_line("quantity", 1e300), 1),
    Fault("quantity_missing", "line", "missing_field", _drop_in_line("quantity"), 1),
    Fault("expected_missing", "document", "missing_field", _drop_field("EXPECTED_QUANTITY")),
    Fault("expected_string", "document", "expected_quantity_not_whole", _set_field("EXPECTED_QUANTITY", "3")),
    Fault(
        "measurement_nan",
        "line",
        "measurement_not_finite",
        _set_in_line("weight", {"unit": "pounds", "value": float("nan")}),
        1,
    ),
    Fault(
        "measurement_infinite",
        "line",
        "measurement_not_finite",
        _set_in_line("length", {"unit": "IN", "value": float("inf")}),
        1,
    ),
    Fault("measurement_number", "line", "measurement_not_object", _set_in_line("height", 2.5), 1),
    Fault("line_string", "line", "line_not_object", _edit(_replace_line), 1),
    Fault("duplicate_field", "line", "duplicate_key", _repeat_quantity, 1),
    Fault("lone_surrogate", "document", "not_json", _set_in_line("name", "half \ud83d a sign"), 1),
    Fault("deep_nesting", "none", "loads", _nest_deeply),
    Fault("stem_not_number", "document", "unrecognised_key", _keep, rename="{}a"),
    Fault("key_with_space", "document", "unrecognised_key", _keep, rename="{} copy"),
    Fault("nested_key", "document", "unrecognised_key", _keep, rename="nested/{}"),
    Fault("nul_in_name", "none", "loads", _set_in_line("name", "before\0after"), 1),
    Fault("unknown_field", "none", "loads", _set_field("SHELF", "A3")),
    Fault("huge_bin", "none", "loads", _keep, HUGE_BIN),  # last, since one in a bucket is enough
)
