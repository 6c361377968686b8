"""huggingface: an image folder with `metadata.jsonl` a side, and the card that the hub shows."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from etl.training.formats.card import write_card
from etl.training.pictures import keep_pictured, name_picture
from etl.training.trainingset import Row, TrainingSet, Written


def write_huggingface(made: TrainingSet, folder: Path, images: Path | None) -> Written:
    """Write a folder a side that has rows, with the pictures of `images`; rows without one there are left out.

    Without `images` all rows are there, and the card says how to get the pictures. Streams.
    """
    written = Written()
    counts = {side: _write_side(made, folder, side, images, written) for side in made.sides}
    (folder / "README.md").write_text(
        write_card(made, counts, has_pictures=images is not None), encoding="utf-8", newline=""
    )
    written.files["README.md"] = None
    return written


def _write_side(made: TrainingSet, folder: Path, side: str, images: Path | None, written: Written) -> int:
    (folder / side).mkdir()
    name, count = f"{side}/metadata.jsonl", 0
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        for row in _copy_pictures(made.stream(side), folder / side, images, written):
            file.write(json.dumps({"file_name": name_picture(row), **row}) + "\n")
            count += 1
    written.files[name] = count
    return count


def _copy_pictures(rows: Iterator[Row], folder: Path, images: Path | None, written: Written) -> Iterator[Row]:
    """The rows, each with its picture in place where there are any."""
    if not images:
        yield from rows
        return
    for row, picture in keep_pictured(rows, images, written):
        name = f"{folder.name}/{picture.name}"
        if name not in written.files:
            shutil.copyfile(picture, folder / picture.name)
            written.files[name] = None
        yield row
