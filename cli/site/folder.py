"""Where a site goes, and writing it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from etl.ownfolder import Kind, replace_own_folder, write_list
from etl.release import Release

_SITE = Kind("site", "site.json", "OUT")


def replace_site(out: Path, release: Release) -> AbstractContextManager[Path]:
    """A folder to fill, in the place of a former site at most. Raises as `replace_own_folder` does."""
    return replace_own_folder(out, release, _SITE)


def write_pages(folder: Path, release: Release, pages: Mapping[str, str]) -> int:
    """Write pages by their paths, and the list of them; returns the size of all files in bytes."""
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    write_list(folder, _SITE, {"release": release.id}, {})
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
