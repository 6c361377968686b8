"""What the tables must say of a document, decided with Python's own JSON reader and nothing of the project.

JSON as RFC 8259 has it, stricter in two points: no object of the contract names a member twice, and no text has half a
surrogate pair, which isn't Unicode. Laxer in one: a NaN or an Infinity where a number belongs is a fault of that line
alone, so it is read first and refused then.
"""

import json
import math
import re
import sys
from dataclasses import dataclass, field
from typing import Any, NoReturn

from rebuilding import SIDES, Document, Place

sys.set_int_max_str_digits(0)  # JSON has no largest number

_LINES, _EXPECTED = "BIN_FCSKU_DATA", "EXPECTED_QUANTITY"
_NAMES = ("asin", "name", "normalizedName")
_STRING_OR_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|-?\b(?:nan|inf(?:inity)?)\b', re.DOTALL | re.IGNORECASE)


class Number(str):
    """A number as it was spelled."""

    __slots__ = ()


class NoNumber(str):
    """NaN, Infinity or -Infinity."""

    __slots__ = ()


class Members(list[tuple[str, Any]]):
    """An object, in order, each name as often as it was spelled."""

    def names(self) -> list[str]:
        return [name for name, _ in self]

    def has_twice(self) -> bool:
        return len(set(self.names())) < len(self)


class Fault(Exception):  # noqa: N818  (of the document, not of the program)
    """Why something is rejected, and where."""

    def __init__(self, reason: str, place: Place) -> None:
        super().__init__(reason, place)
        self.reason, self.place = reason, place


@dataclass(frozen=True)
class Verdict:
    """What is loaded of a document, without the rejected lines (None: nothing), and why the rest is not."""

    document: Document | None
    faults: dict[Place, str] = field(default_factory=dict)


def judge(body: bytes) -> Verdict:
    try:
        return _judge(_read(body))
    except Fault as fault:
        return Verdict(None, {fault.place: fault.reason})


def _read(body: bytes) -> Any:
    if not body:
        raise Fault("empty", ())
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Fault("not_utf8", ()) from None
    if text.startswith("\ufeff"):
        raise Fault("byte_order_mark", ())
    try:
        read = json.loads(
            _STRING_OR_CONSTANT.sub(_spell_as_python, text),
            object_pairs_hook=Members,
            parse_int=Number,
            parse_float=Number,
            parse_constant=NoNumber,
        )
        json.dumps(read, ensure_ascii=False).encode()  # fails on half a surrogate pair
    except (json.JSONDecodeError, UnicodeEncodeError):
        raise Fault("not_json", ()) from None
    return read


def _spell_as_python(match: re.Match[str]) -> str:
    """What Python's reader takes no notice of otherwise: nan, INF."""
    found = match[0]
    if found.startswith('"'):
        return found
    sign = "-" if found.startswith("-") else ""
    return "NaN" if "a" in found.lower() else f"{sign}Infinity"


def _judge(read: Any) -> Verdict:
    if not isinstance(read, Members):
        raise Fault("not_object", ())
    if read.has_twice():
        raise Fault("duplicate_key", ())
    members = dict(read)
    lines = _find_lines(members)
    if _EXPECTED not in members:
        raise Fault("missing_field", (_EXPECTED,))
    if not _is_whole(members[_EXPECTED]):
        raise Fault("expected_quantity_not_whole", (_EXPECTED,))
    if any(_has_no_number(value) for name, value in members.items() if name != _LINES):
        raise Fault("not_json", ())
    document, faults = {name: _plain(value) for name, value in members.items()}, {}
    document[_LINES] = {}
    for fcsku, line in lines:
        try:
            document[_LINES][fcsku] = _judge_line(line, (_LINES, fcsku))
        except Fault as fault:
            faults[fault.place] = fault.reason
    return Verdict(document, faults)


def _find_lines(members: dict[str, Any]) -> Members:
    if _LINES not in members:
        raise Fault("missing_field", (_LINES,))
    lines = members[_LINES]
    if not isinstance(lines, Members):
        raise Fault("lines_not_object", (_LINES,))
    if lines.has_twice():
        raise Fault("duplicate_key", (_LINES,))
    return lines


def _judge_line(line: Any, place: Place) -> Document:
    if not isinstance(line, Members):
        raise Fault("line_not_object", place)
    if line.has_twice():
        raise Fault("duplicate_key", place)
    members = dict(line)
    for name in _NAMES:
        if name in members or name != "normalizedName":
            _require_text_or_null(members.get(name, ...), (*place, name))
    if "quantity" not in members:
        raise Fault("missing_field", (*place, "quantity"))
    if not _is_whole(members["quantity"]):
        raise Fault("quantity_not_whole", (*place, "quantity"))
    measured = {
        side: _judge_measurement(members.get(side, ...), (*place, side)) for side in ("length", "width", *SIDES)
    }
    if any(_has_no_number(value) for value in members.values()):
        raise Fault("not_json", place)
    return {name: _plain(value) for name, value in members.items()} | measured


def _require_text_or_null(value: Any, place: Place) -> None:
    if value is ...:
        raise Fault("missing_field", place)
    if value is not None and not _is_text(value):
        raise Fault("not_text", place)


def _judge_measurement(value: Any, place: Place) -> Document | None:
    def refuse(reason: str) -> NoReturn:
        raise Fault(reason, place)

    if value is ...:
        refuse("missing_field")
    if value is None:
        return None
    if not isinstance(value, Members):
        refuse("measurement_not_object")
    if value.has_twice():
        refuse("duplicate_key")
    members = dict(value)
    if "unit" not in members or "value" not in members:
        refuse("missing_field")
    if not _is_text(members["unit"]):
        refuse("not_text")
    if not isinstance(members["value"], Number | NoNumber):
        refuse("measurement_not_number")
    if not math.isfinite(float(members["value"])):
        refuse("measurement_not_finite")
    plain: Document = {name: _plain(inner) for name, inner in members.items()}
    return plain | {"value": float(plain["value"])}  # of -0, which is a whole number, 0.0


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Number | NoNumber)


def _is_whole(value: Any) -> bool:
    return isinstance(value, Number) and re.fullmatch("-?[0-9]+", value) is not None and 0 <= int(value) < 2**31


def _has_no_number(value: Any) -> bool:
    match value:
        case Members():
            return any(_has_no_number(inner) for _, inner in value)
        case list():
            return any(map(_has_no_number, value))
        case _:
            return isinstance(value, NoNumber)


def _plain(value: Any) -> Any:
    """As `json.loads` gives it without further ado."""
    match value:
        case Members():
            return {name: _plain(inner) for name, inner in value}
        case list():
            return [_plain(inner) for inner in value]
        case Number() | NoNumber():
            return json.loads(value)
        case _:
            return value
