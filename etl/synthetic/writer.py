"""Writes a synthetic bucket: a directory laid out as the real one, by as many processes as there are.

Work is shared out in blocks of bins, which need nothing from each other. The times of the files are part of the bucket,
since a mirror goes by them: each is set from the number of the document. The marker comes last: a directory
without it was left unfinished.
"""

import json
import os
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from etl.errors import UsageError
from etl.synthetic.bins import Block, count_pictured, divide_blocks, fill_block
from etl.synthetic.catalogue import Catalogue
from etl.synthetic.document import Typesetter
from etl.synthetic.faults import choose_faults
from etl.workers import Workers

if TYPE_CHECKING:
    from etl.synthetic.pictures import Painter

METADATA = "metadata"
IMAGES = "bin-images"
MARKER = "abid-synthetic.json"  # as `etl.sources.base` has it, which would bring pyarrow into every worker
PLANTED = "planted.jsonl"
GENERATOR = 1
FIRST_TIME = 1_483_228_800  # 2017-01-01T00:00:00Z
YEAR = 365 * 24 * 3600  # seconds
TIME_STEP = 7919  # seconds between documents, before they wrap around the year


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What was written. `bytes` are those of the documents."""

    documents: int
    bytes: int
    planted: int
    seconds: float


class _Order(NamedTuple):
    """Everything that a worker needs to know."""

    directory: Path
    bins: int
    seed: int
    planted: int
    pictures: bool


class _Written(NamedTuple):
    documents: int
    bytes: int
    planted: list[str]


def synthesize(  # noqa: PLR0913 - the keywords are the public face
    directory: Path,
    *,
    bins: int,
    seed: int,
    dirty: float = 0.0,
    pictures: bool = False,
    processes: int | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Synthesis:
    """Write a bucket of invented documents.

    The same `bins`, `seed` and `dirty` give the same files, bytes and modification times; those of pictures also go
    by the version of Pillow. Each further process is started anew, so a script that calls this needs the usual
    `if __name__ == "__main__"`.

    Args:
        directory: where to write; made when missing, and else must be empty.
        bins: the number of documents, bad ones included.
        seed: chooses the bucket among those of its size.
        dirty: share of documents to spoil, in turn in every way that `etl.synthetic.faults` knows.
        pictures: whether to make the picture of each bin, too; a spoiled document's shows the bin as it was.
        processes: one a core when not given.
        on_progress: called with the number of documents written since its last call.

    Raises:
        UsageError: an argument is out of its range, the directory isn't empty, or Pillow is missing.
    """
    started = time.monotonic()
    _check_arguments(directory, bins, dirty)
    order = _Order(directory, bins, seed, round(bins * dirty), pictures)
    if pictures:
        _make_painter(order)
    for folder in (METADATA, IMAGES) if pictures else (METADATA,):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    documents, size, planted = 0, 0, list[str]()
    with closing(_write_blocks(order, processes or os.cpu_count() or 1)) as blocks:
        for written in blocks:
            documents += written.documents
            size += written.bytes
            planted += written.planted
            if on_progress:
                on_progress(written.documents)
    if dirty:
        _write_file(directory / PLANTED, "".join(planted).encode(), 0)
    marker = {"synthetic": True, "bins": bins, "seed": seed, "dirty": float(dirty), "generator": GENERATOR}
    if pictures:
        marker["pictures"] = True
    _write_file(directory / MARKER, json.dumps(marker, indent=4).encode(), 0)
    return Synthesis(documents, size, len(planted), time.monotonic() - started)


def _check_arguments(directory: Path, bins: int, dirty: float) -> None:
    if bins < 1:
        raise UsageError(f"A bucket needs at least 1 bin, not {bins}.")
    if not 0 <= dirty <= 1:
        raise UsageError(f"The dirty share must lie between 0 and 1, not be {dirty}.")
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory} is a file: name a directory for the synthetic bucket.")
    if (directory / MARKER).exists():
        raise UsageError(f"{directory} holds a synthetic bucket already: name another directory or delete this one.")
    if directory.exists() and any(directory.iterdir()):
        raise UsageError(f"{directory} is not empty: name a new or empty directory for the synthetic bucket.")


def _write_blocks(order: _Order, processes: int) -> Generator[_Written]:
    """Yield in the order of the documents, which `planted.jsonl` keeps."""
    blocks = divide_blocks(order.bins)
    write_block = partial(_write_block, order)
    try:
        if processes == 1 or len(blocks) == 1:
            yield from map(write_block, blocks)
        else:
            with Workers(min(processes, len(blocks))) as workers:
                for future in [workers.submit(write_block, block) for block in blocks]:
                    yield future.result()
    finally:
        _make_typesetter.cache_clear()
        _make_painter.cache_clear()


@lru_cache(maxsize=1)
def _make_typesetter(seed: int, bins: int) -> Typesetter:
    """One for all the blocks of a process: it remembers items."""
    return Typesetter(Catalogue(seed=seed, bins=bins))


@lru_cache(maxsize=1)
def _make_painter(order: _Order) -> "Painter":
    from etl.synthetic.pictures import Painter  # noqa: PLC0415  (documents need no Pillow)

    return Painter(_make_typesetter(order.seed, order.bins).catalogue, order.seed)


def _write_block(order: _Order, block: Block) -> _Written:
    typesetter = _make_typesetter(order.seed, order.bins)
    first = block.first - 1 + (0 if block.is_pictured else count_pictured(order.bins))
    spoiled = choose_faults(range(first, first + block.size), bins=order.bins, planted=order.planted, seed=order.seed)
    documents = fill_block(block, seed=order.seed, bins=order.bins, draw_item=typesetter.catalogue.draw_item)
    metadata = order.directory / METADATA
    size, planted = 0, list[str]()
    for position, bin_ in enumerate(documents, first):
        stem = bin_.stem
        if order.pictures:
            _write_file(order.directory / IMAGES / f"{stem}.jpg", _make_painter(order).paint(bin_), position)
        if fault := spoiled.get(position):
            stem, content = fault.spoil(bin_, typesetter)
            planted.append(fault.describe(f"{METADATA}/{stem}.json"))
            (metadata / stem).parent.mkdir(exist_ok=True)
        else:
            content = typesetter.set_document(bin_).encode("ascii")
        _write_file(f"{metadata}/{stem}.json", content, position)
        size += len(content)
    return _Written(block.size, size, planted)


def _write_file(path: str | Path, content: bytes, position: int) -> None:
    """Write a new file in four system calls. The time is that of the document at a position, somewhere in 2017."""
    moment = (FIRST_TIME + position * TIME_STEP % YEAR) * 1_000_000_000
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        while content:  # a disk that fills up writes a part first
            content = content[os.write(descriptor, content) :]
        os.utime(descriptor, ns=(moment, moment))
    finally:
        os.close(descriptor)
