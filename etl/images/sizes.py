"""How wide and high pictures are, from their headers alone: no picture is decoded."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from etl.atomic import replace_file
from etl.errors import UsageError
from etl.images.folder import place_picture
from etl.progress import UNWATCHED, Progress

SIZES_SCHEMA = pa.schema(
    [
        pa.field("image_key", pa.string(), nullable=False),
        pa.field("bin_id", pa.string(), nullable=False),
        pa.field("width_px", pa.int32()),
        pa.field("height_px", pa.int32()),
    ]
)
"""One row per picture. Neither width nor height is known where the header of a picture can't be read."""

_ROWS = 8_192


def require_pillow() -> None:
    """Find out before anything is got whether sizes can be read.

    Raises:
        UsageError: they can't: Pillow isn't installed.
    """
    try:
        import PIL.JpegImagePlugin  # noqa: F401, PLC0415  (optional)
    except ImportError as error:
        raise UsageError("--sizes needs Pillow: pip install 'abid-warehouse[pictures]'") from error


def write_sizes(path: Path, folder: Path, pictures: pa.Table, progress: Progress = UNWATCHED) -> list[str]:
    """Write a table of `SIZES_SCHEMA`, in the order of `pictures`, all of which are in `folder`.

    Returns:
        The keys of those whose header can't be read.
    """
    unread = []
    with (
        progress.step("measuring pictures", pictures.num_rows, "pictures") as step,
        replace_file(path) as temporary,
        pq.ParquetWriter(temporary, SIZES_SCHEMA, compression="zstd") as writer,
    ):
        for batch in pictures.to_batches(max_chunksize=_ROWS):
            rows = list(_measure(folder, batch))
            unread += [row["image_key"] for row in rows if row["width_px"] is None]
            writer.write_batch(pa.RecordBatch.from_pylist(rows, SIZES_SCHEMA))
            step.advance(batch.num_rows)
    return unread


def _measure(folder: Path, pictures: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    for picture in pictures.to_pylist():
        width, height = _read_size(place_picture(folder, picture["key"]))
        yield {"image_key": picture["key"], "bin_id": picture["bin_id"], "width_px": width, "height_px": height}


def _read_size(path: Path) -> tuple[int, int] | tuple[None, None]:
    from PIL.JpegImagePlugin import JpegImageFile  # noqa: PLC0415  (optional)

    try:
        with JpegImageFile(path) as picture:  # its class itself: no other format is tried
            return picture.size
    except (SyntaxError, ValueError, OSError):
        return None, None
