"""From a staging folder to a release of a data directory, whoever filled the folder."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from etl.atomic import remove_folder
from etl.catalog import CATALOG, refresh_catalog, write_catalog
from etl.datadir import DataDir
from etl.manifest import describe_file, write_manifest
from etl.release import make_current, publish


@contextmanager
def open_staging(data: DataDir) -> Iterator[Path]:
    """An empty staging folder to make the release in; it is gone afterwards, whatever happens."""
    remove_folder(data.staging)
    try:
        # Under a name of its own: tasks of an earlier build may still run on other machines.
        folder = data.staging / f"release-{secrets.token_hex(4)}"
        for path in (data.releases, folder):
            path.mkdir(parents=True, exist_ok=True)
        for path in data.releases.iterdir():
            if path.is_symlink():  # where a build was killed while it wrote the catalog
                path.unlink()
        yield folder
    finally:
        remove_folder(data.staging)


def place_release(folder: Path, data: DataDir, manifest: dict[str, Any]) -> None:
    """Publish what is in the staging folder, and `manifest` says of it, with a catalog."""
    target = data.releases / manifest["release"]
    if target.is_dir():  # a release that somebody damaged
        target.replace(data.staging / "damaged")
    _place_catalog(folder, target)
    write_manifest(folder, manifest | {"catalog": describe_file(folder / CATALOG, folder)})
    publish(folder, data, manifest["release"])


def take_up_release(folder: Path, data: DataDir, release_id: str) -> None:
    """Make a release current that is there already; its catalog is written anew if the data was moved."""
    target = data.releases / release_id
    refresh_catalog(target.absolute(), folder / CATALOG)
    if data.current.resolve() != target.resolve():
        make_current(data, release_id)


def _place_catalog(folder: Path, target: Path) -> None:
    """Write the catalog while the release's final name leads to the staging folder; a link isn't a release."""
    target.unlink(missing_ok=True)
    target.symlink_to(os.path.relpath(folder, target.parent))
    try:
        write_catalog(folder / CATALOG, target.absolute())
    finally:
        target.unlink()
