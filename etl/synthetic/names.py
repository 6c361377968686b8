"""Invented names of products, with the lengths and the oddities of the real ones."""

from random import Random

from etl.synthetic import words
from etl.synthetic.chance import Odds, Quantiles, pick

LENGTH = Quantiles(
    (0, 4), (0.01, 14), (0.05, 24), (0.1, 30), (0.25, 42), (0.5, 62), (0.75, 93), (0.9, 152), (0.95, 180),
    (0.99, 216), (1, 250),
)  # fmt: skip
LONG_LENGTH = Quantiles((0, 400), (0.8, 480), (1, 755))
LONG = 0.001
PACKED = 0.092
SHORTEST_PHRASE = 12  # characters; names below are a single word, cut
NO_MARK = ("",)
MARKS = Odds(
    [
        (NO_MARK, 0.9423),
        (words.FOREIGN_MARKS, 0.051),
        (words.ENTITY_MARKS, 0.0062),
        (words.BROKEN_MARKS, 0.00065),
    ]
)


def invent_names(dice: Random, *, is_book: bool) -> tuple[str, str]:
    """Return a name and its normalised form, which moves the size of the pack to the front."""
    length = int((LONG_LENGTH if dice.random() < LONG else LENGTH).draw(dice))
    name = _invent_title(dice, length) if is_book else _invent_product(dice, length)
    if dice.random() >= PACKED:
        return name, name
    pack = pick(dice, words.PACKS)
    return f"{name} {pack}", f"{pack} {name}"


def _invent_product(dice: Random, length: int) -> str:
    brand = pick(dice, words.BRAND_STARTS) + pick(dice, words.BRAND_ENDS)
    if length < SHORTEST_PHRASE:
        return brand[:length]
    mark = pick(dice, MARKS.draw(dice))
    start = f"{brand}{mark} {pick(dice, words.QUALITIES)} {pick(dice, words.THINGS)}"
    return _extend_phrase(dice, start, words.FEATURES, length)


def _invent_title(dice: Random, length: int) -> str:
    subject = pick(dice, words.SUBJECTS)
    if length < SHORTEST_PHRASE:
        return subject[:length]
    mark = pick(dice, MARKS.draw(dice))
    return _extend_phrase(dice, f"{pick(dice, words.TITLE_STARTS)} {subject}{mark}", words.TITLE_ENDS, length)


def _extend_phrase(dice: Random, start: str, endings: tuple[str, ...], length: int) -> str:
    phrases = [start]
    missing = length - len(start)
    while missing > 0:
        phrase = pick(dice, endings)
        phrases.append(phrase)
        missing -= len(phrase) + 1
    return " ".join(phrases)


def reword_name(dice: Random, name: str) -> str:
    """Return a second name for an item: sellers give another ending to a name."""
    return f"{name.rpartition(' ')[0] or name} {pick(dice, words.QUALITIES)}"
