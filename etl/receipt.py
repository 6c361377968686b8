"""The receipt of a build: its conservation equations, computed by the model `receipt` and kept in the manifest."""

from itertools import chain
from typing import Any

import duckdb

_ROWS = "struct(position integer, equation varchar, side varchar, term varchar, amount bigint)[]"
Row = dict[str, Any]


def read_receipt(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """One row a term, in the order of the equations."""
    relation = connection.sql("select * from receipt order by position")
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def add_receipts(receipts: list[list[Row]]) -> list[Row]:
    """The receipt of a whole of which these are the parts: each counts its own."""
    rows: dict[int, Row] = {}
    for row in chain.from_iterable(receipts):
        before = rows.get(row["position"], {"amount": 0})
        rows[row["position"]] = row | {"amount": before["amount"] + row["amount"]}
    return [rows[position] for position in sorted(rows)]


def register_receipt(connection: duckdb.DuckDBPyConnection, receipt: list[Row]) -> None:
    """Make a receipt a table `receipt`."""
    query = f"create table receipt as select unnest($rows::{_ROWS}, recursive := true)"
    connection.execute(query, {"rows": receipt})


def find_amounts(receipt: list[Row], equation: str) -> dict[str, int]:
    """The terms of one equation, the whole first."""
    return {row["term"]: row["amount"] for row in receipt if row["equation"] == equation}
