"""Every random choice of the synthetic bucket starts here.

A `random.Random` is seeded with a text that names what is being made, so an item or a block of bins comes out the same
in whichever process makes it. Only `random()` is drawn from: of the generator's methods it alone is promised to give
the same numbers in every version of Python.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


def throw_dice(seed: int, what: str, index: int) -> Random:
    """Return the dice for one thing of a kind: the same for the same seed."""
    return Random(f"{seed}/{what}/{index}")  # noqa: S311 - made-up data, no secret


def pick(dice: Random, choices: Sequence[T]) -> T:
    """Return one of the choices, each as likely."""
    return choices[int(dice.random() * len(choices))]


class Odds(Generic[T]):
    """Values and their weights."""

    def __init__(self, table: Iterable[tuple[T, float]]) -> None:
        pairs = list(table)
        self._values = [value for value, _ in pairs]
        self._bounds = list(accumulate(weight for _, weight in pairs))

    def draw(self, dice: Random) -> T:
        """Return a value, as often as its weight says."""
        return self._values[bisect_right(self._bounds, dice.random() * self._bounds[-1])]


class Quantiles:
    """A distribution given as (probability, value) points from 0 to 1, straight in between."""

    def __init__(self, *points: tuple[float, float]) -> None:
        self._probabilities = [probability for probability, _ in points]
        self._values = [value for _, value in points]

    def draw(self, dice: Random) -> float:
        """Return a value of the distribution."""
        chance = dice.random()
        right = bisect_right(self._probabilities, chance)
        low, high = self._probabilities[right - 1], self._probabilities[right]
        start, stop = self._values[right - 1], self._values[right]
        return start + (chance - low) / (high - low) * (stop - start)
