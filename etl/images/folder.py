"""The folder of pictures: which are there and whole, and writing one.

A picture appears whole or not at all, and what is there is read and held to the listing before it is relied on. So a
killed run leaves nothing to repair, and no file has to wait for the disk.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etl.atomic import remove_leftovers, replace_file
from etl.datadir import DataDir
from etl.errors import StorageError, UsageError, is_full_disk
from etl.images.copies import place_copy
from etl.images.receipts import NAME, Receipts
from etl.lock import lock_folder
from etl.sources.base import IMAGES_PREFIX, Entry, Source, verify_body

_FIRST, _LAST = b"\xff\xd8", b"\xff\xd9"  # the marks of a JPEG's start and end
_NEAR_THE_END = 64  # bytes: some cameras fill up what they write
_BLOCK = 4096  # bytes: what a file takes of a disk comes in such pieces


def require_places(folder: Path, data: DataDir, manifests: list[Path], sizes: Path | None) -> Path:
    """The folder, resolved, if what is to be written may be: pictures and copies of manifests there, and `sizes`.

    Raises:
        UsageError: it may not.
    """
    target = folder.resolve()
    data.require_outside(target)
    if target.exists() and not target.is_dir():
        raise UsageError(f"--to {folder} is no folder: name another")
    if sizes:
        data.require_outside(sizes.resolve())
        taken = {path for manifest in manifests for path in (manifest.resolve(), place_copy(manifest, target))}
        if sizes.resolve() in {*taken, target / NAME}:
            raise UsageError(f"--sizes {sizes} would replace the manifest, its copy or receipts: name another file")
        if sizes.suffix != ".parquet":
            raise UsageError(f"--sizes {sizes} is to be a Parquet file: name one that ends in .parquet")
        _require_file(sizes)
    return target


def _require_file(sizes: Path) -> None:
    if sizes.is_dir():
        raise UsageError(f"--sizes {sizes} is a folder: name a file, as {sizes / 'sizes.parquet'}")
    parent = next(path for path in sizes.resolve().parents if path.exists())
    if not parent.is_dir():
        raise UsageError(f"--sizes {sizes} can't be made: {parent} is no folder")


def require_apart(folder: Path, source: Source) -> None:
    """Refuse a folder within the source, whose own pictures would be replaced.

    Raises:
        UsageError: it is there.
    """
    root = Path(source.uri)
    if root.is_dir() and folder.is_relative_to(root):
        raise UsageError(f"--to {folder} is in the source {root} itself: name a place outside")


@contextmanager
def open_folder(folder: Path) -> Iterator[Receipts]:
    """Make `folder` ready to be written to, by this process alone. Its receipts are written when the block ends.

    Raises:
        StorageError: no space is left in it.
        UsageError: another process writes to it, or its receipts can't be read.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with lock_folder(folder, "--to"):
            remove_leftovers(folder)
            with Receipts(folder) as receipts:
                yield receipts
    except OSError as error:
        if not is_full_disk(error):
            raise
        raise StorageError(f"no space is left in {folder}: {_ROOM}") from error


def require_room(folder: Path, needed: int, free: int) -> None:
    """Refuse to begin where the rest wouldn't fit. Sizes in bytes.

    Raises:
        StorageError: it wouldn't.
    """
    if needed > free:
        raise StorageError(f"{folder} has {free:,} bytes free, and the pictures to get need {needed:,}: {_ROOM}")


_ROOM = (
    "free some, name a folder on a larger disk with --to, or get fewer with --limit; then run the same command again: "
    "what was done stays"
)


def place_picture(folder: Path, key: str) -> Path:
    """Where the picture of a key belongs."""
    return folder / key.removeprefix(IMAGES_PREFIX)


def measure_room(size: int) -> int:
    """The bytes of a disk that a file of `size` bytes takes."""
    return -(-size // _BLOCK) * _BLOCK


def is_there(folder: Path, entry: Entry, md5: str | None) -> bool:
    """Whether the listed picture is in the folder, and whole; `md5` is what the receipts say of this version of it."""
    path = place_picture(folder, entry.key)
    if not path.is_file() or path.stat().st_size != entry.size:
        return False
    content = path.read_bytes()
    if not is_whole(content) or md5 is None:
        return is_whole(content) and not verify_body(entry, content).error
    return hashlib.md5(content, usedforsecurity=False).hexdigest() == (md5 or entry.etag)


def is_whole(content: bytes) -> bool:
    """Whether a JPEG begins and ends."""
    return content.startswith(_FIRST) and _LAST in content[-_NEAR_THE_END:]


def write_picture(folder: Path, key: str, content: bytes) -> None:
    """Put a picture into the folder."""
    with replace_file(place_picture(folder, key), synced=False) as path:
        path.write_bytes(content)


def remove_broken(folder: Path, key: str) -> None:
    """Remove a picture that is there and isn't whole."""
    path = place_picture(folder, key)
    if path.is_file() and not is_whole(path.read_bytes()):
        path.unlink()
