"""Tables for people: drawn by rich, as wide as the terminal, or as they need to be elsewhere."""

import sys
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.formats import Rows, to_text
from cli.text import escape_controls

_WIDE = 100_000


def print_table(columns: list[str], rows: Rows) -> None:
    """Print a table on standard output."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    all_rows = [row for chunk in rows for row in chunk]
    for index, column in enumerate(columns):
        numeric = any(isinstance(row[index], int | float | Decimal) for row in all_rows)
        table.add_column(Text(column), justify="right" if numeric else "left", overflow="fold")
    for row in all_rows:
        table.add_row(*map(_to_cell, row))
    console = Console(file=sys.stdout, highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table)


def _to_cell(value: Any) -> Text:
    match value:
        case int() if not isinstance(value, bool):
            return Text(f"{value:,}")
        case Decimal():
            return Text(f"{value.normalize():,f}")
        case _:
            return Text(escape_controls(to_text(value)))
