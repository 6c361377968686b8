"""Releases: what a manifest says, how one becomes visible, which one is current.

`releases/<id>/` is complete or absent, and never changes: it is made in the staging folder and renamed once. `current`
is a relative symlink that one rename swaps, so a reader that resolves it once reads one release to the end.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.atomic import remove_leftovers, sync
from etl.datadir import DataDir
from etl.errors import UsageError, explain_damage
from etl.globs import escape_glob
from etl.lock import hold_folder
from etl.manifest import MANIFEST, list_files, read_manifest


@dataclass(frozen=True, slots=True)
class Release:
    """A published release. `path` is resolved: it stays this release when `current` moves on."""

    path: Path
    manifest: dict[str, Any]

    @property
    def id(self) -> str:
        """The release's name: a function of the documents and the code."""
        return self.path.name

    def table_glob(self, table: str) -> str:
        """The pattern of a table's files, for anything that reads Parquet."""
        return table_glob(self.path, table)

    @property
    def tables(self) -> list[str]:
        """The tables it holds."""
        return list(self.manifest["tables"])


def table_glob(folder: Path, table: str) -> str:
    """The pattern that all files of `table` below the release `folder` match."""
    return f"{escape_glob(folder / table)}/**/*.parquet"


def open_release(data: DataDir) -> Release:
    """The current release.

    Raises:
        UsageError: there is none.
    """
    return _read(data.current.resolve(), data)


def hold_release(data: DataDir) -> tuple[Release, int]:
    """The current release, and a descriptor that keeps it from being removed until it is closed.

    Raises:
        UsageError: there is none.
    """
    path = data.current.resolve()
    held = hold_folder(path)
    if held is None:
        if data.current.resolve() == path:
            raise UsageError(describe_absence(data))
        return hold_release(data)  # it was replaced and removed in this very moment
    try:
        return _read(path, data), held
    except BaseException:
        os.close(held)
        raise


def _read(path: Path, data: DataDir) -> Release:
    if not (path / MANIFEST).is_file():
        raise UsageError(describe_absence(data))
    with explain_damage(f"the manifest of the release in {path}", "Make it again with `abid-etl build`."):
        return Release(path, read_manifest(path))


def describe_absence(data: DataDir) -> str:
    """That there is no release, and what to do about it."""
    return (
        f"there is no warehouse in {data.root} yet: make one with `abid-etl run --data-dir {data.root}`, "
        "or name the folder of one with --data-dir or ABID_DATA_DIR"
    )


def find_current(data: DataDir) -> str | None:
    """The id of the current release, None when there is none."""
    path = data.current.resolve()
    return path.name if (path / MANIFEST).is_file() else None


def is_whole(path: Path) -> bool:
    """Whether the release in `path` has its manifest, and every file that it names with the size that it names."""
    try:
        return all((path / file["path"]).stat().st_size == file["bytes"] for file in list_files(read_manifest(path)))
    except (OSError, ValueError, KeyError):
        return False


def find_releases(data: DataDir) -> list[Release]:
    """All whole releases, the latest published first."""
    manifests = [path for path in data.releases.glob(f"*/{MANIFEST}") if is_whole(path.parent)]
    manifests.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)  # the times in them are whole seconds
    found = [Release(path.parent, read_manifest(path.parent)) for path in manifests]
    return sorted(found, key=lambda release: str(release.manifest["published_at"]), reverse=True)


def find_id(wanted: str, ids: Iterable[str]) -> str:
    """The one of `ids` that is `wanted`, or begins with it as no other does.

    Raises:
        UsageError: there is none, or there are several.
    """
    known = sorted(ids)
    found = [wanted] if wanted in known else [release_id for release_id in known if release_id.startswith(wanted)]
    match found:
        case [release_id]:
            return release_id
        case []:
            raise UsageError(f"there is no release {wanted}: there are {', '.join(known) or 'none'}")
        case _:
            raise UsageError(f"several releases begin with {wanted!r}: {', '.join(found)}")


def publish(staged: Path, data: DataDir, release_id: str) -> Path:
    """Make the complete release in `staged` visible and current."""
    for path in staged.rglob("*"):
        sync(path)
    target = data.releases / release_id
    staged.replace(target)
    make_current(data, release_id)
    return target


def make_current(data: DataDir, release_id: str) -> None:
    """Point `current` to a release, by one rename."""
    remove_leftovers(data.warehouse)
    temporary = data.warehouse / f".current.{os.getpid()}.tmp"
    temporary.symlink_to(Path("releases") / release_id)
    temporary.replace(data.current)
