"""Whether a statement only reads.

DuckDB can't be told to open a folder for reading only, and what it takes for a SELECT may write: a common table
expression can hold a COPY, and a table function can start one. So the statement is looked through as DuckDB's parser
sees it, and what isn't known to read only is refused.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from etl.errors import QueryError
from etl.queryerrors import explaining

_EXPLAIN = re.compile(r"\A(?:\s|--[^\n]*\n|/\*.*?\*/)*explain\b\s*(?:analyze\b|\([^)]*\))?", re.IGNORECASE | re.DOTALL)
_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_FUNCTIONS = {
    "duckdb_columns",
    "duckdb_functions",
    "duckdb_keywords",
    "duckdb_tables",
    "duckdb_types",
    "duckdb_views",
    "generate_series",
    "json_each",
    "json_tree",
    "pragma_table_info",
    "range",
    "repeat",
    "repeat_row",
    "unnest",
}


def require_reading(connection: duckdb.DuckDBPyConnection, query: str) -> set[str]:
    """The names of a query's parameters, if it is exactly one statement that only reads.

    Raises:
        QueryError: it isn't one, or it can't be parsed.
    """
    read = _EXPLAIN.sub("", query)  # what is explained must only read, too: `analyze` runs it
    with explaining(query):
        statements = connection.extract_statements(read)
    kinds = [statement.type.name for statement in statements]
    if kinds == ["MULTI"]:
        raise QueryError("a pivot must name its columns: `pivot ... on column in ('a', 'b') using ...`")
    if kinds != ["SELECT"]:
        raise QueryError(
            f"a release can only be read, by one query at a time: {', '.join(kinds) or 'nothing'} isn't one"
        )
    for part in _walk(parse_query(connection, read)):
        _require_harmless(part)
    return set(statements[0].named_parameters)


def parse_query(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    """A query as DuckDB's parser sees it, in lists and dicts.

    Raises:
        QueryError: it can't be parsed.
    """
    with explaining(query):
        [(text,)] = connection.execute("select json_serialize_sql($query)", {"query": query}).fetchall()
    try:
        parsed = json.loads(text)
    except RecursionError as error:
        raise QueryError("the query is nested too deeply: take it apart with `with`") from error
    if parsed["error"]:
        raise QueryError(f"the query can't be looked through, so it isn't run: {parsed['error_message']}")
    return parsed["statements"]


def _walk(parsed: Any) -> Iterator[dict[str, Any]]:
    """Every part of a parsed query that has members; without recursion, as queries may be nested deeply."""
    waiting = [parsed]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _require_harmless(part: dict[str, Any]) -> None:
    kind = str(part.get("type"))
    if kind.endswith("_NODE") and kind not in _NODES:
        raise QueryError(f"a release can only be read, and this query holds a {kind.partition('_')[0]}")
    if kind == "TABLE_FUNCTION" and (name := part["function"]["function_name"].lower()) not in _FUNCTIONS:
        raise QueryError(f"{name} can't be used here: a query reads the tables of the release and nothing else")
