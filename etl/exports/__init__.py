"""A release in other shapes: one database, one Parquet file a table, a workbook.

Each appears whole or not at all, and takes the place of nothing unless that is asked for.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from etl.errors import StorageError, UsageError, is_full_disk
from etl.exports.database import write_database
from etl.exports.flat import list_flat_files, write_flat
from etl.models import Model, load_tables
from etl.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Targets:
    """What to make, and where; what is None isn't made."""

    duckdb: Path | None = None
    flat: Path | None = None
    excel: Path | None = None

    @property
    def paths(self) -> list[Path]:
        """Those that are to be made."""
        return [path for path in (self.duckdb, self.flat, self.excel) if path]


def export_release(warehouse: Warehouse, targets: Targets, tables: Sequence[str] = (), *, force: bool = False) -> None:
    """Export `tables` of a release; without any, all, of which a workbook gets those that `workbook.choose` says.

    Raises:
        UsageError: a target exists and `force` is false, a table is unknown, or is too large for a sheet.
        StorageError: no space is left.
    """
    models = _find_models(warehouse, tables)
    jobs: list[tuple[Path, Callable[[Path], None]]] = []
    if targets.duckdb:
        _require_free_file(targets.duckdb, force=force)
        jobs.append((targets.duckdb, partial(write_database, warehouse.release, models)))
    if targets.flat:
        _require_free_folder(targets.flat, force=force)
        jobs.append((targets.flat, partial(write_flat, warehouse, models)))
    if targets.excel:
        from etl.exports.workbook import choose, write_workbook  # noqa: PLC0415  (its library is an optional extra)

        _require_free_file(targets.excel, force=force)
        jobs.append((targets.excel, partial(write_workbook, warehouse, models if tables else choose(models))))
    if not jobs:
        raise UsageError("say what to make: --duckdb FILE, --flat DIR or --excel FILE")
    for path, write in jobs:
        with _explain(path):
            write(path)


def _find_models(warehouse: Warehouse, tables: Sequence[str]) -> list[Model]:
    known = {name: model for name, model in load_tables().items() if name in warehouse.release.tables}
    if unknown := [name for name in tables if name not in known]:
        raise UsageError(f"there is no table {unknown[0]}: there are {', '.join(sorted(known))}")
    return [model for name, model in sorted(known.items()) if name in tables or not tables]


def _require_free_file(path: Path, *, force: bool) -> None:
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name a file in it")
    if path.exists() and not force:
        raise UsageError(f"{path} exists: name another file, or replace it with --force")


def _require_free_folder(path: Path, *, force: bool) -> None:
    """Even by force, only what an export made is replaced: a folder can hold anything."""
    if path.is_file():
        raise UsageError(f"{path} is a file: name a folder")
    held = sorted(file.name for file in path.iterdir()) if path.exists() else []
    if foreign := [name for name in held if name not in list_flat_files()]:
        raise UsageError(
            f"{path} holds {foreign[0]}, which no export made: name a folder that is empty or doesn't exist"
        )
    if held and not force:
        raise UsageError(f"{path} holds an export: name another folder, or replace it with --force")


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
