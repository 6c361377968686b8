"""Pictures that were fetched: a folder with one file a picture, named as the last part of its key."""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from etl.errors import UsageError
from etl.training.trainingset import Row, Written


def name_picture(row: Row) -> str:
    """The name of a row's picture."""
    return PurePosixPath(row["image_key"]).name


def keep_pictured(rows: Iterable[Row], images: Path, written: Written) -> Iterator[tuple[Row, Path]]:
    """Those rows whose picture is in the folder, with its path; the others are counted as left out."""
    for row in rows:
        path = images / name_picture(row)
        if path.is_file():
            yield row, path
        else:
            written.left_out += 1


def require_pictures(images: Path) -> None:
    """Refuse a folder without any picture, or whose name no file could say.

    Raises:
        UsageError: it is none.
    """
    if any("\ud800" <= letter <= "\udfff" for letter in str(images)):
        raise UsageError(f"{images} has a name that isn't text, and the command is kept with the set: rename it")
    if not images.is_dir():
        raise UsageError(f"{images} isn't a folder of pictures: `abid-etl images --to {images}` makes one")
    if not any(images.glob("*.jpg")):
        raise UsageError(f"{images} holds no picture, as 00523.jpg: `abid-etl images --to {images}` gets them")
