"""Files and folders that appear whole or not at all: written under a temporary name, synced, renamed once."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_SUFFIX = ".tmp"
_UNFINISHED: set[Path] = set()


@contextmanager
def replace_file(path: Path, *, synced: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path` to write to; it takes the place of `path` when the block ends well.

    Only what is held to its hash before it is relied on may do without `synced`: a loss of power can leave it empty.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _removing(path.with_name(f".{path.name}.{os.getpid()}{_SUFFIX}")) as temporary:
        yield temporary
        if synced:
            sync(temporary)
        temporary.replace(path)


@contextmanager
def replace_folder(path: Path, check_former: Callable[[Path], None] | None = None) -> Iterator[Path]:
    """Yield a temporary folder beside `path` to fill; it takes the place of `path` when the block ends well.

    A folder that was there before is gone for a moment, since no rename replaces one that holds files. In that moment
    `check_former` is told where it is, and by an error has it put back. A link is followed: one that is replaced itself
    would leave the folder behind it.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, former = (path.with_name(f".{path.name}.{os.getpid()}.{which}{_SUFFIX}") for which in ("new", "old"))
    with _removing(temporary):
        temporary.mkdir()
        try:
            yield temporary
            for file in temporary.rglob("*"):
                sync(file)
            if path.exists():
                path.replace(former)
                if check_former:
                    check_former(former)
            temporary.replace(path)
        finally:
            if former.exists() and temporary.exists():  # an empty folder that came in between is replaced
                former.replace(path)
            remove_folder(former)


@contextmanager
def open_folder() -> Iterator[Path]:
    """Yield an empty folder for temporary files, which is gone when the block ends."""
    with _removing(Path(tempfile.mkdtemp())) as folder:
        yield folder


def remove_unfinished() -> None:
    """Remove what the blocks above have still to finish, for a process that is ended within one."""
    for path in tuple(_UNFINISHED):
        _remove(path)


@contextmanager
def _removing(path: Path) -> Iterator[Path]:
    _UNFINISHED.add(path)
    try:
        yield path
    finally:
        _remove(path)
        _UNFINISHED.discard(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        remove_folder(path)
    else:
        path.unlink(missing_ok=True)


def remove_folder(path: Path) -> None:
    """Remove a folder, if it is there; to its end, even when somebody interrupts that."""
    try:
        shutil.rmtree(path, ignore_errors=True)
    except KeyboardInterrupt:
        shutil.rmtree(path, ignore_errors=True)
        raise


def move_files(folder: Path, target: Path) -> None:
    """Move all files below `folder` to the same places below `target`, on the same disk."""
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        place = target / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place)


def sync(path: Path) -> None:
    """Have the kernel put `path` on the disk, so that a rename can't outlive the bytes it promises."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed runs left in `folder` under the names of `replace_file`, and nothing that is called else."""
    for path in folder.glob(f".*{_SUFFIX}"):
        if path.stem.rpartition(".")[2].isdecimal() and (path.is_file() or path.is_symlink()):
            path.unlink(missing_ok=True)
