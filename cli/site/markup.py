"""Pieces of HTML. Whatever comes from a release or a user's file is text in them, whatever it looks like."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from urllib.parse import quote

from cli.formats import escape_html, format_cell, is_number
from cli.site.bins import is_bin_column

_ADDRESS = re.compile(r"https://[!-~]+")


def make_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    label: str,
    *,
    bins: Collection[str] = (),
    up: str = "",
    is_live: bool = False,
) -> str:
    """A table that scrolls where it is too wide; a script sorts and filters a live one.

    Ids of `bins` lead to their page, in the folder to which `up` leads.
    """
    held = list(rows)
    numeric = [any(is_number(row[number]) for row in held) for number in range(len(columns))]
    cells = [_Cell(column, bins, up) for column in columns]
    heads = "".join(
        f'<th scope="col"{_mark(is_numeric)}>{escape_html(column)}</th>'
        for column, is_numeric in zip(columns, numeric, strict=True)
    )
    body = "\n".join(
        "<tr>" + "".join(cell.write(value) for cell, value in zip(cells, row, strict=True)) + "</tr>" for row in held
    )
    name = escape_html(label)
    return (
        f'<div class="scroll" role="region" aria-label="{name}" tabindex="0">\n'
        f'<table{" data-live" if is_live else ""}>\n<caption class="unseen">{name}</caption>\n'
        f"<thead>\n<tr>{heads}</tr>\n</thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>\n"
    )


class _Cell:
    """What a column makes of its values."""

    def __init__(self, column: str, bins: Collection[str], up: str) -> None:
        self._bins = bins if is_bin_column(column) else ()
        self._is_picture = column == "image_url"
        self._up = up

    def write(self, value: Any) -> str:
        text = escape_html(format_cell(value))
        if value in self._bins:
            text = f'<a href="{self._up}bin.html#{quote(value)}">{text}</a>'
        elif self._is_picture and isinstance(value, str) and _ADDRESS.fullmatch(value):
            text = f'<a href="{text}">{escape_html(value.rpartition("/")[2])}</a>'
        return f"<td{_mark(is_number(value))}>{text}"


def _mark(is_numeric: bool) -> str:  # noqa: FBT001  (it is what the mark says)
    return " class=n" if is_numeric else ""


def make_facts(facts: Iterable[tuple[str, str]], kind: str) -> str:
    """Names and values."""
    items = "".join(f"<div><dt>{escape_html(name)}</dt><dd>{escape_html(value)}</dd></div>\n" for name, value in facts)
    return f'<dl class="{kind}">\n{items}</dl>\n'
