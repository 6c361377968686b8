"""Tables for people, drawn by rich.

In a pipe or a file a table is as wide as it needs to be. On a terminal that is too narrow, the widest column is folded;
where even that leaves no room, each row becomes a record, one line a column.
"""

import sys
from decimal import Decimal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.formats import Rows, format_cell
from cli.rowbars import draw_bars

_WIDE = 100_000
_GAP = 3
_NARROWEST_FOLD = 20


def print_table(columns: list[str], rows: Rows, bars_of: str | None = None, *, header: bool = True) -> None:
    """Print a table on standard output; where there is room, with bars of the column `bars_of`.

    Without `header` the names of the columns are left out, except in records, which nobody could read then.
    """
    all_rows = [row for chunk in rows for row in chunk]
    cells = [[format_cell(value) for value in row] for row in all_rows]
    console = Console(file=sys.stdout, highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console.width = _WIDE
    titles = columns if header else [""] * len(columns)
    widths = [max(map(cell_len, column)) for column in zip(titles, *cells, strict=True)]
    excess = sum(widths) + _GAP * (len(widths) - 1) - console.width
    if max(widths) - excess < min(_NARROWEST_FOLD, max(widths)):
        _print_records(console, columns, cells)
    else:
        numeric = [any(isinstance(row[n], int | float | Decimal) for row in all_rows) for n in range(len(columns))]
        if bars_of in columns:  # a user's report can name one that it hasn't
            values = [row[columns.index(bars_of)] for row in all_rows]
            if bars := draw_bars(values, -excess - _GAP, ascii_only=console.options.ascii_only):
                titles, numeric = [*titles, ""], [*numeric, False]
                cells = [[*row, bar] for row, bar in zip(cells, bars, strict=True)]
        _print_rows(console, titles, cells, numeric, folded=widths.index(max(widths)), header=header)


def _print_rows(
    console: Console, columns: list[str], cells: list[list[str]], numeric: list[bool], *, folded: int, header: bool
) -> None:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=header)
    for number, column in enumerate(columns):
        justify = "right" if numeric[number] else "left"
        table.add_column(Text(column), justify=justify, overflow="fold", no_wrap=number != folded)  # type: ignore[arg-type]
    for row in cells:
        table.add_row(*map(Text, row))
    console.print(table)


def _print_records(console: Console, columns: list[str], cells: list[list[str]]) -> None:
    for number, row in enumerate(cells):
        if number:
            console.print()
        record = Table.grid(padding=(0, _GAP, 0, 0))
        record.add_column(no_wrap=True, style="bold")
        record.add_column(overflow="fold")
        for column, cell in zip(columns, row, strict=True):
            record.add_row(Text(column), Text(cell))
        console.print(record)
