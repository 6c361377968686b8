"""The exact bytes of a document: `json.dumps(document, indent=4, sort_keys=True)`, as in the real bucket.

Written by templates, since `json.dumps` with an indent runs in Python and would take most of the time of a bucket. The
text of an item around its quantity is made once and kept.
"""

from functools import lru_cache
from json.encoder import encode_basestring_ascii as quote
from typing import NamedTuple

from etl.synthetic.bins import Bin, Line
from etl.synthetic.catalogue import CACHED_ITEMS, Catalogue, Item

NORMALIZED = '            "normalizedName": '


class _ItemText(NamedTuple):
    """The text of a line without its quantity."""

    before: str
    """Up to the quantity. Starts with the FCSKU, so that its order is that of the FCSKUs."""
    after: str


class Typesetter:
    """Sets bins of one catalogue as documents; keeps the text of the items met last."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._set_item = lru_cache(CACHED_ITEMS)(self._set_both_records)

    def set_document(self, bin_: Bin) -> str:
        """Return the document, all ASCII."""
        lines = sorted(self._set_line(line) for line in bin_.lines)
        if bin_.is_pictured:
            lines = [_drop_normalized_name(line) for line in lines]
        items = "{\n" + ",\n".join(lines) + "\n    }" if lines else "{}"
        picture = f',\n    "image_fname": "{bin_.stem}.jpg"' if bin_.is_pictured else ""
        return f'{{\n    "BIN_FCSKU_DATA": {items},\n    "EXPECTED_QUANTITY": {bin_.expected}{picture}\n}}'

    def _set_line(self, line: Line) -> str:
        before, after = self._set_item(line.item)[line.version]
        return f"{before}{line.quantity}{after}"

    def _set_both_records(self, number: int) -> tuple[_ItemText, _ItemText]:
        usual, other = self.catalogue.describe_item(number)
        text = _set_item(usual)
        return text, text if other is usual else _set_item(other)


def _set_item(item: Item) -> _ItemText:
    length, width, height, weight = item.measures
    return _ItemText(
        f'        "{item.fcsku}": {{\n'
        f'            "asin": {_set_text(item.asin)},\n'
        f'            "height": {_set_measure(height, "IN")},\n'
        f'            "length": {_set_measure(length, "IN")},\n'
        f'            "name": {_set_text(item.name)},\n'
        f"{NORMALIZED}{_set_text(item.normalized_name)},\n"
        '            "quantity": ',
        ",\n"
        f'            "weight": {_set_measure(weight, "pounds")},\n'
        f'            "width": {_set_measure(width, "IN")}\n'
        "        }",
    )


def _set_text(text: str | None) -> str:
    return "null" if text is None else quote(text)


def _set_measure(value: float | None, unit: str) -> str:
    if value is None:
        return "null"
    return f'{{\n                "unit": "{unit}",\n                "value": {value!r}\n            }}'


def _drop_normalized_name(line: str) -> str:
    start = line.index(NORMALIZED)
    return line[:start] + line[line.index("\n", start) + 1 :]
