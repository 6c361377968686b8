"""The second stage: from the raw layer to a published release. Every build is complete, so no state can go stale.

It is made in a staging folder, where nobody looks, and held against the checks there.
"""

import datetime as dt
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from etl import __version__, rawlayer
from etl.atomic import remove_folder
from etl.catalog import CATALOG, refresh_catalog, write_catalog
from etl.checks import run_checks
from etl.datadir import DataDir
from etl.errors import CheckError, UsageError, explain_full_disk
from etl.lock import lock_writing
from etl.manifest import describe_file, write_manifest
from etl.models import SCHEMA_VERSION, Model, fingerprint_code, load_models
from etl.progress import UNWATCHED, Progress
from etl.raw import Raw, RawFolder
from etl.release import Release, find_damage, make_current, open_release, publish
from etl.retention import remove_releases
from etl.runner import run_models


@dataclass(frozen=True, slots=True)
class Limits:
    """What DuckDB may use. The defaults keep a build of the whole bucket below 2 GB of memory.

    One JSON text of n bytes takes DuckDB some 30 times n to open, so the default grows with the largest document.
    """

    threads: int | None = None
    memory: str | None = None

    def choose_memory(self, largest_document: int) -> str:
        """The memory limit, for documents of at most that many bytes."""
        return self.memory or f"{1600 + 30 * largest_document // 1_000_000}MB"


def build_release(
    data: DataDir,
    *,
    raw: Raw | None = None,
    allow_missing: bool = False,
    limits: Limits | None = None,
    progress: Progress = UNWATCHED,
) -> Release:
    """Build a release from the raw layer, check it, and make it current. Nothing is visible before it is whole.

    A release of the same documents by the same code is the same release, and is made current as it is.

    Raises:
        UsageError: nothing has been fetched yet, the limits are too low, or another process writes to `data`.
        CheckError: documents that were listed have not been fetched and `allow_missing` is false, or a check failed.
        StorageError: no space is left in `data`.
    """
    with (
        explain_full_disk(data.root),
        lock_writing(data),
        (raw or RawFolder(data.raw)).localize(data.raw_copy) as local,
    ):
        release = _build(data, local, limits or Limits(), progress, allow_missing=allow_missing)
        remove_releases(data)
        return release


def _build(data: DataDir, raw: RawFolder, limits: Limits, progress: Progress, *, allow_missing: bool) -> Release:
    memory = limits.choose_memory(rawlayer.find_largest(raw))
    with _workshop(data, limits.threads, memory) as (connection, folder):
        rawlayer.open_raw_layer(connection, raw)
        if not allow_missing:
            _refuse_missing(connection, data, raw)
        release_id = rawlayer.fingerprint_documents(connection, fingerprint_code())
        target = data.releases / release_id
        if find_damage(target, read=True):  # or it isn't there
            started = dt.datetime.now(dt.UTC)
            tables = run_models(connection, folder, progress)
            with progress.step("checking"):
                run_checks(connection, folder)
            manifest = _describe(connection, folder, release_id, started, tables) | rawlayer.read_facts(raw)
            if target.is_dir():  # a release that somebody damaged
                target.replace(data.staging / "damaged")
            _place_catalog(folder, target)
            write_manifest(folder, manifest | {"catalog": describe_file(folder / CATALOG, folder)})
            publish(folder, data, release_id)
        else:
            refresh_catalog(target.absolute(), folder / CATALOG)
            if data.current.resolve() != target.resolve():
                make_current(data, release_id)
    return open_release(data)


@contextmanager
def _workshop(data: DataDir, threads: int | None, memory: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A connection and an empty staging folder; both are gone afterwards, whatever happens."""
    remove_folder(data.staging)
    try:
        folder, spill = _make_folders(data)
        settings: dict[str, str | bool | int | float | list[str]] = {
            "threads": threads or os.cpu_count() or 1,
            "memory_limit": memory,
            "temp_directory": str(spill),
            "preserve_insertion_order": False,
        }
        with _connect(settings) as connection:
            yield connection, folder
    except duckdb.OutOfMemoryException as error:
        raise UsageError(
            f"the build needs more than {memory} of memory: give it more with --memory, or let it use fewer --threads"
        ) from error
    except duckdb.Error as error:
        raise CheckError(f"the build failed, and nothing was published: {error}") from error
    finally:
        remove_folder(data.staging)


def _make_folders(data: DataDir) -> tuple[Path, Path]:
    """One to make the release in, and one for what DuckDB spills."""
    folder, spill = data.staging / "release", data.staging / "spill"
    for path in (data.releases, folder, spill):
        path.mkdir(parents=True, exist_ok=True)
    for path in data.releases.iterdir():
        if path.is_symlink():  # where a build was killed while it wrote the catalog
            path.unlink()
    return folder, spill


def _connect(settings: dict[str, str | bool | int | float | list[str]]) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(config=settings)
    except duckdb.Error as error:
        raise UsageError(
            f"the limits of the build can't be set (--memory {settings['memory_limit']}): {error}"
        ) from error


def _refuse_missing(connection: duckdb.DuckDBPyConnection, data: DataDir, raw: RawFolder) -> None:
    missing = rawlayer.list_missing(connection)
    if missing:
        source = rawlayer.read_facts(raw)["source"]
        sample = "".join(f"\n  {key}: {error}" for key, error in missing[:5])
        raise CheckError(
            f"{len(missing)} of the listed documents have not been fetched:{sample}\n"
            f"Run `abid-etl fetch {shlex.quote(source)} --data-dir {shlex.quote(str(data.root))}` again, "
            "or build without them with --allow-missing."
        )


def _place_catalog(folder: Path, target: Path) -> None:
    """Write the catalog while the release's final name leads to the staging folder; a link isn't a release."""
    target.unlink(missing_ok=True)
    target.symlink_to(os.path.relpath(folder, target.parent))
    try:
        write_catalog(folder / CATALOG, target.absolute())
    finally:
        target.unlink()


def _describe(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    release_id: str,
    started: dt.datetime,
    tables: dict[str, list[Path]],
) -> dict[str, Any]:
    finished = dt.datetime.now(dt.UTC)
    models = load_models()
    return {
        "release": release_id,
        "version": __version__,
        "schema_version": SCHEMA_VERSION,
        "published_at": finished.replace(tzinfo=None).isoformat(timespec="seconds"),
        "seconds": round((finished - started).total_seconds(), 2),
        **rawlayer.count_documents(connection),
        "tables": {
            name: _describe_table(models[name], [describe_file(f, folder, rows=_count_rows(f)) for f in tables[name]])
            for name in sorted(tables)
        },
    }


def _describe_table(model: Model, files: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "rows": sum(file["rows"] for file in files),
        "grain": model.grain,
        "partition": model.partition or None,
        "columns": [{"name": c.name, "type": c.type, "nullable": c.nullable} for c in model.columns],
        "files": files,
    }


def _count_rows(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)
