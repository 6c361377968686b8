"""Which side of a split each bin is on.

Wanted are sides that no group is parted by, that hold the asked share of every stratum, that follow from a seed, and
that no bin leaves when others are added behind it. A hash of the group keeps all but the shares: on 3,004 real
documents a stratum was off by up to 12 points. scikit-learn's StratifiedGroupKFold keeps the shares, and moves bins
when others are added. So bins are dealt out in the order of their ids: the first bin of a group draws a side, by a hash
of the seed and its id, among those that its stratum doesn't have its share of yet; the others follow it. What was dealt
depends on earlier bins alone.

A bin that is inserted between others does move those behind it, unless their sides are kept: then these count as dealt
before all others. Kept bins never move, so if they part a group, as they can when a document changed, no further bin of
it is on a side.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from etl.errors import UsageError
from etl.training.groups import Grouped
from etl.training.kept import Kept

STRATEGIES = ("grouped", "random")
_NAMES = {2: ("train", "validation"), 3: ("train", "validation", "test")}
_FEWEST_FOLDS, _MOST_FOLDS = 2, 100
_NEARLY = 1e-9  # shares are doubles
_HASHES = 2**64


@dataclass(frozen=True, slots=True)
class Split:
    """How to share bins out.

    `shares` has the share of each side; they add up to 1. `kept` are the bins that stay where they are.
    """

    shares: dict[str, float]
    seed: int = 0
    strategy: str = "grouped"
    kept: Kept = field(default_factory=Kept)


def parse_ratios(text: str) -> dict[str, float]:
    """The share of each side, from a text as `80/10/10`: training, validation and test.

    Raises:
        UsageError: it isn't two or three numbers above zero, whose sum is a number, too.
    """
    try:
        parts = [float(part) for part in text.split("/")]
    except ValueError:
        parts = []
    if len(parts) not in _NAMES or min(parts) <= 0 or not math.isfinite(sum(parts)):
        raise UsageError(f"not ratios: {text}\nWrite two or three numbers above zero: 80/20, or 80/10/10.")
    return {name: part / sum(parts) for name, part in zip(_NAMES[len(parts)], parts, strict=True)}


def make_folds(count: int) -> dict[str, float]:
    """Equal shares of so many folds.

    Raises:
        UsageError: there can't be so many.
    """
    if not _FEWEST_FOLDS <= count <= _MOST_FOLDS:
        raise UsageError(f"there can be from {_FEWEST_FOLDS} to {_MOST_FOLDS} folds, not {count}")
    return {f"fold-{number}": 1 / count for number in range(1, count + 1)}


def choose_sides(bins: Iterable[Grouped], split: Split) -> Iterator[str | None]:
    """The side of each bin, the kept ones first; None for one that is in no group, or in one that kept sides part."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * len(split.shares))
    names, shares = list(split.shares), list(split.shares.values())
    sides: dict[str, int | None] = {}
    for bin_ in bins:
        if bin_.group is None:
            yield None
            continue
        group = bin_.group if split.strategy == "grouped" else bin_.bin_id
        dealt = counts[bin_.stratum]
        if kept := split.kept.sides.get(bin_.bin_id):
            side: int | None = names.index(kept)
            sides[group] = side if sides.get(group, side) == side else None
        else:
            if group not in sides:
                sides[group] = _draw(shares, dealt, _hash(split.seed, group))
            side = sides[group]
        if side is not None:
            dealt[side] += 1
        yield None if side is None else names[side]


def _hash(seed: int, group: str) -> float:
    """From 0 to below 1."""
    digest = hashlib.md5(f"{seed} {group}".encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big") / _HASHES


def _draw(shares: list[float], dealt: list[int], chance: float) -> int:
    """The side of the next bin of a stratum, of which so many are on each side.

    Sides that would be a whole bin behind their share must have it; else those may that it doesn't bring more than a
    bin ahead. Each with a probability as what it lacks.
    """
    total = sum(dealt) + 1
    lacking = [share * total - count for share, count in zip(shares, dealt, strict=True)]
    must = [side for side, share in enumerate(shares) if dealt[side] < math.floor(share * total + _NEARLY)]
    may = must or [side for side, share in enumerate(shares) if dealt[side] < math.ceil(share * total - _NEARLY)]
    weights = [max(lacking[side], 0) for side in may]
    left = chance * sum(weights)
    for side, weight in zip(may, weights, strict=True):
        left -= weight
        if left < 0:
            return side
    return may[-1]
