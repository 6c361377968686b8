"""A workbook (.xlsx) with a sheet for each table, and one that says what the columns mean.

Text is written as text, in cells that keep it text when they are edited: no name becomes a formula, and 00523 keeps its
zeros. Nothing is cut: what a sheet can't hold is refused.
"""

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from etl.atomic import replace_file
from etl.dictionary import describe_columns
from etl.errors import UsageError
from etl.models import Model
from etl.warehouse import Result, Warehouse

try:
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError
except ImportError as missing:
    raise UsageError("workbooks need a library more: pip install 'abid-warehouse[excel]'") from missing

SHEET_ROWS = 1_048_576
_CELL_UNITS = 32_767  # of UTF-16
_EXACT = 10**15  # a sheet shows and keeps fifteen digits
_ONE_ROW_A_LINE = {"observations", "quantities"}
_SCHEMA_SHEET = "schema"


def choose(models: Sequence[Model]) -> list[Model]:
    """The tables that fit into sheets even for the whole bucket: not those with a row for every line of a document."""
    return [model for model in models if model.name not in _ONE_ROW_A_LINE]


def write_workbook(warehouse: Warehouse, models: Sequence[Model], path: Path) -> None:
    """Write the tables of `models` to a workbook at `path`; streams.

    Raises:
        UsageError: a table has more rows than a sheet, or a text is longer than a cell.
    """
    for model in models:
        _require_fitting(warehouse, model)
    with replace_file(path) as temporary:
        try:
            with xlsxwriter.Workbook(str(temporary), {"constant_memory": True}) as workbook:
                for model in models:
                    _write_sheet(workbook, model.name, warehouse.table(model.name))
                _write_sheet(workbook, _SCHEMA_SHEET, describe_columns(list(models)))
        except FileCreateError as error:  # wraps what the system said
            raise OSError(*error.args) from error


def _require_fitting(warehouse: Warehouse, model: Model) -> None:
    [(rows,)] = warehouse.sql(f"select count(*) as rows from {model.name}").rows()
    if rows >= SHEET_ROWS:  # the first row holds the names
        raise UsageError(
            f"{model.name} has {rows:,} rows, and a sheet holds {SHEET_ROWS - 1:,} of them: name smaller tables with "
            f"--table, take --duckdb or --flat, or a part of it with `abid-report sql ... --format sheet-csv`"
        )


def _write_sheet(workbook: Any, name: str, table: Result) -> None:
    columns, chunks = table.stream()
    formats = {
        "bold": workbook.add_format({"bold": True}),
        "text": workbook.add_format({"num_format": "@"}),
        "time": workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
    }
    sheet = workbook.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for number, column in enumerate(columns):
        sheet.write_string(0, number, column, formats["bold"])
    for number, row in enumerate(_join(chunks), start=1):
        for place, value in enumerate(row):
            try:
                _write_cell(sheet, number, place, value, formats)
            except ValueError as error:
                raise UsageError(f"{name}, row {number}, {columns[place]}: {error}") from error


def _join(chunks: Iterable[list[tuple[Any, ...]]]) -> Iterable[tuple[Any, ...]]:
    return (row for chunk in chunks for row in chunk)


def _write_cell(sheet: Any, row: int, column: int, value: Any, formats: dict[str, Any]) -> None:
    match value:
        case None:
            pass
        case bool():
            sheet.write_boolean(row, column, value)
        case int() | float() if math.isfinite(value) and (isinstance(value, float) or abs(value) < _EXACT):
            sheet.write_number(row, column, value)
        case dt.datetime():
            sheet.write_datetime(row, column, value, formats["time"])
        case _:
            sheet.write_string(row, column, _require_short(str(value)), formats["text"])


def _require_short(text: str) -> str:
    if len(text) > _CELL_UNITS // 2 and len(text.encode("utf-16-le")) // 2 > _CELL_UNITS:
        raise ValueError(
            f"a text of {len(text):,} characters, and a cell holds {_CELL_UNITS:,}. Leave the table out: name the "
            "others with --table, or take --duckdb or --flat"
        )
    return text
