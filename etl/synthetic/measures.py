"""Measurements of items: sizes with length >= width >= height, weights, and the ways in which they lack or are noisy.

The real values were converted from metric units and back with a float's loss, so 4.4 inches reads 4.399999995512001.
"""

from random import Random
from typing import NamedTuple

from etl.synthetic.chance import Quantiles

LENGTH = Quantiles(
    (0, 0.5), (0.01, 2.6), (0.05, 3.9), (0.25, 6.1), (0.5, 8.2), (0.75, 10.8), (0.95, 15), (0.99, 17.1), (1, 31)
)
WIDTH_TO_LENGTH = Quantiles(
    (0, 0.05), (0.01, 0.187), (0.05, 0.32), (0.25, 0.56), (0.5, 0.7), (0.75, 0.827), (0.95, 0.983), (1, 1)
)
HEIGHT_TO_WIDTH = Quantiles(
    (0, 0.005), (0.01, 0.02), (0.05, 0.066), (0.25, 0.18), (0.5, 0.365), (0.75, 0.643), (0.95, 0.98), (1, 1)
)
POUNDS_TO_ROOT_VOLUME = Quantiles(
    (0, 0.001), (0.01, 0.0026), (0.05, 0.0064), (0.25, 0.034), (0.5, 0.0635), (0.75, 0.118), (0.95, 0.275), (1, 0.6)
)  # pounds to the square root of cubic inches: bulky items are lighter for their size
INCH_NOISE = 0.99999999898
POUND_NOISE = 0.9999999991614
NOISY_SIZE = 0.9
METRIC_SIZE = 0.05  # share of sizes that were taken in millimetres
NOISY_WEIGHT = 0.62
FINE_WEIGHT = 0.24  # share of weights to the hundredth of a pound; the others are to the twentieth
LIGHT = 0.04  # pounds; what weighs less is booked as ten grams
TEN_GRAMS = 0.022046001167587297
UNMEASURED = 0.0014  # neither weight nor size
UNWEIGHED = 0.0217
UNSIZED = 0.00023


class Measures(NamedTuple):
    """Inches and pounds. A size that is missing is missing in all three."""

    length: float | None
    width: float | None
    height: float | None
    weight: float | None


def draw_measures(dice: Random) -> Measures:
    """Return the measurements of a new item."""
    length = LENGTH.draw(dice)
    width = length * WIDTH_TO_LENGTH.draw(dice)
    height = width * HEIGHT_TO_WIDTH.draw(dice)
    pounds = (length * width * height) ** 0.5 * POUNDS_TO_ROOT_VOLUME.draw(dice)
    measures = Measures(*_round_sizes(dice, length, width, height), _round_weight(dice, pounds))
    gap = dice.random()
    if gap < UNMEASURED:
        return Measures(None, None, None, None)
    if gap < UNMEASURED + UNWEIGHED:
        return measures._replace(weight=None)
    if gap < UNMEASURED + UNWEIGHED + UNSIZED:
        return Measures(None, None, None, measures.weight)
    return measures


def measure_again(dice: Random, before: Measures) -> Measures:
    """Return a second measurement, which differs from the one before."""
    after = draw_measures(dice)
    while after == before:
        after = draw_measures(dice)
    return after


def _round_sizes(dice: Random, length: float, width: float, height: float) -> tuple[float, float, float]:
    per_inch = 25.4 if dice.random() < METRIC_SIZE else 10.0
    noise = INCH_NOISE if dice.random() < NOISY_SIZE else 1.0
    length, width, height = (max(round(size * per_inch), 1) / per_inch * noise for size in (length, width, height))
    return length, width, height


def _round_weight(dice: Random, pounds: float) -> float:
    if pounds < LIGHT:
        return TEN_GRAMS
    noise = POUND_NOISE if dice.random() < NOISY_WEIGHT else 1.0
    if dice.random() < FINE_WEIGHT:
        return round(pounds * 100) / 100 * noise
    return max(round(pounds * 20), 1) / 20 * noise
