"""Small JPEGs, each of another size, for tests to put into buckets."""

import io

from PIL import Image


def make_jpeg(number: int, exif: bytes = b"") -> bytes:
    """A picture of `measure_jpeg(number)` pixels."""
    file = io.BytesIO()
    Image.new("RGB", measure_jpeg(number), (number % 256, number // 256 % 256, 0)).save(file, "jpeg", exif=exif)
    return file.getvalue()


def measure_jpeg(number: int) -> tuple[int, int]:
    """Width and height, each different from the other."""
    return 8 + number % 50, 60 + number % 7


def make_jpegs(count: int) -> dict[str, bytes]:
    """By key, those of the bins 00001 and so on."""
    return {f"bin-images/{number:05d}.jpg": make_jpeg(number) for number in range(1, count + 1)}
