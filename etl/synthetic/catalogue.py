"""The items of the synthetic warehouse and how often each is met.

An item is a pure function of (seed, item number). Some have a second record, since the real bucket describes some items
differently from bin to bin. ASINs are affine images of the item's number, so that no two are alike, which a hash
could not promise for the 200 million ISBNs.

Demand has two parts, fitted to the published counts of ASINs that are seen once, twice and ten times: a common stock
from which every item is drawn alike often, and a long tail by a power law of the rank. Both grow with the bucket; the
head of the tail does not, so that small buckets have no item in every bin.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from etl.synthetic.chance import throw_dice
from etl.synthetic.measures import Measures, draw_measures, measure_again
from etl.synthetic.names import invent_names, reword_name

COMMON_SHARE = 0.2757
COMMON_PER_BIN = 0.162
TAIL_PER_BIN = 19.7
HEAD_RANKS = 116.0
TAIL_EXPONENT = 0.938

ISBN_SHARE = 0.08
NAMELESS = 0.00023
OTHER_NAME = 0.022
OTHER_MEASURES = 0.016
ALIAS_RANKS = (400, 600, 800)  # FCSKUs unlike their ASIN: near the head, so that the ASIN's own FCSKU is met as well
ANONYMOUS_RANK = 2500  # at times without an ASIN
CACHED_ITEMS = 1 << 16

ASIN_DIGITS = 8  # after B0
BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ASINS = len(BASE36) ** ASIN_DIGITS
ASIN_STEP = 1_743_542_189_431  # has no factor in common with ASINS
ISBNS = 200_000_000  # those that start with 0 or 1, as English ones do
ISBN_STEP = 123_606_797  # has no factor in common with ISBNS


@dataclass(frozen=True, slots=True)
class Item:
    """What documents say about an item, all but how many."""

    fcsku: str
    asin: str | None
    name: str | None
    normalized_name: str | None
    measures: Measures


class Catalogue:
    """All the items that a bucket of so many bins draws from."""

    def __init__(self, *, seed: int, bins: int) -> None:
        self._seed = seed
        self._tail = max(round(bins * TAIL_PER_BIN), 1)
        self._common = max(round(bins * COMMON_PER_BIN), 1)
        self._asin_offset = int(throw_dice(seed, "asins", 0).random() * ASINS)
        self._power = 1 - TAIL_EXPONENT
        self._low = HEAD_RANKS**self._power
        self._span = (self._tail + HEAD_RANKS) ** self._power - self._low
        self.describe_item = lru_cache(CACHED_ITEMS)(self._describe_item)

    def draw_item(self, dice: Random) -> int:
        """Return the number of an item: ranks of the tail come first, the common stock after them."""
        if dice.random() < COMMON_SHARE:
            return self._tail + int(dice.random() * self._common)
        rank = int((self._low + dice.random() * self._span) ** (1 / self._power) - HEAD_RANKS)
        return min(max(rank, 0), self._tail - 1)

    def _describe_item(self, number: int) -> tuple[Item, Item]:
        """The usual record of an item and the one that some bins have instead: nearly always the same."""
        dice = throw_dice(self._seed, "item", number)
        is_book = dice.random() < ISBN_SHARE
        asin = make_isbn(number, self._asin_offset) if is_book else make_asin(number, self._asin_offset)
        name, normalized = invent_names(dice, is_book=is_book)
        item = Item(asin, asin, name, normalized, draw_measures(dice))
        if dice.random() < NAMELESS:
            item = replace(item, name=None, normalized_name=None)
        if number in ALIAS_RANKS:
            item = replace(item, fcsku=f"ZZX{asin[3:]}", asin=self.describe_item(number + 1)[0].asin)
        other = replace(item, asin=None) if number == ANONYMOUS_RANK else item
        if dice.random() < OTHER_NAME:
            name = reword_name(dice, name)
            other = replace(other, name=name, normalized_name=name)
        if dice.random() < OTHER_MEASURES:
            other = replace(other, measures=measure_again(dice, item.measures))
        return item, other


def make_asin(number: int, offset: int) -> str:
    """Return B0 and eight digits of base 36."""
    rest = (number * ASIN_STEP + offset) % ASINS
    digits = []
    for _ in range(ASIN_DIGITS):
        rest, digit = divmod(rest, len(BASE36))
        digits.append(BASE36[digit])
    return "B0" + "".join(digits)


def make_isbn(number: int, offset: int) -> str:
    """Return an ISBN-10: nine digits and the check digit, the tenth, which is X for ten."""
    digits = f"{(number * ISBN_STEP + offset) % ISBNS:09d}"
    check = -sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), digits, strict=True)) % 11
    return digits + "0123456789X"[check]
