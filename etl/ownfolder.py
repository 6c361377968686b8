"""Folders that a command makes whole: a new one, or one in the place of its own former one and of nothing else.

A former one is known by the list in it: sealed, of the same kind, and naming every file with its bytes and its SHA-256.
A file that isn't listed, or that isn't as it was made, is somebody's work. It is looked for twice. Before anything is
made, all files are hashed: that costs no more than making them did, and sizes alone would miss a label that was
mended. And when the folder has been moved out of the way, where nobody finds it by its name any more, each file must be
the one that was hashed: the kernel notes whatever happens to a file, so that is told without reading it again.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from os import scandir
from pathlib import Path
from typing import Any

from etl import __version__
from etl.atomic import replace_folder
from etl.datadir import DataDir
from etl.errors import UsageError
from etl.lock import lock_folder
from etl.manifest import describe_file, seal_manifest
from etl.release import Release

_MAKER = "abid-warehouse"
_State = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """What such folders are called in messages, the name of their list, and what names another folder."""

    name: str
    list_name: str
    option: str


@contextmanager
def replace_own_folder(out: Path, release: Release, kind: Kind) -> Iterator[Path]:
    """Yield a temporary folder to fill, which takes the place of `out` when the block ends well.

    Args:
        out: What the user named; links are followed.
        release: What it is made of.
        kind: What is made, and alone may be replaced. The block ends with `write_list`.

    Raises:
        UsageError: it is no folder, holds what none of the kind does, is among what the pipeline keeps, or another
            process makes it.
    """
    folder = _resolve(out, release)
    with _claim(folder, kind):
        former = _survey(folder, out, kind)
        with replace_folder(folder, partial(_require_unchanged, out, former)) as temporary:
            yield temporary


def write_list(folder: Path, kind: Kind, about: Mapping[str, Any], rows: Mapping[str, int | None]) -> None:
    """Write the list of all files in `folder`, some of which have rows, after what is to be said `about` them."""
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        entry = describe_file(path, folder, **({} if (count := rows.get(name)) is None else {"rows": count}))
        files[entry.pop("path")] = entry
    listed = {"made_by": f"{_MAKER} {__version__}", "kind": kind.name, **about, "files": files}
    (folder / kind.list_name).write_bytes(seal_manifest(listed))


def _resolve(out: Path, release: Release) -> Path:
    try:
        folder = out.resolve()
    except RuntimeError as error:
        raise UsageError(f"{out} is a link that leads to itself: name another place") from error
    DataDir.find(release.path).require_outside(folder)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{out} isn't a folder: name one")
    return folder


@contextmanager
def _claim(folder: Path, kind: Kind) -> Iterator[None]:
    """Hold the folder against others that would make it. One that isn't there is, empty, for as long as that takes."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with lock_folder(folder, kind.option, "abid-report"):
            yield
    finally:
        if is_new:
            with suppress(OSError):  # it has been filled
                folder.rmdir()


def _survey(folder: Path, out: Path, kind: Kind) -> dict[str, _State]:
    """All that the folder holds, if it is empty or as one of the kind was made. Ends at the first thing that isn't."""
    listed = _read_list(folder, out, kind)
    known = {*listed, *(parent.as_posix() for name in listed for parent in Path(name).parents)}
    found = {}
    for name, state in _walk(folder):
        if name not in known:
            raise UsageError(
                f"{out} holds {name}, which isn't of a former {kind.name}: name a folder that is empty or doesn't exist"
            )
        found[name] = state
    for name, entry in listed.items():
        if entry and name in found and not _is_as_made(folder / name, entry):
            raise _tell_changed(out, name)
    return found


def _read_list(folder: Path, out: Path, kind: Kind) -> dict[str, dict[str, Any]]:
    """The entries of all files, that of the list itself empty; none where the folder isn't of the kind."""
    try:
        text = (folder / kind.list_name).read_bytes()
        listed = json.loads(text)
        is_sealed = seal_manifest(listed) == text
    except (OSError, ValueError, AttributeError, RecursionError):  # there is none, or it was never one of ours
        return {}
    if listed.get("kind") != kind.name or not str(listed.get("made_by")).startswith(f"{_MAKER} "):
        return {}
    if not is_sealed:
        raise _tell_changed(out, kind.list_name)
    return {**listed["files"], kind.list_name: {}}


def _walk(folder: Path, inside: str = "") -> Iterator[tuple[str, _State]]:
    """Whatever is in a folder and what tells it from any other, as far as it is asked for; before what is in it."""
    with scandir(folder / inside) as entries:
        for entry in entries:
            name = inside + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield name, ()
                yield from _walk(folder, f"{name}/")
            else:
                about = entry.stat(follow_symlinks=False)
                yield name, (about.st_ino, about.st_mode, about.st_size, about.st_mtime_ns, about.st_ctime_ns)


def _is_as_made(path: Path, entry: dict[str, Any]) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != entry["bytes"]:
        return False
    return bool(describe_file(path, path.parent)["sha256"] == entry["sha256"])


def _tell_changed(out: Path, name: str) -> UsageError:
    return UsageError(
        f"{out / name} isn't as it was made, and would be lost: name another folder, or put that file back or elsewhere"
    )


def _require_unchanged(out: Path, former: dict[str, _State], folder: Path) -> None:
    """Refuse to go on where `folder`, which was `out`, holds what wasn't there before."""
    for name, state in _walk(folder):
        if former.get(name) != state:
            raise UsageError(
                f"{out / name} was put there or changed in the meantime, and would be lost: "
                "put it elsewhere, and run the same command again"
            )
