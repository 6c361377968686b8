"""Where an axis ends: a few marks that are far off would press all others into a corner.

They are left out where they are few and nearly all the others together are much nearer; it is said how many they are.
"""

from itertools import accumulate

_NEARLY_ALL = 0.99  # of the weight; one mark may be left out in any case
_MOST = 0.9  # of the weight
_FAR = 6  # times as far as most
_NARROW = 40  # bars, which can be told apart


def find_end(places: list[float], weights: list[float], gap: float) -> float:
    """The last place that is drawn, or one beyond; `gap` is the least distance of two, or 0 where that says nothing."""
    total = sum(weights)
    if total <= 0:
        return max(places)
    low = min(places)
    most = _find_reach(places, weights, _MOST * total) - low
    if most + gap == 0:
        return max(places)
    nearly_all = _find_reach(places, weights, min(_NEARLY_ALL * total, total - min(weights)))
    return max(nearly_all, low + _FAR * most, low + _NARROW * gap)


def _find_reach(places: list[float], weights: list[float], weight: float) -> float:
    """The place up to which there is so much weight."""
    ordered = sorted(zip(places, weights, strict=True))
    sums = accumulate(weight for _, weight in ordered)
    reached = (place for (place, _), sum_ in zip(ordered, sums, strict=True) if sum_ >= weight)
    return next(reached, ordered[-1][0])
