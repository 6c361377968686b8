"""The receipt of a build: its conservation equations, computed by the model `receipt` and kept in the manifest."""

from typing import Any

import duckdb

_ROWS = "struct(position integer, equation varchar, side varchar, term varchar, amount bigint)[]"
Row = dict[str, Any]


def read_receipt(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """One row a term, in the order of the equations."""
    relation = connection.sql("select * from receipt order by position")
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def register_receipt(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> None:
    """Make the receipt in a release's manifest a table `receipt`; one without rows where it has none."""
    query = f"create table receipt as select unnest($rows::{_ROWS}, recursive := true)"
    connection.execute(query, {"rows": manifest.get("receipt", [])})


def find_amounts(receipt: list[Row], equation: str) -> dict[str, int]:
    """The terms of one equation, the whole first."""
    return {row["term"]: row["amount"] for row in receipt if row["equation"] == equation}
