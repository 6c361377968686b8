"""Where an export may go: to what is free, or a former one if that is asked for; never among what the pipeline keeps.

A link is followed: what it leads to is judged, and made.
"""

from dataclasses import astuple, dataclass
from itertools import permutations
from pathlib import Path

from etl.datadir import DataDir
from etl.errors import UsageError
from etl.exports.flat import list_flat_files


@dataclass(frozen=True, slots=True)
class Targets:
    """What to make, and where; what is None isn't made."""

    duckdb: Path | None = None
    flat: Path | None = None
    excel: Path | None = None

    @property
    def paths(self) -> list[Path]:
        """Those that are to be made."""
        return [path for path in astuple(self) if path]


def resolve_targets(targets: Targets, data: DataDir, *, force: bool) -> Targets:
    """The same with links followed, all of them fit to be made.

    Raises:
        UsageError: there are none, one is in the way of another or of `data`, or one exists and `force` is false.
    """
    found = Targets(*(path and _follow(path) for path in astuple(targets)))
    if not found.paths:
        raise UsageError("say what to make: --duckdb FILE, --flat DIR or --excel FILE")
    _require_apart(found)
    for path, target in zip(targets.paths, found.paths, strict=True):
        data.require_outside(target)
        if target == found.flat:
            _require_free_folder(path, target, force=force)
        else:
            _require_free_file(path, target, force=force)
    if found.duckdb and "?" in str(found.duckdb):
        raise UsageError(
            f"{found.duckdb}: DuckDB can't write a database whose path has a question mark in it: name another file"
        )
    return found


def _follow(path: Path) -> Path:
    try:
        return path.resolve()
    except RuntimeError as error:
        raise UsageError(f"{path} is a link that leads to itself: name another place") from error


def _require_apart(targets: Targets) -> None:
    for one, other in permutations(targets.paths, 2):
        if one.is_relative_to(other):
            raise UsageError(f"one export would go to {other}, and another to {one}: name places apart")


def _require_free_file(path: Path, target: Path, *, force: bool) -> None:
    if target.is_dir():
        raise UsageError(f"{path} is a folder: name a file in it")
    if target.exists() and not target.is_file():
        raise UsageError(f"{path} isn't a file, but a device, a pipe or a socket: name a file")
    _require_free(path, target, force=force)


def _require_free_folder(path: Path, target: Path, *, force: bool) -> None:
    """Even by force, only what an export made is replaced: a folder can hold anything."""
    if target.exists() and not target.is_dir():
        raise UsageError(f"{path} isn't a folder: name one")
    held = sorted(target.iterdir()) if target.exists() else []
    if foreign := [file.name for file in held if file.name not in list_flat_files() or not file.is_file()]:
        raise UsageError(
            f"{path} holds {foreign[0]}, which no export made: name a folder that is empty or doesn't exist"
        )
    if held or not target.exists():
        _require_free(path, target, force=force)


def _require_free(path: Path, target: Path, *, force: bool) -> None:
    """A link that leads nowhere yet isn't free either: somebody means something by it."""
    if (target.exists() or path.is_symlink()) and not force:
        raise UsageError(f"{path} exists: name another place, or replace it with --force")
