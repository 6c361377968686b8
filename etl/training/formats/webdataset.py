"""webdataset: tar archives of samples, each a picture and its row: `00523-000000012.jpg` and `.json`.

The number counts the rows of a side, for several may be about one bin. What a file system says of a picture (time,
owner, mode) stays out, so that the same rows and pictures are the same bytes.
"""

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from etl.training.pictures import keep_pictured
from etl.training.trainingset import Row, TrainingSet, Written

SHARD_BYTES = 512 * 1024**2
_BLOCK = tarfile.BLOCKSIZE


def write_webdataset(made: TrainingSet, folder: Path, images: Path, shard_bytes: int = SHARD_BYTES) -> Written:
    """Write archives of at most so many bytes, as long as a sample isn't larger by itself. Streams.

    Rows without a picture in `images` are left out.
    """
    written = Written()
    for side in made.sides:
        samples = keep_pictured(made.stream(side), images, written)
        written.files |= _write_shards(_pack(samples), folder, side, shard_bytes)
    return written


def _pack(samples: Iterator[tuple[Row, Path]]) -> Iterator[tuple[str, bytes, bytes]]:
    """The key, the picture and the row of each sample."""
    for number, (row, picture) in enumerate(samples, 1):
        yield f"{row['bin_id']}-{number:09}", picture.read_bytes(), json.dumps(row).encode()


def _write_shards(
    samples: Iterator[tuple[str, bytes, bytes]], folder: Path, side: str, shard_bytes: int
) -> dict[str, int | None]:
    files: dict[str, int | None] = {}
    room = rows = 0
    with ExitStack() as stack:
        for key, picture, text in samples:
            size = _measure(picture) + _measure(text)
            if size > room:
                stack.close()
                name = f"{side}-{len(files):06}.tar"
                archive = stack.enter_context(tarfile.open(folder / name, "w", format=tarfile.USTAR_FORMAT))
                room, rows = shard_bytes - tarfile.RECORDSIZE, 0
            _add(archive, f"{key}.jpg", picture)
            _add(archive, f"{key}.json", text)
            room, rows = room - size, rows + 1
            files[name] = rows
    return files


def _measure(content: bytes) -> int:
    """What a file takes up in an archive: its header, and whole blocks."""
    return _BLOCK + -(-len(content) // _BLOCK) * _BLOCK


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    about = tarfile.TarInfo(name)  # of the time 0 and the owner 0
    about.size = len(content)
    archive.addfile(about, io.BytesIO(content))
