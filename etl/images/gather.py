"""Getting pictures into a folder: those that aren't there yet, by the reader that documents are fetched with."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from etl.images.folder import (
    is_there,
    is_whole,
    measure_room,
    place_picture,
    remove_broken,
    require_room,
    write_picture,
)
from etl.images.receipts import Receipts
from etl.progress import UNWATCHED, Progress
from etl.sources.base import Body, Source, iterate_entries

_TURN_SECONDS = 0.2
_UNLISTED = "the source doesn't list it"
_BROKEN = "what the source holds is no whole JPEG"
_STAYS = "; the file of that name in the folder stays as it is"


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be got, and what needn't be. Sizes and `free`, the room in the folder, in bytes.

    `pictures` are all that were asked for, and `missing` (`LISTING_SCHEMA`) those of them that are listed and not
    `there`.
    """

    pictures: pa.Table
    missing: pa.Table
    listed: int
    listed_size: int
    there: int
    missing_size: int
    free: int
    unlisted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gathering:
    """What became of an errand. `had` are the pictures that are in the folder now, in the order of the errand.

    `failed` has the keys of all others, sorted, and why; `size`, in bytes, is of those that `came`.
    """

    had: pa.Table
    came: int
    there: int
    size: int
    seconds: float
    failed: tuple[tuple[str, str], ...]


def plan_errand(
    folder: Path, pictures: pa.Table, listed: pa.Table, receipts: Receipts, progress: Progress = UNWATCHED
) -> Errand:
    """Look at what is in the folder, and whether the rest has room there.

    Args:
        folder: where the pictures belong, which is there.
        pictures: all that were asked for, as `etl.images.wanted` has them.
        listed: those of them that the source holds (`LISTING_SCHEMA`).
        receipts: what is known of the folder.
        progress: who watches.

    Raises:
        StorageError: there is too little room.
    """
    missing, needed = [], 0
    with progress.step("looking at what is there", listed.num_rows, "pictures") as step:
        for entry, md5 in zip(iterate_entries(listed), receipts.find_md5s(listed), strict=True):
            found = is_there(folder, entry, md5.as_py())
            missing.append(not found)
            needed += 0 if found else measure_room(entry.size)
            step.advance(1, entry.size if found else 0)
    to_get = listed.filter(pa.array(missing, pa.bool_()))
    errand = Errand(
        pictures=pictures,
        missing=to_get,
        listed=listed.num_rows,
        listed_size=_sum_sizes(listed),
        there=listed.num_rows - to_get.num_rows,
        missing_size=_sum_sizes(to_get),
        free=shutil.disk_usage(folder).free,
        unlisted=tuple(_leave_out(pictures, listed["key"])["key"].to_pylist()),
    )
    require_room(folder, needed, errand.free)
    return errand


def gather_pictures(
    source: Source, folder: Path, errand: Errand, receipts: Receipts, progress: Progress = UNWATCHED
) -> Gathering:
    """Get what is missing. Each picture is written as it comes, so what came stays whatever happens.

    No whole picture is removed, not even where the source has another one or none: it may have come from elsewhere.

    Raises:
        SourceError: the source as a whole can't be read any more.
    """
    started = time.monotonic()
    failed: dict[str, str] = {}
    came = size = 0
    with progress.step("getting pictures", errand.missing.num_rows, "pictures") as step, source.open_reader() as reader:
        reader.add(errand.missing)
        reader.end()
        while (bodies := reader.take(_TURN_SECONDS)) is not None:
            for body in bodies:
                if error := _keep(folder, body, receipts):
                    failed[body.entry.key] = error
                else:
                    came, size = came + 1, size + len(body.content)
                step.advance(1, len(body.content))
            for name, count in reader.tallies().items():
                step.tally(name, count)
            step.advance(0)
    for key in failed:
        remove_broken(folder, key)
    failed = _explain(folder, failed | dict.fromkeys(errand.unlisted, _UNLISTED))
    had = _leave_out(errand.pictures, pa.array(failed, pa.string()))
    return Gathering(had, came, errand.there, size, time.monotonic() - started, tuple(sorted(failed.items())))


def _leave_out(pictures: pa.Table, keys: pa.Array | pa.ChunkedArray) -> pa.Table:
    return pictures.filter(pc.invert(pc.is_in(pictures["key"], value_set=keys)))


def _keep(folder: Path, body: Body, receipts: Receipts) -> str:
    """Put what came into the folder; returns why that can't be.

    The receipt goes first: one without its picture does no harm, for the picture is held to it.
    """
    if body.error or not is_whole(body.content):
        return body.error or _BROKEN
    receipts.add(body)
    try:
        write_picture(folder, body.entry.key, body.content)
    except IsADirectoryError:
        return f"{place_picture(folder, body.entry.key)} is a folder: remove or rename it"
    return ""


def _explain(folder: Path, failed: dict[str, str]) -> dict[str, str]:
    return {key: error + _STAYS * place_picture(folder, key).is_file() for key, error in failed.items()}


def _sum_sizes(listed: pa.Table) -> int:
    return int(pc.sum(listed["size"]).as_py() or 0)
