"""Local pictures of bins, as addresses that hold the picture itself: small ones where Pillow is installed."""

from base64 import b64encode
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from warnings import catch_warnings

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
    from PIL import Image, ImageOps  # noqa: PLC0415  (an optional extra, and slow to import)

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        with catch_warnings(action="error", category=bombs[1]), Image.open(path, formats=["JPEG"]) as picture:
            picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (SyntaxError, ValueError, *bombs) as error:
        raise UnreadablePictureError from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    small = BytesIO()
    upright.save(small, "JPEG", quality=_QUALITY)
    return small.getvalue()
