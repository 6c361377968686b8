"""Releases: what a manifest says, how one becomes visible, which one is current.

`releases/<id>/` is complete or absent, and never changes: it is made in the staging folder and renamed once. `current`
is a relative symlink that one rename swaps, so a reader that resolves it once reads one release to the end.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.atomic import remove_leftovers, sync
from etl.datadir import DataDir
from etl.errors import UsageError, explain_damage
from etl.globs import escape_glob

MANIFEST = "manifest.json"
KEPT_RELEASES = 3


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
    path = data.current.resolve()
    if not (path / MANIFEST).is_file():
        raise UsageError(
            f"there is no warehouse in {data.root} yet: make one with `abid-etl run --data-dir {data.root}`, "
            "or name the folder of one with --data-dir or ABID_DATA_DIR"
        )
    with explain_damage(f"the manifest of the release in {path}", "Make it again with `abid-etl build`."):
        return Release(path, json.loads((path / MANIFEST).read_text(encoding="utf-8")))


def find_current(data: DataDir) -> str | None:
    """The id of the current release, None when there is none."""
    path = data.current.resolve()
    return path.name if (path / MANIFEST).is_file() else None


def is_whole(path: Path) -> bool:
    """Whether the release in `path` has its manifest, and every file that it names with the size that it names."""
    try:
        tables = json.loads((path / MANIFEST).read_text(encoding="utf-8"))["tables"].values()
        files = [file for table in tables for file in table["files"]]
        return all((path / file["path"]).stat().st_size == file["bytes"] for file in files)
    except (OSError, ValueError, KeyError):
        return False


def find_releases(data: DataDir) -> list[Release]:
    """All whole releases, the latest published first."""
    manifests = [path for path in data.releases.glob(f"*/{MANIFEST}") if is_whole(path.parent)]
    manifests.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)  # the times in them are whole seconds
    found = [Release(path.parent, json.loads(path.read_text(encoding="utf-8"))) for path in manifests]
    return sorted(found, key=lambda release: str(release.manifest["published_at"]), reverse=True)


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest of the release that is being made in `folder`."""
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def describe_file(path: Path, root: Path, rows: int) -> dict[str, Any]:
    """A file's entry in the manifest."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": str(path.relative_to(root)), "rows": rows, "bytes": path.stat().st_size, "sha256": digest}


def publish(staged: Path, data: DataDir, release_id: str) -> Path:
    """Make the complete release in `staged` visible and current, and drop the oldest ones beyond `KEPT_RELEASES`."""
    for path in staged.rglob("*"):
        sync(path)
    target = data.releases / release_id
    staged.replace(target)
    make_current(data, release_id)
    former = [release.path for release in find_releases(data) if release.id != release_id]
    for path in former[KEPT_RELEASES - 1 :]:
        shutil.rmtree(path.replace(data.staging / path.name))  # out of sight at once: complete or absent
    return target


def make_current(data: DataDir, release_id: str) -> None:
    """Point `current` to a release, by one rename."""
    remove_leftovers(data.warehouse)
    temporary = data.warehouse / f".current.{os.getpid()}.tmp"
    temporary.symlink_to(Path("releases") / release_id)
    temporary.replace(data.current)
