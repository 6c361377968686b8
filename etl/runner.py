"""Running the models of a build, each after what it reads.

A staging model becomes a table or a view in DuckDB; a published one is written to Parquet at once, and later models
read those very files. One at a time: DuckDB keeps all cores busy, and two models at once took longer together than
one after the other (on two cores, at full size), and more memory.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from etl.catalog import create_view
from etl.export import export_model
from etl.itemlines import ItemLines
from etl.models import Model, define_macros, load_models
from etl.progress import Progress

# Holds every line of the bucket, so it goes as soon as nothing needs it any more.
_DROPPED_EARLY = "lines"


def run_models(connection: duckdb.DuckDBPyConnection, folder: Path, progress: Progress) -> dict[str, list[Path]]:
    """Run all models over the inputs that `connection` sees; returns the files of each table below `folder`."""
    define_macros(connection)
    tables: dict[str, list[Path]] = {}
    with progress.step("building tables", len(load_models()), "models") as step:
        for model in take_models(connection):
            files = run_model(connection, model, folder)
            if model.is_table:
                tables[model.name] = files
            step.advance(1)
    return tables


def take_models(connection: duckdb.DuckDBPyConnection) -> Iterator[Model]:
    """All models, each to be run before the next one is taken; the largest staging table goes as soon as it may."""
    waiting = list(load_models().values())
    while waiting:
        yield waiting.pop(0)
        if not any(_DROPPED_EARLY in {model.name, *model.reads} for model in waiting):
            connection.execute(f"drop table if exists {_DROPPED_EARLY}")


def run_model(
    connection: duckdb.DuckDBPyConnection, model: Model, folder: Path, lines: ItemLines | None = None
) -> list[Path]:
    """Run one model; returns its files below `folder`, none where it isn't published."""
    if model.kind == "view":
        connection.execute(f"create view {model.name} as {model.query}")
    elif model.kind == "staging":
        connection.execute(f"create table {model.name} as {model.query}")
    else:
        files = export_model(connection, model, folder / model.name, lines)
        create_view(connection, model, folder)
        return files
    return []
