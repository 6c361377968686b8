"""Copies of manifests beside the pictures, which have the rows of those pictures only that are there.

Pictures of several manifests belong in one folder, and many a manifest is called train.jsonl. So a copy has the name of
the manifest's folder in its own, and what isn't known to be of that manifest is never replaced.
"""

import hashlib
import os
import shutil
from collections import Counter
from itertools import count
from pathlib import Path

from etl.atomic import replace_file
from etl.errors import UsageError
from etl.images.manifests import Manifest, open_manifest
from etl.images.receipts import Receipts


def place_copy(manifest: Path, folder: Path) -> Path:
    """Where the copy of a manifest belongs: in its own place, where it lies in `folder` (resolved) itself."""
    path = _locate(manifest)
    return path if path.parent == folder else folder / "-".join(path.parts[1:][-2:])


def require_copy(manifest: Path, folder: Path, receipts: Receipts) -> None:
    """Find out before anything is got whether a copy may be made.

    Raises:
        UsageError: something else is in its place.
    """
    copy = place_copy(manifest, folder)
    known = receipts.copies.get(copy.name)
    if copy != _locate(manifest) and copy.exists() and known != _find_origin(manifest, folder):
        what = f"the copy of {os.path.normpath(folder / known)}" if known else "no copy of a manifest"
        raise UsageError(
            f"the copy of {manifest} is to be {copy}, and that is {what}: rename or remove it, or name another folder "
            "with --to"
        )


def keep_rows(manifest: Manifest, folder: Path, keys: set[str], receipts: Receipts) -> Path | None:
    """Leave a copy of `manifest` in `folder` that has the rows of `keys` only.

    One that lies there itself is replaced, since all that is there must agree, as where others read a folder as a data
    set; but not without need.

    Returns:
        Where all rows are kept then, beside it.
    """
    copy, former = place_copy(manifest.path, folder), None
    if copy == _locate(manifest.path):
        if keys.issuperset(manifest.read_keys()):
            return None
        former = _keep_all(manifest)
    else:
        receipts.copies[copy.name] = _find_origin(manifest.path, folder)
        receipts.write()  # before there is one: what isn't known to be a copy isn't replaced
    manifest.write_copy(copy, keys)
    return former


def _locate(manifest: Path) -> Path:
    return manifest.parent.resolve() / manifest.name


def _find_origin(manifest: Path, folder: Path) -> str:
    """Still true when both were moved."""
    return os.path.relpath(_locate(manifest), folder)


def _keep_all(manifest: Manifest) -> Path:
    """The first of `.all`, `.all.2` and so on that has all rows; a new one where none has, for none is replaced."""
    path = manifest.path
    for number in count(1):
        former = path.with_name(f"{path.name}.all{f'.{number}' * (number > 1)}")
        if not former.exists():
            break
        if _has_rows(former, manifest):
            return former
    with replace_file(former) as temporary:
        shutil.copyfile(path, temporary)
    return former


def _has_rows(former: Path, manifest: Manifest) -> bool:
    """Whether a file has all rows of `manifest`. Holds a hash a row."""
    try:
        held = _count_rows(open_manifest(former, manifest.path.suffix))
    except UsageError:
        return False
    return _count_rows(manifest) <= held


def _count_rows(manifest: Manifest) -> Counter[bytes]:
    return Counter(hashlib.blake2b(row, digest_size=16).digest() for row in manifest.read_rows())
