"""Tables without rows, in the place of those that are made elsewhere: for queries over all of them."""

from collections.abc import Iterable

import duckdb

from etl.models import load_models

RAW_LAYER = {
    # the columns that a query which adds up looks at
    "listing": "key varchar, size bigint",
    "listed_images": "key varchar",
    "missing": "key varchar",
}
"""What the models read besides each other."""


def create_empty(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Make each of these a table without rows, if there is none of that name."""
    models = load_models()
    for name in names:
        columns = RAW_LAYER.get(name) or ", ".join(f"{column.name} {column.type}" for column in models[name].columns)
        connection.execute(f"create table if not exists {name} ({columns})")
