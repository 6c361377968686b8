r"""The text formats: from rows to pieces of text, one function each.

| format | NULL | text | lists and structs |
|---|---|---|---|
| csv | empty, unquoted; an empty text is `""` | RFC 4180, lines end in LF | JSON |
| sheet-csv | empty | as csv, made safe for spreadsheets (below) | JSON |
| tsv | `\N` | tab, line ends and backslash as `\t`, `\n`, `\r`, `\\` | JSON |
| json, ndjson | null, and so are NaN and infinities | UTF-8 | nested |
| markdown, table | empty | control characters spelled out | JSON |
| html | an empty cell of the class `null`; an empty text has none | control characters spelled out | JSON |
| xlsx | no cell | text, never a formula; it keeps its zeros | JSON |
| parquet | null | UTF-8 | nested |

csv, tsv, json and ndjson are exact: what they write is the value and nothing else, whatever the terminal's width. An
interval, a time of nanoseconds and an infinite time are text as DuckDB spells them (`etl.pythonvalues`).
Decimals lose their trailing zeros. xlsx and parquet are no text, and others write them; in xlsx a number of more than
fifteen digits is text, since a sheet would round it, and so is a time with a zone or before 1900.

sheet-csv is for opening in a spreadsheet, and not exact: an apostrophe goes before each text that a spreadsheet would
take for a formula (which can start programs and send cells elsewhere), a number (00523 would become 523), a date (SEPT2
would become the second of September), a time, a truth value or an error. Of the words that do so, the English ones are
known. It has the byte-order mark and the line ends by which Excel knows UTF-8 and RFC 4180.
"""

import datetime as dt
import html
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from cli.page import END, begin_page
from cli.text import CONTROLS, escape_controls

