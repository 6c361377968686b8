"""Pictures of the invented bins: a box for each unit, from which units can be counted, if not without fail.

They share with the real pictures what matters to a model. An item looks the same wherever it lies. A shelf keeps its
wall and the places of its units from one picture to the next, so that a model can know it again; only the light and the
camera change. Boxes of neighbouring places can overlap, and with more units than places they do.

The same bin and seed give the same bytes, with one version of Pillow.
"""

import io
from colorsys import hsv_to_rgb
from functools import lru_cache
from random import Random
from typing import NamedTuple

from etl.errors import UsageError
from etl.synthetic.bins import Bin
from etl.synthetic.catalogue import CACHED_ITEMS, Catalogue
from etl.synthetic.chance import throw_dice

try:
    from PIL import Image, ImageDraw
except ImportError as missing:
    raise UsageError("pictures of bins need a library more: pip install 'abid-warehouse[pictures]'") from missing

WIDTH, HEIGHT = 160, 120  # pixels
COLUMNS, ROWS = 6, 4
CELLS = COLUMNS * ROWS
CELL_WIDTH, CELL_HEIGHT = WIDTH // COLUMNS, HEIGHT // ROWS
NARROWEST, WIDEST = 0.55, 1.4  # of a cell
PER_INCH = 0.05  # of a cell
USUAL_INCHES = 8.0  # of what has no size
JITTER = 0.15  # of a cell, to each side
SHIFT = 3  # pixels that the camera moves at most, to each side
DIMMEST = 0.8  # light
DARK = (20, 20, 20)
QUALITY = 80

Color = tuple[int, int, int]


class _Look(NamedTuple):
    """How all units of an item look."""

    width: int
    height: int
    color: Color
    tape: Color


class Painter:
    """Paints the bins of one bucket."""

    def __init__(self, catalogue: Catalogue, seed: int) -> None:
        self._catalogue = catalogue
        self._seed = seed
        self._describe_look = lru_cache(CACHED_ITEMS)(self._draw_look)

    def paint(self, bin_: Bin) -> bytes:
        """Return a JPEG with as many boxes as the lines of the bin have units."""
        style = "pictured" if bin_.is_pictured else "padded"
        shelf = f"{style} shelf {bin_.shelf}"
        camera = throw_dice(self._seed, f"{style} camera", int(bin_.stem))
        light = DIMMEST + (1 - DIMMEST) * camera.random()
        shift = _draw_offset(camera, SHIFT), _draw_offset(camera, SHIFT)
        image = Image.new("RGB", (WIDTH, HEIGHT), _draw_color(throw_dice(self._seed, shelf, 0), 0.2, 0.4))
        draw = ImageDraw.Draw(image)
        free: list[int] = []
        for line in bin_.lines:
            dice = throw_dice(self._seed, shelf, line.item + 1)
            for _ in range(line.quantity):
                free = free or list(range(CELLS))
                place = _take_place(free, int(dice.random() * CELLS))
                _draw_box(draw, self._describe_look(line.item), _find_center(place, dice, shift))
        return _develop(image.point(lambda value: value * light))

    def _draw_look(self, number: int) -> _Look:
        dice = throw_dice(self._seed, "look", number)
        length, width, _, _ = self._catalogue.describe_item(number)[0].measures
        return _Look(
            int(CELL_WIDTH * _scale(length)),
            int(CELL_HEIGHT * _scale(width)),
            _draw_color(dice, 0.6, 1),
            _draw_color(dice, 0.6, 1),
        )


def _scale(inches: float | None) -> float:
    return min(NARROWEST + PER_INCH * (inches or USUAL_INCHES), WIDEST)


def _draw_color(dice: Random, least_value: float, most_value: float) -> Color:
    value = least_value + (most_value - least_value) * dice.random()
    red, green, blue = (int(part * 255) for part in hsv_to_rgb(dice.random(), dice.random() * 0.8, value))
    return red, green, blue


def _draw_offset(dice: Random, most: float) -> float:
    return (2 * dice.random() - 1) * most


def _take_place(free: list[int], wanted: int) -> int:
    """The wanted place, or the next that is free: so most units stay where they are when others come or go."""
    place = min(free, key=lambda place: (place - wanted) % CELLS)
    free.remove(place)
    return place


def _find_center(place: int, dice: Random, shift: tuple[float, float]) -> tuple[float, float]:
    row, column = divmod(place, COLUMNS)
    across = (column + 0.5 + _draw_offset(dice, JITTER)) * CELL_WIDTH + shift[0]
    down = (row + 0.5 + _draw_offset(dice, JITTER)) * CELL_HEIGHT + shift[1]
    return across, down


def _draw_box(draw: ImageDraw.ImageDraw, look: _Look, center: tuple[float, float]) -> None:
    """A box with a dark edge, and a strip of tape across it."""
    left, top = int(center[0]) - look.width // 2, int(center[1]) - look.height // 2
    draw.rectangle((left, top, left + look.width, top + look.height), look.color, DARK)
    middle = top + look.height // 2
    draw.rectangle((left + 1, middle - 1, left + look.width - 1, middle + 1), look.tape)


def _develop(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=QUALITY)
    return content.getvalue()
