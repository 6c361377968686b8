"""Releases: what a manifest says, how one becomes visible, which one is current.

`releases/<id>/` is complete or absent, and never changes: it is made in the staging folder and renamed once. `current`
is a relative symlink that one rename swaps, so a reader that resolves it once reads one release to the end.
"""

import os
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.atomic import remove_leftovers, sync
from etl.datadir import DataDir
from etl.errors import UsageError, explain_damage
from etl.globs import escape_glob
from etl.lock import hold_folder
from etl.manifest import MANIFEST, describe_file, list_files, read_manifest

CURRENT = "current"
"""What a user may say instead of an id."""


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
    """A release with all its files: a query over what is left of one would be answered, and wrongly."""
    if not (path / MANIFEST).is_file():
        raise UsageError(describe_absence(data))
    with explain_damage(f"the manifest of the release in {path}", "Make it again with `abid-etl build`."):
        release = Release(path, read_manifest(path))
    if damage := find_damage(path):
        raise UsageError(
            f"release {release.id} is damaged: {damage}. `abid-etl verify` says what else is; `abid-etl build` makes "
            "it again, or `abid-etl rollback` goes back to another"
        )
    return release


def describe_absence(data: DataDir) -> str:
    """That there is no whole release, and what to do about it."""
    where = shlex.quote(str(data.root))
    if damaged := find_damaged(data):
        return (
            f"no release in {data.root} is whole ({', '.join(damaged)}): `abid-etl verify --release {damaged[0]} "
            f"--data-dir {where}` says what is wrong, `abid-etl build --data-dir {where}` makes one of what was fetched"
        )
    return (
        f"there is no warehouse in {data.root} yet: make one with `abid-etl run --data-dir {where}`, "
        "or name the folder of one with --data-dir or ABID_DATA_DIR"
    )


def find_current(data: DataDir) -> str | None:
    """The id of the current release, None when there is none."""
    path = data.current.resolve()
    return path.name if (path / MANIFEST).is_file() else None


def find_damage(path: Path, *, read: bool = False) -> str | None:
    """The first file of the release in `path` that isn't as its manifest says; None when all are.

    Sizes are compared, and with `read` all bytes: some 150 MB for the whole bucket.
    """
    try:
        files = list_files(read_manifest(path))
    except (OSError, ValueError) as error:
        return f"{MANIFEST} can't be read: {error}"
    for file in files:
        try:
            found = describe_file(path / file["path"], path) if read else _describe_size(path / file["path"])
        except OSError as error:
            return f"{file['path']}: {error.strerror}"
        if any(file[fact] != value for fact, value in found.items()):
            return f"{file['path']} isn't what was written"
    return None


def _describe_size(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size}


def find_damaged(data: DataDir) -> list[str]:
    """The ids of the releases that aren't whole, as far as sizes tell."""
    folders = [path for path in data.releases.glob("*") if path.is_dir() and not path.is_symlink()]
    return sorted(path.name for path in folders if find_damage(path))


def find_releases(data: DataDir) -> list[Release]:
    """All whole releases, the latest published first."""
    manifests = [path for path in data.releases.glob(f"*/{MANIFEST}") if not find_damage(path.parent)]
    manifests.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)  # the times in them are whole seconds
    found = [Release(path.parent, read_manifest(path.parent)) for path in manifests]
    return sorted(found, key=lambda release: str(release.manifest["published_at"]), reverse=True)


def find_id(wanted: str, ids: Iterable[str]) -> str:
    """The one of `ids` that is `wanted`, or begins with it as no other does.

    Raises:
        UsageError: there is none, or there are several.
    """
    if not wanted:
        raise UsageError("no release is named: `abid-etl releases` shows what there is")
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
    """Point `current` to a release, by one rename.

    The folder of the one that was current until now gets the time as its own: so long may it have been read by others.

    Raises:
        UsageError: there is something else than a link in its place.
    """
    if data.current.exists() and not data.current.is_symlink():
        raise UsageError(
            f"{data.current} is a folder, where there should be a link (was it copied without its links?): remove it, "
            "and run the same command again"
        )
    remove_leftovers(data.warehouse)
    if former := find_current(data):
        os.utime(data.releases / former)
    temporary = data.warehouse / f".current.{os.getpid()}.tmp"
    temporary.symlink_to(Path("releases") / release_id)
    temporary.replace(data.current)
