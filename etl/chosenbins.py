"""Which bins a report is about: those that conditions choose, or a sample of them.

A report needs no word about it, as long as of bins it reads nothing but what holds them and their lines: on a
connection of its own, views of the same names stand in for these and show the chosen bins only. The doubts about them
that `label_trust` has are those of the whole release; and so are the names and measures of items, which a report may
look up. Values are bound to variables of that connection, which the views read; none is ever pasted into SQL.

A sample is the bins with the least MD5 of a seed and their id, so that it is the same in every release that has these
bins, and any other tool can draw it.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache, partial
from typing import Any

import duckdb

from etl.errors import QueryError, UsageError
from etl.models import Column, find_reads, load_readable, load_views
from etl.reading import parse_query
from etl.reports import CHOOSABLE, LOOKUPS

OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
SEED = "abid"

_CONDITION = re.compile(r"\s*(\w+)\s*([=!<>]+)\s*(.*?)\s*", re.DOTALL)
_UNCLEAR = re.compile(r"[\s\"']")  # a second condition, or SQL's quotes of a name
_WHOLE = re.compile(r"[+-]?[0-9]+")
_HARMLESS = {"generate_series", "json_each", "range", "unnest"}
_PLACE = ("catalog_name", "schema_name", "table_name")
_LARGEST = 2**63 - 1
_TRUTH = {"true": True, "false": False}
_KINDS = {
    "bigint": "a whole number",
    "integer": "a whole number",
    "double": "a number",
    "boolean": "true or false",
    "timestamp": "a time, as 2017-03-01 or 2017-03-01T12:00:00",
}
Scalar = str | int | float | bool | datetime


@dataclass(frozen=True, slots=True)
class Condition:
    """What the chosen bins have in common. A bin whose value isn't known meets none."""

    column: str
    operator: str
    value: Scalar


def choose_bins(
    connection: duckdb.DuckDBPyConnection, query: str, where: Sequence[str] | str | None, sample: int | None
) -> Callable[[duckdb.DuckDBPyConnection], duckdb.DuckDBPyConnection]:
    """What makes `query`, on a connection, be about the bins that meet all conditions and are in the sample of so many.

    Raises:
        UsageError: a condition is none, the sample is empty, or the query reads what isn't about these bins.
    """
    conditions = [parse_condition(text) for text in ([where] if isinstance(where, str) else where or ())]
    if sample is not None and (isinstance(sample, bool) or not isinstance(sample, int) or not 0 < sample <= _LARGEST):
        raise UsageError(f"a sample is a number of bins from 1, not {sample}")
    _require_choosable(_find_tables(connection, query))
    return partial(_define_views, conditions=conditions, sample=sample)


def _require_choosable(read: set[str]) -> None:
    if others := sorted(read - {*CHOOSABLE, *LOOKUPS}):
        raise UsageError(
            f"bins can be chosen only where nothing but {', '.join((*CHOOSABLE, *LOOKUPS))} is read, "
            f"and this reads {', '.join(others)}"
        )
    if read.isdisjoint(CHOOSABLE):
        raise UsageError(
            f"bins can be chosen only where one of {', '.join(CHOOSABLE)} is read, "
            f"and this reads {', '.join(sorted(read)) or 'no table'}"
        )


def parse_condition(text: str) -> Condition:
    """The condition that `COLUMN OP VALUE` states; the value may stand in single quotes.

    Raises:
        UsageError: the text is none; the message says what would be one.
    """
    match = _CONDITION.fullmatch(text)
    if not match or match[2] not in OPERATORS:
        raise UsageError(
            f"not a condition: {text}\n"
            f"Write a column, one of {' '.join(OPERATORS)}, and a value: 'expected_quantity >= 10'"
        )
    name, operator, value = match.groups()
    column = _find_column(name)
    if len(value) > 1 and value[0] == value[-1] == "'":
        value = value[1:-1].replace("''", "'")
    elif column.type == "varchar" and _UNCLEAR.search(value):
        raise UsageError(
            f"not one condition: {text}\n"
            "Put a text into single quotes, and give --where again for each further condition."
        )
    return Condition(name, operator, _parse_value(column, value))