Rows = Iterable[list[tuple[Any, ...]]]
_CSV_SPECIAL = re.compile(r'[",\r\n]')
# What can't be seen, and what some programs drop.
_UNSEEN = rf"[\s{CONTROLS}\u034f\u180b-\u180e\u2800\u3164\ufe00-\ufe0f\uffa0]"
# What begins a formula, at the start of a text or after what other locales take for the end of a cell.
_FORMULA = re.compile(rf"(^|[;\t\r\n])(?=(?:(?![\t\r\n]){_UNSEEN})*+[=+\-@\t\r\n\u2212\uff1d\uff0b\uff0d\uff20])")
_CURRENCY = r"$\xa2-\xa5\u20a0-\u20cf"
_MONTH = r"""
    (?: jan(?:uary)? | feb(?:ruary)? | mar(?:ch)? | apr(?:il)? | may | june? | july? | aug(?:ust)?
      | sept?(?:ember)? | oct(?:ober)? | nov(?:ember)? | dec(?:ember)? )
"""
_NO_TEXT = re.compile(
    rf"""
    {_UNSEEN}*+
    (?: (?: [\d(.{_CURRENCY}][\d\s.,/:()%{_CURRENCY}e+-]*+     # 00523, $1,200.50, 1E5, 2017-01-05, 12:30
          | (?=\D*\d) [\d\s.,/'-]*+ {_MONTH} [\d\s.,/:'-]*+     # SEPT2, 12-Jan, March 2017, 5 Jan 2017
        ) (?: [ap] (?: \.?m\.? )? )?                            # 12:30 PM
      | \d{{4}} -? \d\d -? \d\d [t\s] [\d:.,+-]++ z?            # 2017-01-05T12:30:00Z
      | true | false
      | \# (?: N/A | getting_data | [a-z]+ (?:/0)? [!?] )       # #N/A, #REF!, #DIV/0!, #NAME?
      | err:\d+
    )
    {_UNSEEN}*+
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SMALLEST, _LARGEST = 1e-9, 1e15  # doubles beyond are easier to read with an exponent
_TABLE_STYLE = """
h1 { font-size: 1.3rem; }
table { border-collapse: collapse; }
th, td { padding: 0.2rem 0.6rem; border-bottom: 1px solid #8888; text-align: left; vertical-align: top; }
th { position: sticky; top: 0; background: Canvas; }
td { white-space: pre-wrap; overflow-wrap: break-word; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
""".lstrip()
_TSV_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def write_csv(columns: list[str], rows: Rows, *, header: bool = True) -> Iterator[str]:
    """Comma-separated values."""
    if header:
        yield ",".join(map(_quote_csv, columns)) + "\n"
    for chunk in rows:
        yield "".join(",".join(map(_quote_csv, row)) + "\n" for row in chunk)


def write_sheet_csv(columns: list[str], rows: Rows, *, header: bool = True) -> Iterator[str]:
    """Comma-separated values that a spreadsheet takes for nothing but text and numbers."""
    yield "\ufeff"
    if header:
        yield ",".join(_quote_csv(_disarm(column)) for column in columns) + "\r\n"
    for chunk in rows:
        yield "".join(",".join(_quote_csv(_disarm(value)) for value in row) + "\r\n" for row in chunk)


def write_tsv(columns: list[str], rows: Rows, *, header: bool = True) -> Iterator[str]:
    """Tab-separated values, escaped as PostgreSQL does."""
    if header:
        yield "\t".join(map(_escape_tsv, columns)) + "\n"
    for chunk in rows:
        yield "".join("\t".join(map(_escape_tsv, row)) + "\n" for row in chunk)


def write_json(columns: list[str], rows: Rows) -> Iterator[str]:
    """One array, one object a line."""
    start = "[\n"
    for line in _to_objects(columns, rows):
        yield start + line
        start = ",\n"
    yield "[]\n" if start == "[\n" else "\n]\n"


def write_ndjson(columns: list[str], rows: Rows) -> Iterator[str]:
    """One object a line."""
    for line in _to_objects(columns, rows):
        yield line + "\n"


def write_markdown(columns: list[str], rows: Rows, *, header: bool = True) -> Iterator[str]:
    """A table in GitHub's Markdown."""
    if header:
        yield _markdown_row(columns)
        yield _markdown_row(["---"] * len(columns))
    for chunk in rows:
        yield "".join(map(_markdown_row, chunk))


def write_html(columns: list[str], rows: Rows, title: str = "Result") -> Iterator[str]:
    """A page of its own with one table. Values are text in it, whatever they look like."""
    yield begin_page(title, _TABLE_STYLE) + f"<h1>{escape_html(title)}</h1>\n<table>\n<thead>\n<tr>"
    yield "".join(f'<th scope="col">{escape_html(column)}</th>' for column in columns)
    yield "</tr>\n</thead>\n<tbody>\n"
    for chunk in rows:
        yield "".join("<tr>" + "".join(map(_html_cell, row)) + "</tr>\n" for row in chunk)
    yield "</tbody>\n</table>\n" + END


Writer = Callable[[list[str], Rows], Iterator[str]]
HEADED: dict[str, Callable[..., Iterator[str]]] = {
    "csv": write_csv,
    "sheet-csv": write_sheet_csv,
    "tsv": write_tsv,
    "markdown": write_markdown,
}
"""Those that can leave out the line with the names of the columns."""
WRITERS: dict[str, Writer] = {**HEADED, "json": write_json, "ndjson": write_ndjson, "html": write_html}


def to_text(value: Any) -> str:  # noqa: PLR0911  (one return a type)
    """A value as text; NULL is empty. Doubles are spelled so that they read back as the same double."""
    match value:
        case None | str():
            return value or ""
        case bool():
            return "true" if value else "false"
        case dt.datetime():
            return value.isoformat(sep=" ")
        case Decimal():
            return format_decimal(value)
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case list() | tuple() | dict():
            return _dump(value)
        case _:
            return str(value)


def format_decimal(value: Decimal, grouping: str = "") -> str:
    """A decimal without trailing zeros, and with every other digit that it has."""
    text = f"{value:{grouping}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_cell(value: Any) -> str:
    """A value as people read it: digits in groups of three, and control characters spelled out."""
    match value:
        case int() if not isinstance(value, bool):
            return f"{value:,}"
        case Decimal():
            return format_decimal(value, ",")
        case float() if _SMALLEST <= abs(value) < _LARGEST:
            return f"{Decimal(repr(value)):f}"  # 0.00005, not 5e-05
        case _:
            return escape_controls(to_text(value))


def _decimal_to_json(value: Decimal) -> int | float | str:
    """A JSON number, which readers take for a double; where that would change the value, text."""
    if value == int(value):
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else format_decimal(value)


def _quote_csv(value: Any) -> str:
    if value is None:
        return ""
    text = to_text(value)
    return '"' + text.replace('"', '""') + '"' if text == "" or _CSV_SPECIAL.search(text) else text


def _disarm(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | Decimal | dt.date):
        return value
    text = to_text(value)
    return "'" + text if _NO_TEXT.fullmatch(text) else _FORMULA.sub(r"\1'", text)


def _escape_tsv(value: Any) -> str:
    return "\\N" if value is None else to_text(value).translate(_TSV_ESCAPES)


def _markdown_row(row: Iterable[Any]) -> str:
    cells = (escape_controls(to_text(value)).replace("|", "\\|") for value in row)
    return "| " + " | ".join(cells) + " |\n"


def _html_cell(value: Any) -> str:
    if value is None:
        return '<td class="null"></td>'
    start = '<td class="number">' if is_number(value) else "<td>"
    return start + escape_html(to_text(value)) + "</td>"


def is_number(value: Any) -> bool:
    """Whether a value stands to the right in its column."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def escape_html(text: str) -> str:
    """Text for a page, in an element or an attribute; what drives a terminal or turns a line around is spelled out."""
    return html.escape(escape_controls(text))


def _to_objects(columns: list[str], rows: Rows) -> Iterator[str]:
    for chunk in rows:
        for row in chunk:
            yield _dump(dict(zip(columns, row, strict=True)))


def _dump(value: Any) -> str:
    return json.dumps(_to_json(value), ensure_ascii=False, allow_nan=False)


def _to_json(value: Any) -> Any:
    """What JSON can hold of `value`: exact decimals stay numbers, other types become text."""
    match value:
        case None | str() | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return _decimal_to_json(value)
        case dict():
            return {to_text(key): _to_json(part) for key, part in value.items()}
        case list() | tuple():
            return [_to_json(part) for part in value]
        case _:
            return to_text(value)
