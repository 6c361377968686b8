"""Folders that a command makes whole: a new one, or one in the place of its own former one and of nothing else.

A former one is known by the file in it that lists the names of all its files.
"""

import json
from contextlib import suppress
from pathlib import Path

from etl.datadir import DataDir
from etl.errors import UsageError
from etl.release import Release


def resolve_folder(out: Path, release: Release, list_name: str, kind: str) -> Path:
    """The folder that `out` names, links followed, fit to be made.

    Args:
        out: What the user named.
        release: What it is made of.
        list_name: The file that lists all others, as `files` of a JSON object.
        kind: What such a folder is, for messages.

    Raises:
        UsageError: it is no folder, holds what none of the kind does, or is among what the pipeline keeps.
    """
    try:
        folder = out.resolve()
    except RuntimeError as error:
        raise UsageError(f"{out} is a link that leads to itself: name another place") from error
    DataDir.find(release.path).require_outside(folder)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{out} isn't a folder: name one")
    if foreign := _find_foreign(folder, list_name):
        raise UsageError(f"{out} holds {foreign}, which no {kind} does: name a folder that is empty or doesn't exist")
    return folder


def _find_foreign(folder: Path, list_name: str) -> str | None:
    """The first file of a folder that isn't of those that its list names."""
    known: set[str] = set()
    with suppress(OSError, ValueError, KeyError, TypeError):
        known.update(json.loads((folder / list_name).read_text(encoding="utf-8"))["files"], [list_name])
    held = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return next((name for path in sorted(held) if (name := path.relative_to(folder).as_posix()) not in known), None)
