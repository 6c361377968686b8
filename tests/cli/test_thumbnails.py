"""Pictures as a contact sheet embeds them, whatever their EXIF says."""

from base64 import b64decode
from io import BytesIO
from pathlib import Path

import pytest
from jpegs import make_jpeg, measure_jpeg
from PIL import Image

from cli.training.thumbnails import embed_picture


def make_exif() -> bytes:
    """To be turned by a quarter; with two tags more, a text and a ratio."""
    exif = Image.Exif()
    exif[0x112], exif[0x10F], exif[0x11A] = 6, "maker", 1.5
    return exif.tobytes()


TURN = bytes.fromhex("0112 0003 00000001 0006")
MAKER, RATIO = bytes.fromhex("010f 0002"), bytes.fromhex("011a 0005")
GOOD = make_exif()
# Tags of another type than their value: Pillow reads them, and can't write them again.
UNWRITABLE = {
    "a text where a number is meant": GOOD.replace(RATIO, bytes.fromhex("0101 0005")),
    "a text where a ratio is meant": GOOD.replace(MAKER, bytes.fromhex("011f 0002")),
}
UNREADABLE = {
    "no header": b"Exif\0\0nothing of the kind",
    "an end too early": GOOD[:20],
    "an order of bytes that is none": GOOD.replace(b"MM", b"XX"),
}


def measure(path: Path) -> tuple[int, int]:
    address = embed_picture(path)
    assert address
    with Image.open(BytesIO(b64decode(address.removeprefix("data:image/jpeg;base64,")))) as picture:
        return picture.size


def test_a_picture_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    assert TURN in GOOD
    (tmp_path / "a.jpg").write_bytes(make_jpeg(1, GOOD))
    assert measure(tmp_path / "a.jpg") == measure_jpeg(1)[::-1]


@pytest.mark.parametrize("damage", UNWRITABLE)
def test_a_picture_is_turned_although_its_other_exif_is_damaged(damage: str, tmp_path: Path) -> None:
    assert UNWRITABLE[damage] != GOOD
    (tmp_path / "a.jpg").write_bytes(make_jpeg(1, UNWRITABLE[damage]))
    assert measure(tmp_path / "a.jpg") == measure_jpeg(1)[::-1]


@pytest.mark.parametrize("damage", UNREADABLE)
def test_a_picture_is_shown_as_it_is_where_its_exif_can_not_be_read(
    damage: str, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    (tmp_path / "a.jpg").write_bytes(make_jpeg(1, UNREADABLE[damage]))
    assert measure(tmp_path / "a.jpg") == measure_jpeg(1)
    assert recwarn.list == []
