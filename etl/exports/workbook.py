"""Workbooks (.xlsx): with a sheet for each table and one that says what the columns mean, or with one result.

Text is written as text, in cells that keep it text when they are edited: no name becomes a formula, and 00523 keeps its
zeros. Nothing is cut: what a sheet can't hold is refused.
"""

import datetime as dt
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from etl.atomic import open_folder, replace_file
from etl.dictionary import describe_columns
from etl.errors import UsageError
from etl.models import Model
from etl.result import Result
from etl.warehouse import Warehouse

try:
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError
except ImportError as missing:
    raise UsageError("workbooks need a library more: pip install 'abid-warehouse[excel]'") from missing

SHEET_ROWS = 1_048_576
_SHEET_COLUMNS = 16_384
_FIRST_YEAR = 1900
_CELL_UNITS = 32_767  # of UTF-16
_DIGITS = 15  # that a sheet shows and keeps
_ONE_ROW_A_LINE = {"observations", "quantities"}
_SCHEMA_SHEET = "schema"
_RESULT_SHEET = "result"
_OTHER_SHAPES = "Leave the table out: name the others with --table, or take --duckdb or --flat"
_OTHER_FORMATS = "Take --format parquet or csv, which hold any"


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
    with replace_file(path) as temporary, _open_workbook(temporary) as workbook:
        for model in models:
            _write_sheet(workbook, model.name, warehouse.table(model.name), str, _OTHER_SHAPES)
        _write_sheet(workbook, _SCHEMA_SHEET, describe_columns(list(models)), str, _OTHER_SHAPES)


def write_result_workbook(result: Result, path: Path, to_text: Callable[[Any], str]) -> None:
    """Write one result to a workbook at `path`; streams. `to_text` spells what a sheet has no type for.

    Raises:
        UsageError: the result has more rows or columns than a sheet, or a text is longer than a cell.
    """
    rows, columns = result.count_rows(), len(result.columns)
    if rows >= SHEET_ROWS or columns > _SHEET_COLUMNS:
        raise UsageError(
            f"the result has {rows:,} rows and {columns:,} columns, and a sheet holds {SHEET_ROWS - 1:,} and "
            f"{_SHEET_COLUMNS:,} of them: ask for fewer. {_OTHER_FORMATS}"
        )
    with _open_workbook(path) as workbook:
        _write_sheet(workbook, _RESULT_SHEET, result, to_text, _OTHER_FORMATS)


@contextmanager
def _open_workbook(path: Path) -> Iterator[Any]:
    try:
        with (
            open_folder() as folder,
            xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(folder)}) as workbook,
        ):
            yield workbook
    except FileCreateError as error:  # wraps what the system said
        raise OSError(*error.args) from error


def _require_fitting(warehouse: Warehouse, model: Model) -> None:
    [(rows,)] = warehouse.sql(f"select count(*) as rows from {model.name}").rows()
    if rows >= SHEET_ROWS:  # the first row holds the names
        raise UsageError(
            f"{model.name} has {rows:,} rows, and a sheet holds {SHEET_ROWS - 1:,} of them: name smaller tables with "
            f"--table, take --duckdb or --flat, or a part of it with `abid-report sql ... --format sheet-csv`"
        )


def _write_sheet(workbook: Any, name: str, table: Result, to_text: Callable[[Any], str], remedy: str) -> None:
    columns, chunks = table.stream()
    formats = {
        "bold": workbook.add_format({"bold": True}),
        "text": workbook.add_format({"num_format": "@"}),
        "time": workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        "date": workbook.add_format({"num_format": "yyyy-mm-dd"}),
    }
    sheet = workbook.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for number, column in enumerate(columns):
        sheet.write_string(0, number, column, formats["bold"])
    for number, row in enumerate(_join(chunks), start=1):
        for place, value in enumerate(row):
            try:
                _write_cell(sheet, (number, place), value, formats, to_text)
            except ValueError as error:
                raise UsageError(f"{name}, row {number}, {columns[place]}: {error}. {remedy}") from error


def _join(chunks: Iterable[list[tuple[Any, ...]]]) -> Iterable[tuple[Any, ...]]:
    return (row for chunk in chunks for row in chunk)


def _write_cell(
    sheet: Any, at: tuple[int, int], value: Any, formats: dict[str, Any], to_text: Callable[[Any], str]
) -> None:
    match value:
        case None:
            pass
        case bool():
            sheet.write_boolean(*at, value)
        case int() | float() if math.isfinite(value) and (isinstance(value, float) or abs(value) < 10**_DIGITS):
            sheet.write_number(*at, value)
        case Decimal() if len(value.normalize().as_tuple().digits) <= _DIGITS:
            sheet.write_number(*at, float(value))
        case dt.datetime() if value.tzinfo is None and value.year >= _FIRST_YEAR:
            sheet.write_datetime(*at, value, formats["time"])
        case dt.date() if not isinstance(value, dt.datetime) and value.year >= _FIRST_YEAR:
            sheet.write_datetime(*at, value, formats["date"])
        case _:
            sheet.write_string(*at, _require_short(to_text(value)), formats["text"])


def _require_short(text: str) -> str:
    if len(text) > _CELL_UNITS // 2 and len(text.encode("utf-16-le")) // 2 > _CELL_UNITS:
        raise ValueError(f"a text of {len(text):,} characters, and a cell holds {_CELL_UNITS:,}")
    return text
