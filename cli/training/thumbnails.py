"""Local pictures of bins, as addresses that hold the picture itself: small ones where Pillow is installed."""

from base64 import b64encode
from contextlib import suppress
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from warnings import catch_warnings

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST_SIDE = 400  # pixels
_QUALITY = 80
_JPEG = b"\xff\xd8\xff"


class UnreadablePictureError(Exception):
    """What has the name of a picture is none."""


def can_shrink() -> bool:
    """Whether pictures are made smaller; else they are taken as they are."""
    return find_spec("PIL") is not None


def embed_picture(path: Path) -> str | None:
    """A picture as a data: URL, with sides of `LONGEST_SIDE` at most if it can be made so; None where no file is.

    Raises:
        UnreadablePictureError: it is no JPEG, or as far as is known not a whole one.
    """
    if not path.is_file():
        return None
    try:
        body = _shrink(path) if can_shrink() else path.read_bytes()
    except OSError as error:
        raise UnreadablePictureError from error
    if not body.startswith(_JPEG):
        raise UnreadablePictureError
    return f"data:image/jpeg;base64,{b64encode(body).decode()}"


def _shrink(path: Path) -> bytes:
    with catch_warnings(action="ignore"):  # Pillow tells of whatever it forgives
        upright = _read_upright(path)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    small = BytesIO()
    upright.save(small, "JPEG", quality=_QUALITY)
    return small.getvalue()


def _read_upright(path: Path) -> "Image":
    from PIL import Image  # noqa: PLC0415  (an optional extra, and slow to import)

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        with catch_warnings(action="error", category=bombs[1]), Image.open(path, formats=["JPEG"]) as picture:
            picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            picture.load()
            _turn(picture)
            return picture.convert("RGB")
    except (SyntaxError, ValueError, *bombs) as error:
        raise UnreadablePictureError from error


def _turn(picture: "Image") -> None:
    """Turn a loaded picture in its place, as its EXIF says, and leave it as it is where that is damaged.

    Pillow reads EXIF, and once the picture is turned writes it anew, without asking what is in it: damage raises
    errors of any type. None is a reason not to show the picture, whose pixels are whole.
    """
    from PIL import ImageOps  # noqa: PLC0415

    with suppress(Exception):
        ImageOps.exif_transpose(picture, in_place=True)
