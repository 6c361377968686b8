"""Running the models of a build, each after what it reads.

A staging model becomes a table or a view in DuckDB; a published one is written to Parquet at once, and later models
read those very files. One at a time: DuckDB keeps all cores busy, and two models at once took longer together than
one after the other (on two cores, at full size), and more memory.
"""

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
    waiting = load_models()
    tables: dict[str, list[Path]] = {}
    with progress.step("building tables", len(waiting), "models") as step:
        for model in load_models().values():
            waiting = {name: other for name, other in waiting.items() if name != model.name}
            files = run_model(connection, model, folder)
            if model.is_table:
                tables[model.name] = files
            if not any(_DROPPED_EARLY in {name, *other.reads} for name, other in waiting.items()):
                connection.execute(f"drop table if exists {_DROPPED_EARLY}")
            step.advance(1)
    return tables


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
