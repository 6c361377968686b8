"""Where a site goes: to a new folder, or in the place of a former one, which is known by the list of its files."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from etl import __version__
from etl.atomic import replace_folder
from etl.datadir import DataDir
from etl.errors import UsageError
from etl.release import Release

_LIST = "site.json"


def resolve_site(out: Path, release: Release) -> Path:
    """The folder that `out` names, links followed, fit to be made.

    Raises:
        UsageError: it is no folder, holds what no site does, or is among what the pipeline keeps.
    """
    try:
        folder = out.resolve()
    except RuntimeError as error:
        raise UsageError(f"{out} is a link that leads to itself: name another place") from error
    DataDir.find(release.path).require_outside(folder)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{out} isn't a folder: name one")
    if foreign := _find_foreign(folder):
        raise UsageError(f"{out} holds {foreign}, which no site does: name a folder that is empty or doesn't exist")
    return folder


def write_site(folder: Path, release: Release, pages: Mapping[str, str]) -> int:
    """Write pages by their paths, in the place of a former site; returns the size of all files in bytes."""
    about = {"made_by": f"abid-warehouse {__version__}", "release": release.id, "files": sorted([*pages, _LIST])}
    files = {**pages, _LIST: json.dumps(about, indent=2) + "\n"}
    with replace_folder(folder) as temporary:
        for name, text in files.items():
            path = temporary / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode())
    return sum(len(text.encode()) for text in files.values())


def _find_foreign(folder: Path) -> str | None:
    """The first file of a folder that isn't of the site that it holds."""
    known: set[str] = set()
    with suppress(OSError, ValueError, KeyError, TypeError):
        known.update(json.loads((folder / _LIST).read_text(encoding="utf-8"))["files"])
    held = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return next((name for path in sorted(held) if (name := path.relative_to(folder).as_posix()) not in known), None)
