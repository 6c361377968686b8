"""`abid.duckdb`: views on a release's Parquet files, with a comment on each table and column, for any DuckDB shell.

It holds no data. It is written in the storage format of DuckDB 1.2, because a 1.x shell refuses the format that 2.0
writes by default. A view needs an absolute path (a relative one would be looked for wherever the shell was started) and
is bound when it is made; so it is made while the release's final name is a link to the staging folder.
"""

from pathlib import Path

import duckdb

from etl.globs import escape_glob, quote_text
from etl.models import Model, load_tables
from etl.release import table_glob

CATALOG = "abid.duckdb"
_STORAGE = "v1.2.0"


def write_catalog(target: Path, final: Path) -> None:
    """Write the catalog of a release to `target`; the views look at `final`, where its files must be readable now."""
    target.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach {quote_text(str(target))} as abid (storage_version '{_STORAGE}')")
        connection.execute("use abid")
        for model in load_tables().values():
            create_view(connection, model, final)
            _add_comments(connection, model)
        connection.execute("checkpoint abid")  # closing would do it too, but be silent where the disk is full


def refresh_catalog(release: Path, scratch: Path) -> None:
    """Write the catalog of a published release anew where its paths lead elsewhere: the data directory was moved."""
    with duckdb.connect() as connection:
        connection.execute(f"attach {quote_text(str(release / CATALOG))} as abid (read_only)")
        views = connection.execute("select sql from duckdb_views() where database_name = 'abid' and not internal")
        if all(escape_glob(release) in sql for (sql,) in views.fetchall()):
            return
    write_catalog(scratch, release)
    scratch.replace(release / CATALOG)


def create_view(connection: duckdb.DuckDBPyConnection, model: Model, folder: Path) -> None:
    """Make `model` a view on its files in the release `folder`.

    The partition key is read from the files and not from their paths, where its type would be a guess.
    """
    columns = ", ".join(model.column_names)
    glob = quote_text(table_glob(folder, model.name))
    connection.execute(
        f"create view {model.name} as select {columns} from read_parquet({glob}, hive_partitioning = false)"
    )


def _add_comments(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    about = f"{model.about} Grain: {model.grain}."
    connection.execute(f"comment on view {model.name} is {quote_text(about)}")
    for column in model.columns:
        connection.execute(f"comment on column {model.name}.{column.name} is {quote_text(column.description)}")
