"""One DuckDB database that holds a whole release: tables and comments, for tools that want a single file.

It needs nothing else, unlike the `abid.duckdb` of a release, whose views look at the Parquet files.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from etl.atomic import replace_file
from etl.catalog import STORAGE_VERSION, add_comments, create_view
from etl.globs import quote_text
from etl.models import Model
from etl.release import Release


def write_database(release: Release, models: Sequence[Model], path: Path) -> None:
    """Write the tables of `models` to a database at `path` that DuckDB 1.2 and later open; rows keep their order."""
    with replace_file(path) as temporary:
        try:
            _fill(release, models, temporary)
        finally:
            temporary.with_name(f"{temporary.name}.wal").unlink(missing_ok=True)


def _fill(release: Release, models: Sequence[Model], path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach {quote_text(str(path))} as abid (storage_version '{STORAGE_VERSION}')")
        for model in models:
            create_view(connection, model, release.path)
            table = f"abid.{model.name}"
            columns = ", ".join(f"{c.name} {c.type}{'' if c.nullable else ' not null'}" for c in model.columns)
            connection.execute(f"create table {table} ({columns})")
            connection.execute(f"insert into {table} select * from {model.name}")
            add_comments(connection, model, "table", table)
        connection.execute("checkpoint abid")
        connection.execute("detach abid")
