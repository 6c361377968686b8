"""One Parquet file a table, for tools that don't read a folder: the types, order and encodings of a release's own."""

from collections.abc import Sequence
from pathlib import Path

from etl.atomic import replace_folder
from etl.export import export_flat
from etl.models import Model, load_tables
from etl.warehouse import Warehouse


def list_flat_files() -> set[str]:
    """The names of all files that an export can hold."""
    return {f"{name}.parquet" for name in load_tables()}


def write_flat(warehouse: Warehouse, models: Sequence[Model], folder: Path) -> None:
    """Write the tables of `models` to files in `folder`, in the place of whatever it holds; holds one row group."""
    with replace_folder(folder) as temporary:
        for model in models:
            export_flat(warehouse.table(model.name).relation(), model, temporary / f"{model.name}.parquet")
