"""Tables for people.

In a pipe a table is as wide as it needs to be, and written without rich, which needs longer for a thousand rows than
DuckDB for a million. On a terminal that is too narrow, the widest column is folded; where even that leaves no room,
each row becomes a record, one line a column.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from cli.formats import Rows, format_cell, is_number
from cli.rowbars import draw_bars
from cli.text import escape_controls

if TYPE_CHECKING:
    from rich.console import Console

_GAP = 3
_NARROWEST_FOLD = 20
_WIDEST_BARS = 30


def print_table(columns: list[str], rows: Rows, bars_of: str | None = None, *, header: bool = True) -> None:
    """Print a table on standard output; where there is room, with bars of the column `bars_of`.

    Without `header` the names of the columns are left out, except in records, which nobody could read then.
    """
    all_rows = [row for chunk in rows for row in chunk]
    table = _Table(
        titles=[escape_controls(column) if header else "" for column in columns],
        cells=[[format_cell(value) for value in row] for row in all_rows],
        numeric=[any(is_number(row[number]) for row in all_rows) for number in range(len(columns))],
        has_header=header,
    )
    bars = [row[columns.index(bars_of)] for row in all_rows] if bars_of in columns else []  # a user's can name any
    if sys.stdout.isatty():
        _print_on_terminal(table, bars, list(map(escape_controls, columns)))
    else:
        table.add_bars(bars, _WIDEST_BARS, ascii_only=not _speaks_unicode())
        sys.stdout.writelines(f"{line}\n" for line in _write_lines(table))


@dataclass(slots=True)
class _Table:
    """What is printed, a text a cell."""

    titles: list[str]
    cells: list[list[str]]
    numeric: list[bool]
    has_header: bool

    def measure(self) -> list[int]:
        """The width of each column."""
        return [max(map(_measure, column)) for column in zip(self.titles, *self.cells, strict=True)]

    def add_bars(self, values: list[Any], room: int, *, ascii_only: bool) -> None:
        """Put bars beside the rows, if there is room."""
        if bars := draw_bars(values, room, ascii_only=ascii_only):
            self.titles, self.numeric = [*self.titles, ""], [*self.numeric, False]
            self.cells = [[*row, bar] for row, bar in zip(self.cells, bars, strict=True)]


def _write_lines(table: _Table) -> Iterator[str]:
    widths = table.measure()
    if table.has_header:
        yield _write_line(table.titles, widths, table.numeric)
        yield ("─" if _speaks_unicode() else "-") * (sum(widths) + _GAP * (len(widths) - 1))
    for row in table.cells:
        yield _write_line(row, widths, table.numeric)


def _write_line(row: list[str], widths: list[int], numeric: list[bool]) -> str:
    padded = []
    for text, width, to_right in zip(row, widths, numeric, strict=True):
        blank = " " * (width - _measure(text))
        padded.append(blank + text if to_right else text + blank)
    return (" " * _GAP).join(padded).rstrip()


def _print_on_terminal(table: _Table, bars: list[Any], names: list[str]) -> None:
    from rich.console import Console  # noqa: PLC0415  (slow to import)

    console = Console(file=sys.stdout, highlight=False, emoji=False, markup=False)
    widths = table.measure()
    excess = sum(widths) + _GAP * (len(widths) - 1) - console.width
    if max(widths) - excess < min(_NARROWEST_FOLD, max(widths)):
        _print_records(console, names, table.cells)
    else:
        table.add_bars(bars, -excess - _GAP, ascii_only=console.options.ascii_only)
        _print_rows(console, table, folded=widths.index(max(widths)))


def _print_rows(console: "Console", table: _Table, *, folded: int) -> None:
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=table.has_header)
    for number, title in enumerate(table.titles):
        justify = "right" if table.numeric[number] else "left"
        drawn.add_column(Text(title), justify=justify, overflow="fold", no_wrap=number != folded)  # type: ignore[arg-type]
    for row in table.cells:
        drawn.add_row(*map(Text, row))
    console.print(drawn)


def _print_records(console: "Console", columns: list[str], cells: list[list[str]]) -> None:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    for number, row in enumerate(cells):
        if number:
            console.print()
        record = Table.grid(padding=(0, _GAP, 0, 0))
        record.add_column(no_wrap=True, style="bold")
        record.add_column(overflow="fold")
        for column, cell in zip(columns, row, strict=True):
            record.add_row(Text(column), Text(cell))
        console.print(record)


def _measure(text: str) -> int:
    """The width in cells of a terminal, of which letters of some scripts take two."""
    return len(text) if text.isascii() else cell_len(text)


def _speaks_unicode() -> bool:
    return sys.stdout.encoding.lower().startswith("utf")
