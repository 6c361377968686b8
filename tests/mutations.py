"""Documents made hostile, reproducibly: their JSON is taken apart, spoiled in a place or two, and spelled again."""

import json
import random
from typing import Any

from oracle import Members

NUMBERS = (
    *("0", "-0", "-1", "1.0", "2.5", "1e2", "1E+2", "1e300", "1e400", "-1e400", "1e-400", "2147483647", "2147483648"),
    *("9007199254740993", "9223372036854775808", "18446744073709551616", "9" * 400, "0." + "3" * 400, "4.9e-324"),
    *("NaN", "Infinity", "-Infinity", "nan", "01", "+1", ".5", "1.", "0x10", "1_000"),
)
TEXTS = (
    *("", " ", "\x00", "a\x00b", "\x1b[2J\x1b]0;owned\x07", "\x9b31m", "\u202eevil\u2066", "\ufeff", "\u2028", "\x7f"),
    *("=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "<script>alert(1)</script>", "'; drop table bins; --", "../../etc/x"),
    *("null", "NaN", "\U0001f4e6", "e\u0301", "asin", "quantity", "unit", "value", "EXPECTED_QUANTITY", "a" * 5_000),
)
RAW = (
    *("null", "true", "false", "[]", "{}", "[1, [2, {}]]", '{"unit": "IN"}', '{"unit": "IN", "value": 1, "value": 2}'),
    *('{"unit": 1, "value": 1}', '{"unit": "IN", "value": "1"}', '{"unit": "IN", "value": NaN}', '{"a": 1, "a": 1}'),
    *('"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\/"', '"\\x"', '"\t"', "'a'", "None", ""),
)
BYTES = (b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b",", b"}", b'"', b"\\")
WRAPPINGS = ((b"[", b"]"), (b'{"a":', b"}"), (b"\n ", b"\r\n\t"), (b"//\n", b""), (b"\x0c", b""))


class Raw(str):
    """JSON text that stands for itself, valid or not."""

    __slots__ = ()


def mutate(document: Any, random_: random.Random) -> bytes:
    """The bytes of `document`, spoiled once or twice; a few stay as they are."""
    tree = _take_apart(document)
    for _ in range(random_.choice((0, 1, 1, 1, 2))):
        random_.choice(_IN_THE_TREE)(tree, random_)
    body = _spell(tree, random_).encode("utf-8", "surrogatepass")
    return random_.choice(_IN_THE_BYTES)(body, random_) if random_.random() < 0.3 else body


def _take_apart(value: Any) -> Any:
    match value:
        case dict():
            return Members((name, _take_apart(inner)) for name, inner in value.items())
        case list():
            return [_take_apart(inner) for inner in value]
        case _:
            return value


def _spell(value: Any, random_: random.Random) -> str:
    match value:
        case Members():
            spelled = (f"{_spell(name, random_)}: {_spell(inner, random_)}" for name, inner in value)
            return "{" + random_.choice((", ", ",", ",\n\t")).join(spelled) + "}"
        case list():
            return "[" + ", ".join(_spell(inner, random_) for inner in value) + "]"
        case Raw():
            return value
        case _:
            return json.dumps(value, ensure_ascii=random_.random() < 0.5)


def _list_objects(value: Any) -> list[Members]:
    match value:
        case Members():
            return [value, *(found for _, inner in value for found in _list_objects(inner))]
        case list():
            return [found for inner in value for found in _list_objects(inner)]
        case _:
            return []


def _pick(tree: Any, random_: random.Random) -> tuple[Members, int]:
    """An object, and the place of a member in it."""
    inhabited = [members for members in _list_objects(tree) if members]
    members = random_.choice(inhabited) if inhabited else Members([("", None)])
    return members, random_.randrange(len(members))


def _replace(tree: Any, random_: random.Random) -> None:
    members, place = _pick(tree, random_)
    value = random_.choice((Raw(random_.choice(NUMBERS)), random_.choice(TEXTS), Raw(random_.choice(RAW))))
    members[place] = (members[place][0], value)


def _rename(tree: Any, random_: random.Random) -> None:
    members, place = _pick(tree, random_)
    members[place] = (random_.choice(TEXTS), members[place][1])


def _remove(tree: Any, random_: random.Random) -> None:
    members, place = _pick(tree, random_)
    del members[place]


def _repeat(tree: Any, random_: random.Random) -> None:
    members, place = _pick(tree, random_)
    members.insert(random_.randrange(len(members) + 1), members[place])


def _add(tree: Any, random_: random.Random) -> None:
    members, place = _pick(tree, random_)
    members.insert(place, (random_.choice(TEXTS), Raw(random_.choice(RAW + NUMBERS))))


def _transplant(tree: Any, random_: random.Random) -> None:
    """One part of the document in the place of another."""
    members, place = _pick(tree, random_)
    others, other = _pick(tree, random_)
    members[place] = (members[place][0], _copy(others[other][1]))


def _copy(value: Any) -> Any:
    match value:
        case Members():
            return Members((name, _copy(inner)) for name, inner in value)
        case list():
            return [_copy(inner) for inner in value]
        case _:
            return value


def _flip_bits(body: bytes, random_: random.Random) -> bytes:
    flipped = bytearray(body)
    for _ in range(random_.randint(1, 3)):
        flipped[random_.randrange(len(flipped))] ^= 1 << random_.randrange(8)
    return bytes(flipped)


def _insert(body: bytes, random_: random.Random) -> bytes:
    place = random_.choice((0, len(body), random_.randrange(len(body))))
    return body[:place] + random_.choice(BYTES) + body[place:]


def _cut(body: bytes, random_: random.Random) -> bytes:
    start = random_.choice((0, random_.randrange(len(body))))
    return body[:start] if start else body[random_.randrange(len(body)) :]


def _clear(_body: bytes, _random: random.Random) -> bytes:
    return b""


def _wrap(body: bytes, random_: random.Random) -> bytes:
    before, after = random_.choice(WRAPPINGS)
    return before + body + after


# What is named twice happens twice as often.
_IN_THE_TREE = (_replace, _replace, _rename, _remove, _repeat, _add, _transplant)
_IN_THE_BYTES = (_flip_bits, _flip_bits, _insert, _insert, _cut, _wrap, _clear)
