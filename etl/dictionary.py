"""The data dictionary as rows: what the headers of the models say of each column.

It needs no release, and it is what a release of this version holds: the headers make the tables.
"""

from difflib import get_close_matches

import duckdb

from etl.errors import UsageError
from etl.models import Model, load_readable
from etl.result import Result

_COLUMNS = (
    'create table dictionary ("table" varchar, "column" varchar, type varchar, nullable boolean, meaning varchar)'
)


def find_table(name: str) -> Model:
    """The published table, or view on tables, of that name.

    Raises:
        UsageError: there is none; the message suggests the nearest.
    """
    tables = load_readable()
    if name not in tables:
        near = get_close_matches(name, tables, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(tables))}"
        raise UsageError(f"there is no table {name}: {hint}")
    return tables[name]


def describe_columns(models: list[Model]) -> Result:
    """One row a column, in the order of the tables."""
    rows = [
        (model.name, column.name, column.type, column.nullable, column.description)
        for model in models
        for column in model.columns
    ]
    connection = duckdb.connect()
    connection.execute(_COLUMNS)
    connection.executemany("insert into dictionary values (?, ?, ?, ?, ?)", rows)
    return Result(connection.cursor, "select * from dictionary order by rowid")


def describe_table(model: Model) -> str:
    """What the header says of the table as a whole."""
    partition = f" Partitioned by {model.partition}." if model.partition else ""
    order = f" Sorted by {model.order}." if model.is_table else " A view, of abid.duckdb and abid-report only."
    return f"{model.about} Grain: {model.grain}.{order}{partition}"
