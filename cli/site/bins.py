"""The bins that a site holds, as the data of its page of bins."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from os.path import commonprefix
from typing import Any

from cli.site.sheets import Sheet
from cli.text import escape_controls
from etl.sitebins import rank_bins
from etl.warehouse import Warehouse

ROOM = 1_180_000  # bytes of JSON: with tables as long as they may be, the whole site is of 5 MB then
_SMALLEST = 100  # bytes of a bin
_FACTS = ("expected_quantity", "total_quantity", "rejected_line_count", "image_url")
_SUFFIX = "bin_id"


@dataclass(frozen=True, slots=True)
class BinData:
    """The ids of the bins that are held, of `total` in the release, and the JSON that a script reads them from."""

    ids: frozenset[str]
    total: int
    text: str


def gather_bins(warehouse: Warehouse, sheets: Sequence[Sheet], room: int = ROOM) -> BinData:
    """As many bins as fit into so many bytes of JSON. What the addresses of all pictures begin with is said once."""
    rows = rank_bins(warehouse, find_linked(sheets), room // _SMALLEST).rows()
    picture = commonprefix([row[4] for row in rows])  # noqa: RUF071  (of texts, not of paths)
    texts: dict[str, str] = {}
    for bin_id, *counts, address, lines in rows:
        text = f"{_dump(bin_id)}:{_dump([*counts, address[len(picture) :], [[*line.values()] for line in lines]])}"
        room -= len(text.encode())
        if room < 0:
            break
        texts[bin_id] = text
    head = f'"facts":{_dump(_FACTS)},"picture":{_dump(picture)}'
    entries = ",\n".join(texts.values())
    total: int = warehouse.release.manifest["documents"]["loaded"]
    return BinData(frozenset(texts), total, f'{{{head},"bins":{{\n{entries}\n}}}}')


def find_linked(sheets: Iterable[Sheet]) -> list[str]:
    """The ids in columns of ids: those in the first rows of all tables, then those in the second rows, and so on."""
    columns = [
        [row[number] for row in sheet.rows]
        for sheet in sheets
        for number, column in enumerate(sheet.columns)
        if is_bin_column(column)
    ]
    ids = (bin_id for row in zip_longest(*columns) for bin_id in row if isinstance(bin_id, str))
    return list(dict.fromkeys(ids))


def is_bin_column(column: str) -> bool:
    """Whether its values are ids of bins: `bin_id`, `first_bin_id` and the like."""
    return column.endswith(_SUFFIX)


def _dump(value: Any) -> str:
    """JSON that a page can hold: no text in it ends a script, or drives what shows it."""
    return json.dumps(_clean(value), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _clean(value: Any) -> Any:
    match value:
        case str():
            return escape_controls(value)
        case list() | tuple():
            return [_clean(part) for part in value]
        case _:
            return value
