"""`abid.duckdb`: views on a release's Parquet files, with a comment on each table and column, for any DuckDB shell.

It holds no data. It is written in the storage format of DuckDB 1.2, because a 1.x shell refuses the format that 2.0
writes by default. A view needs an absolute path (a relative one would be looked for wherever the shell was started) and
is bound when it is made; so it is made while the release's final name is a link to the staging folder.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from etl.atomic import remove_leftovers
from etl.errors import UsageError, explain_damage
from etl.globs import quote_text, unescape_glob
from etl.manifest import describe_file, read_manifest, write_manifest
from etl.models import Model, load_readable, load_tables, load_views
from etl.release import table_glob

CATALOG = "abid.duckdb"
STORAGE_VERSION = "v1.2.0"
_PLACE = re.compile(r"read_parquet\('(.*)/\w+/\*\*/\*\.parquet'")


def write_catalog(target: Path, final: Path) -> None:
    """Write the catalog of a release to `target`; the views look at `final`, where its files must be readable now."""
    target.unlink(missing_ok=True)
    with _find_writable(target) as path, duckdb.connect() as connection:
        connection.execute(f"attach {quote_text(str(path))} as abid (storage_version '{STORAGE_VERSION}')")
        connection.execute("use abid")
        create_views(connection, final)
        for model in load_readable().values():
            add_comments(connection, model, "view", model.name)
        connection.execute("checkpoint abid")  # closing would do it too, but be silent where the disk is full


@contextmanager
def _find_writable(target: Path) -> Iterator[Path]:
    """Where DuckDB can write what is to be `target`.

    It takes what follows a question mark in a path for a query, and looks for a folder to put its log in where none is.
    It can read a database there all the same.
    """
    if "?" not in str(target.resolve()):
        yield target
        return
    with TemporaryDirectory() as folder:
        yield Path(folder) / CATALOG
        shutil.copyfile(Path(folder) / CATALOG, target)


def refresh_catalog(release: Path, scratch: Path) -> None:
    """Write the catalog of a published release anew where it leads elsewhere: the data was moved."""
    if not find_astray(release):
        return
    remove_leftovers(release)
    write_catalog(scratch, release)
    scratch.replace(release / CATALOG)
    write_manifest(release, read_manifest(release) | {"catalog": describe_file(release / CATALOG, release)})


def require_catalog(release: Path) -> None:
    """Have the catalog of a release be one that can be opened, with views on this release.

    Raises:
        UsageError: it isn't.
    """
    remedy = "Make it again with `abid-etl build`."
    with explain_damage(f"the catalog {release / CATALOG}", remedy):
        astray = find_astray(release)
    if astray:
        raise UsageError(f"the release in {release} was moved, and its views lead to where it was. {remedy}")


def find_astray(release: Path) -> list[str]:
    """The views of a release's catalog that lead to other files than its own."""
    with duckdb.connect(str(release / CATALOG), read_only=True) as connection:
        views = connection.execute("select view_name, sql from duckdb_views() where not internal order by all")
        folders = {name: _find_folder(sql) for name, sql in views.fetchall()}
    return [name for name, folder in folders.items() if folder not in (None, release.resolve())]


def _find_folder(view: str) -> Path | None:
    """The folder of the release whose files a view reads; None where it reads other views."""
    match = _PLACE.search(view)
    return Path(unescape_glob(match[1].replace("''", "'"))).resolve() if match else None


def create_views(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make views of all tables of the release in `folder`, and of what is defined on them."""
    for model in load_tables().values():
        create_view(connection, model, folder)
    for view in load_views().values():
        connection.execute(f"create view {view.name} as {view.query}")


def create_view(connection: duckdb.DuckDBPyConnection, model: Model, folder: Path) -> None:
    """Make `model` a view on its files in the release `folder`.

    The partition key is read from the files and not from their paths, where its type would be a guess.
    """
    columns = ", ".join(model.column_names)
    glob = quote_text(table_glob(folder, model.name))
    connection.execute(
        f"create view {model.name} as select {columns} from read_parquet({glob}, hive_partitioning = false)"
    )


def add_comments(connection: duckdb.DuckDBPyConnection, model: Model, kind: str, name: str) -> None:
    """Comment the view or table `name` and each column of it with what the header of `model` says."""
    about = f"{model.about} Grain: {model.grain}."
    connection.execute(f"comment on {kind} {name} is {quote_text(about)}")
    for column in model.columns:
        connection.execute(f"comment on column {name}.{column.name} is {quote_text(column.description)}")