@cache
def _columns() -> dict[str, Column]:
    return {column.name: column for column in load_readable()["bins"].columns}


def _find_column(name: str) -> Column:
    columns = _columns()
    if name not in columns:
        near = get_close_matches(name.lower(), columns, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"bins have no column {name}: {hint}There are {', '.join(columns)}.")
    return columns[name]


def _parse_value(column: Column, text: str) -> Scalar:
    try:
        return _parse_typed(column.type, text)
    except (ValueError, KeyError, OverflowError) as error:
        raise UsageError(f"{column.name} is compared with {_KINDS[column.type]}, not {text or 'nothing'}") from error


def _parse_typed(type_: str, text: str) -> Scalar:
    match type_:
        case "integer" | "bigint" if _WHOLE.fullmatch(text) and abs(number := int(text)) <= _LARGEST:
            return number
        case "double" if math.isfinite(value := float(text)):
            return value
        case "boolean":
            return _TRUTH[text.lower()]
        case "timestamp":
            time = datetime.fromisoformat(text)
            return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
        case "varchar":
            return text
    raise ValueError(text)


def _define_views(
    cursor: duckdb.DuckDBPyConnection, conditions: list[Condition], sample: int | None
) -> duckdb.DuckDBPyConnection:
    """Operators and columns are of the lists above; the views of a connection's own go before those of all."""
    tests = ["true"]
    for number, condition in enumerate(conditions):
        cursor.execute(f"set variable chosen_{number} = $value", {"value": condition.value})
        tests.append(f"{condition.column} {condition.operator} getvariable('chosen_{number}')")
    cut = f"order by md5('{SEED}' || bin_id), bin_id limit {sample}" if sample else ""
    cursor.execute(f"create temp view bins as select * from memory.bins where {' and '.join(tests)} {cut}")
    for name in CHOOSABLE[1:]:
        chosen = f"select * from {_name_whole(name)} where bin_id in (select bin_id from temp.bins)"
        cursor.execute(f"create temp view {name} as {chosen}")
    return cursor


def _name_whole(name: str) -> str:
    """That table or view of all bins. What a view reads by its name alone would be of the chosen ones here."""
    if name not in load_views():
        return f"memory.{name}"
    query = load_views()[name].query
    tables = ", ".join(
        f"{table} as (select * from memory.{table})" for table in sorted(find_reads(query) & {*CHOOSABLE})
    )
    return f"(with {tables} select * from ({query}))"


def _find_tables(connection: duckdb.DuckDBPyConnection, query: str) -> set[str]:
    """Every table that a query reads, and every function that may read one."""
    try:
        return set(_walk(parse_query(connection, query), frozenset()))
    except RecursionError as error:
        raise QueryError("the query is nested too deeply: take it apart with `with`") from error


def _walk(node: Any, hidden: frozenset[str]) -> Iterator[str]:
    """The tables below a node, but for the common table expressions that hide them: each does so after its own end."""
    if isinstance(node, list):
        for child in node:
            yield from _walk(child, hidden)
    if not isinstance(node, dict):
        return
    match node.get("type"):
        case "BASE_TABLE":
            yield from {".".join(filter(None, map(node.get, _PLACE))).lower()} - hidden
        case "TABLE_FUNCTION":
            yield from {node["function"]["function_name"]} - _HARMLESS
        case "RECURSIVE_CTE_NODE":
            hidden |= {node["cte_name"].lower()}
    for named in node.get("cte_map", {}).get("map", []):
        yield from _walk(named["value"], hidden)
        hidden |= {named["key"].lower()}
    for key in node.keys() - {"cte_map"}:
        yield from _walk(node[key], hidden)
