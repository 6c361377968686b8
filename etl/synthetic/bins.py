"""What lies in the bins: quantities, items and the likeness of neighbours.

A picture is taken when a bin is touched, so the next picture is often of the same bin with a unit more or less. Here a
*visit* is a run of one to three pictures of one shelf, each a step away from the one before. Bins are made in blocks of
`BLOCK`: all chance in a block comes from one pair of dice thrown for its number, and no visit crosses its edge, so any
process can make any block by itself.

A shelf has a few slots, each for one kind of item, and a unit goes either to a slot at random or beside another unit
(Pólya's urn): that gives the many items in ones and the few in dozens of the real bins. The odds below were fitted
together, so that all bins reach the published totals (see the package's docstring) and neighbours are as alike as the
real ones; to change one is to fit them again.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

from etl.synthetic.chance import Odds, pick, throw_dice

BLOCK = 1000  # bins
SURELY_BOTH_STYLES = 100  # bins from which on there is at least one with an unpadded stem
LARGEST_UNPADDED = 9_999  # 10000 would be the stem of a padded bin
LARGEST_EXPECTED = 330

# Expected quantity at the first picture of a visit; from 11 on by a power law, which gives the published mean.
FIRST_EXPECTED = Odds(
    [
        *enumerate([3065, 5470, 14530, 18830, 16510, 12020, 8360, 5960, 4170, 2800, 2145]),
        *((quantity, 1.26e7 * quantity**-3.8) for quantity in range(11, LARGEST_EXPECTED + 1)),
    ]
)
SLOTS = Odds([(1, 0.02), (2, 0.02), (3, 0.15), (6, 0.37), (8, 0.26), (26, 0.19)])
CLUSTERING = 0.53  # weight of each slot in the urn: the larger, the more evenly units spread
PICTURES = Odds([(1, 0.36), (2, 0.58), (3, 0.06)])
TAKE = 0.59  # share of steps that take units away; the others add a new item
TAKEN_UNITS = Odds([(1, 0.85), (2, 0.11), (3, 0.025), (4, 0.015)])
ADDED_UNITS = Odds([(1, 0.52), (2, 0.22), (3, 0.11), (4, 0.06), (5, 0.03), (6, 0.02), (8, 0.02), (12, 0.02)])
PUT_BACK = 0.16  # share of third pictures that show the first state again
MISCOUNTED = 0.0006  # share of visits whose bins expect more units than they list


class Line(NamedTuple):
    """Units of one item; `version` chooses among the records that an item may have."""

    item: int
    version: int
    quantity: int


class Bin(NamedTuple):
    """What one document tells."""

    stem: str
    expected: int
    lines: tuple[Line, ...]
    is_pictured: bool
    """Whether the document names its picture and has no normalised names: the variant of the unpadded stems."""
    shelf: int
    """Number of the first bin of the visit. No document tells it, but pictures show it."""


class Block(NamedTuple):
    """Bins first..last (inclusive) of one of the two styles of stem."""

    is_pictured: bool
    first: int
    last: int

    @property
    def size(self) -> int:
        """Number of bins."""
        return self.last - self.first + 1


ItemDraw = Callable[[Random], int]


def count_pictured(bins: int) -> int:
    """Return how many of the bins have an unpadded stem: 1,200 of the real 536,434."""
    return min(round(bins * 1200 / 536434), LARGEST_UNPADDED) or int(bins >= SURELY_BOTH_STYLES)


def divide_blocks(bins: int) -> list[Block]:
    """Return the blocks in the order of their documents: unpadded stems come first."""
    pictured = count_pictured(bins)
    return [
        Block(is_pictured, first, min(first + BLOCK - 1, last))
        for is_pictured, last in ((True, pictured), (False, bins - pictured))
        for first in range(1, last + 1, BLOCK)
    ]


def fill_block(block: Block, *, seed: int, bins: int, draw_item: ItemDraw) -> Iterator[Bin]:
    """Yield the bins of a block in the order of their numbers."""
    if block.is_pictured:
        return _fill_pictured(block, throw_dice(seed, "pictured", block.first), count_pictured(bins), draw_item)
    return _fill_padded(block, throw_dice(seed, "padded", block.first), draw_item)


def _fill_pictured(block: Block, dice: Random, pictured: int, draw_item: ItemDraw) -> Iterator[Bin]:
    """Unpadded bins were sampled: as many of each expected quantity from 0 to 5, and no neighbours."""
    for number in range(block.first, block.last + 1):
        expected = (number - 1) * 6 // pictured
        lines = _Shelf(dice, draw_item, expected).list_lines()
        yield Bin(str(number), expected, lines, is_pictured=True, shelf=number)


def _fill_padded(block: Block, dice: Random, draw_item: ItemDraw) -> Iterator[Bin]:
    number = block.first
    while True:
        shelf = number
        for expected, lines in _visit_shelf(dice, draw_item):
            if number > block.last:
                return
            yield Bin(f"{number:05d}", expected, lines, is_pictured=False, shelf=shelf)
            number += 1


def _visit_shelf(dice: Random, draw_item: ItemDraw) -> list[tuple[int, tuple[Line, ...]]]:
    """Expected quantity and lines at each picture of one visit. An empty shelf is pictured once."""
    shelf = _Shelf(dice, draw_item, FIRST_EXPECTED.draw(dice))
    missing = 1 if shelf.units and dice.random() < MISCOUNTED else 0
    pictures = PICTURES.draw(dice) if shelf.units else 1
    states = [(len(shelf.units) + missing, shelf.list_lines())]
    for last in range(1, pictures):
        if last > 1 and dice.random() < PUT_BACK:
            states.append(states[0])
        else:
            shelf.change()
            states.append((len(shelf.units) + missing, shelf.list_lines()))
    return states


class _Shelf:
    """The units on a shelf, each given by its item."""

    def __init__(self, dice: Random, draw_item: ItemDraw, quantity: int) -> None:
        self.units: list[int] = []
        self._dice = dice
        self._draw_item = draw_item
        self._fill(quantity)

    def _fill(self, quantity: int) -> None:
        random = self._dice.random
        slots = [-1] * SLOTS.draw(self._dice)
        fresh = CLUSTERING * len(slots)
        for placed in range(quantity):
            place = random() * (fresh + placed)
            if place >= fresh:
                self.units.append(self.units[int(place - fresh)])
                continue
            slot = int(place / CLUSTERING)
            if slots[slot] < 0:
                slots[slot] = self._draw_item(self._dice)
            self.units.append(slots[slot])

    def change(self) -> None:
        """Take some units away, but never the last, or add a new item."""
        dice = self._dice
        if len(self.units) > 1 and dice.random() < TAKE:
            for _ in range(min(TAKEN_UNITS.draw(dice), len(self.units) - 1)):
                self.units.remove(pick(dice, list(dict.fromkeys(self.units))))
        else:
            self.units += [self._draw_item(dice)] * ADDED_UNITS.draw(dice)

    def list_lines(self) -> tuple[Line, ...]:
        """One line an item, each with a record chosen anew."""
        return tuple(Line(item, int(self._dice.random() * 2), count) for item, count in Counter(self.units).items())
