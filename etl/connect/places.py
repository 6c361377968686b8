"""What a template may name, and what it stands for: paths as programs take them, columns as SQL declares them."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from etl.catalog import CATALOG, require_catalog
from etl.connect.tools import Tool
from etl.datadir import DataDir
from etl.models import Column, Model, load_tables
from etl.release import Release

PLACE = re.compile(r"\{\{([a-z ]+)\}\}")
_HADOOP_GLOB = re.compile(r"([\\\[\]{}*?])")
_ANY_CHARACTER = str.maketrans("*{}$^", "?????")


@dataclass(frozen=True, slots=True)
class Connection:
    """What is connected: `location` is that of the copy, for a tool that reads one."""

    tool: Tool
    release: Release
    location: str

    def quote(self, text: str) -> str:
        """A text as the tool's language spells it."""
        return self.tool.language.quote(text)


def substitute(text: str, values: dict[str, str]) -> str:
    """`text` with its places filled."""
    return PLACE.sub(lambda place: values[place[1]], text)


def _name_catalog(connection: Connection) -> str:
    require_catalog(connection.release.path)
    return connection.quote(str(connection.release.path / CATALOG))


def _name_folder(connection: Connection, model: Model) -> str:
    return connection.quote(str(connection.release.path / model.name))


def _name_hadoop_folder(connection: Connection, model: Model) -> str:
    """For what takes every path for a pattern, in which a backslash escapes."""
    return connection.quote(_HADOOP_GLOB.sub(r"\\\1", str(connection.release.path / model.name)))


def _name_clickhouse_files(connection: Connection, model: Model) -> str:
    """For what takes every path for a pattern, in which nothing escapes, and a question mark is any character.

    (ClickHouse makes a regular expression of it, in which a dollar and a circumflex keep their meaning.)
    """
    folder = str(connection.release.path / model.name).translate(_ANY_CHARACTER)
    return connection.quote(f"{folder}/**/*.parquet")


def _name_copied_files(connection: Connection, model: Model) -> str:
    return connection.quote(f"{connection.location}/{model.name}/*.parquet")


def _name_copied_folder(connection: Connection, model: Model) -> str:
    return connection.quote(f"{connection.location}/{model.name}/")


def _list_keys(connection: Connection, model: Model) -> str:
    """The keys of its partitions in this release, in the order of the files."""
    paths = [file["path"] for file in connection.release.manifest["tables"][model.name]["files"]]
    keys = re.findall(rf"/{model.partition}=([^/]+)/", "\n".join(paths))
    return connection.quote(",".join(keys)) if keys else ""


def _declare_columns(connection: Connection, model: Model) -> str:
    """Of all columns, that of the partition last: some want it there, and none anywhere else."""
    columns = sorted(model.columns, key=lambda column: column.name == model.partition)
    return ",\n".join(_declare(connection, column) for column in columns)


def _declare_own_columns(connection: Connection, model: Model) -> str:
    """Of all but that of the partition."""
    columns = [column for column in model.columns if column.name != model.partition]
    return ",\n".join(_declare(connection, column) for column in columns)


def _declare_partition(connection: Connection, model: Model) -> str:
    return "".join(_declare(connection, column).strip() for column in model.columns if column.name == model.partition)


def _declare(connection: Connection, column: Column) -> str:
    values = {
        "column": column.name,
        "type": connection.tool.types[column.type],
        "meaning": connection.quote(_shorten(column.description, connection.tool.longest)),
    }
    return f"  {substitute(connection.tool.column, values)}"


def _shorten(text: str, longest: int) -> str:
    """At most so many bytes, whole words of it; 0 is as many as there are."""
    while longest and len(text.encode()) > longest:
        text = text.removesuffix(" ...").rpartition(" ")[0] + " ..."
    return text


OF_RELEASE: dict[str, Callable[[Connection], str]] = {
    "catalog": _name_catalog,
    "data dir": lambda connection: connection.quote(str(DataDir.find(connection.release.path).root)),
    "location": lambda connection: connection.location,
    "release": lambda connection: connection.quote(str(connection.release.path)),
    "release in shell": lambda connection: shlex.quote(str(connection.release.path)),
    "tables": lambda _: ", ".join(load_tables()),
}
"""Of a release: all that can be said once."""

OF_TABLE: dict[str, Callable[[Connection, Model], str]] = {
    "about": lambda connection, model: connection.quote(model.about),
    "clickhouse files": _name_clickhouse_files,
    "columns": _declare_columns,
    "copied files": _name_copied_files,
    "copied folder": _name_copied_folder,
    "folder": _name_folder,
    "hadoop folder": _name_hadoop_folder,
    "own columns": _declare_own_columns,
    "partition": lambda _, model: model.partition,
    "partition column": _declare_partition,
    "partition keys": _list_keys,
    "table": lambda _, model: model.name,
}
"""Of one of its tables: empty where it has no such thing."""
