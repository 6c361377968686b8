"""Round numbers: the edges of a histogram's classes, which are all of one width, and ticks on a logarithmic scale."""

import math
from collections import Counter

_MOST = 40  # classes
_FEW = 6  # powers of ten
_SLACK = 1e-9  # of a class: 0.58 is the lower edge of one, although 0.58 / 0.02 is a little below 29


def count_by_class(numbers: list[float], *, whole: bool) -> tuple[list[tuple[float, int]], float]:
    """The lower edge of each class from the lowest to the highest, how many numbers are in it; and how wide each is.

    The highest number is in the last class, although it may be its upper edge, so that no class begins there; a class
    of whole numbers has no such edge.
    """
    if not numbers:
        return [], 1
    low, high = min(numbers), max(numbers)
    step = round_up((high - low) / _MOST)
    step = max(1, int(step)) if whole else step or round_up(abs(high) / _MOST) or 1
    last = math.floor(high / step + _SLACK) if whole else math.ceil(high / step - _SLACK) - 1
    counts = Counter(min(last, math.floor(number / step + _SLACK)) for number in numbers)
    return [(_clean(place * step), counts[place]) for place in range(min(counts), last + 1)], step


def round_up(width: float) -> float:
    """The next of 1, 2, 5, 10, 20, ..."""
    if width == 0:
        return 0
    power = 10.0 ** math.floor(math.log10(width))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= width * (1 - 1e-9))


def find_log_ticks(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, 20, ... from one below `low` to one above `high`; 1, 10, 100, ... where these are very many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if len(powers) <= _FEW else (1,)
    return [_clean(factor * 10.0**power) for power in powers for factor in factors]


def _clean(edge: float) -> float:
    """Without what binary fractions add: 0.58 for 29 times 0.02."""
    return edge if isinstance(edge, int) else float(f"{edge:.12g}")
