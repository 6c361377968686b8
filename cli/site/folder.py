"""Where a site goes, and writing it."""

import json
from collections.abc import Mapping
from pathlib import Path

from etl import __version__
from etl.atomic import replace_folder
from etl.ownfolder import resolve_folder
from etl.release import Release

_LIST = "site.json"


def resolve_site(out: Path, release: Release) -> Path:
    """The folder that `out` names, fit to be made: a new one, or a former site. Raises as `resolve_folder` does."""
    return resolve_folder(out, release, _LIST, "site")


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
