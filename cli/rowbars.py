"""Bars beside the rows of a table for people, of the column that the report's bar chart is drawn of."""

from collections.abc import Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

_WIDEST, _NARROWEST = 30, 6  # characters
_EIGHTHS = " ▏▎▍▌▋▊▉"
_FULL, _FULL_ASCII = "█", "#"


def draw_bars(values: Sequence[Any], room: int, *, ascii_only: bool) -> list[str]:
    """A bar a value, the largest as wide as `room` allows; none at all where that is too little, or nothing is above 0.

    A value above 0 has a bar, however short.
    """
    numbers = [
        float(value) if isinstance(value, int | float | Decimal) and isfinite(value) else 0.0 for value in values
    ]
    largest = max(numbers, default=0.0)
    width = min(room, _WIDEST)
    if width < _NARROWEST or largest <= 0:
        return []
    return [_draw(number / largest * width, ascii_only=ascii_only) if number > 0 else "" for number in numbers]


def _draw(length: float, *, ascii_only: bool) -> str:
    if ascii_only:
        return _FULL_ASCII * max(1, round(length))
    full, eighths = divmod(max(1, round(length * 8)), 8)
    return _FULL * full + _EIGHTHS[eighths].strip()
