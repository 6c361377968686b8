"""A release in other shapes: one database, one Parquet file a table, a workbook.

Each appears whole or not at all.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb

from etl.datadir import DataDir
from etl.errors import StorageError, UsageError, is_full_disk
from etl.exports.database import write_database
from etl.exports.flat import write_flat
from etl.exports.targets import Targets, resolve_targets
from etl.models import Model, load_tables
from etl.warehouse import Warehouse


def export_release(warehouse: Warehouse, targets: Targets, tables: Sequence[str] = (), *, force: bool = False) -> None:
    """Export `tables` of a release; without any, all, of which a workbook gets those that `workbook.choose` says.

    Raises:
        UsageError: a target can't be made (see `resolve_targets`), a table is unknown, or is too large for a sheet.
        StorageError: no space is left.
    """
    models = _find_models(warehouse, tables)
    places = resolve_targets(targets, DataDir.find(warehouse.release.path), force=force)
    jobs: list[tuple[Path, Callable[[Path], None]]] = []
    if places.duckdb:
        jobs.append((places.duckdb, partial(write_database, warehouse.release, models)))
    if places.flat:
        jobs.append((places.flat, partial(write_flat, warehouse, models)))
    if places.excel:
        from etl.exports.workbook import choose, write_workbook  # noqa: PLC0415  (its library is an optional extra)

        jobs.append((places.excel, partial(write_workbook, warehouse, models if tables else choose(models))))
    for path, write in jobs:
        with _explain(path):
            write(path)


def _find_models(warehouse: Warehouse, tables: Sequence[str]) -> list[Model]:
    known = {name: model for name, model in load_tables().items() if name in warehouse.release.tables}
    if unknown := [name for name in tables if name not in known]:
        raise UsageError(f"there is no table {unknown[0]}: there are {', '.join(sorted(known))}")
    return [model for name, model in sorted(known.items()) if name in tables or not tables]


@contextmanager
def _explain(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, duckdb.Error) as error:
        if is_full_disk(error):
            raise StorageError(f"no space is left for {path}: free some, or name a place on a larger disk") from error
        if isinstance(error, OSError):
            raise
        raise UsageError(
            f"{path} can't be made: {error}\nA damaged release may be why: `abid-etl verify` tells."
        ) from error
