"""The parameters of reports, as the lines below `parameters:` declare them, and which values they take.

    NAME  TYPE  DEFAULT  MEANING

TYPE is varchar, integer, count (a whole number from 0), double or choice(ONE, OTHER). Numbers can have bounds, which
they may reach: double(0..1), count(1..), integer(..9). A number is finite.
"""

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

_LARGEST = 2**63 - 1
_TYPES = {"varchar": str, "count": int, "integer": int, "double": float}
_NUMBER = r"-?\d+(?:\.\d+)?"
_BOUNDS = re.compile(rf"({_NUMBER})?\.\.({_NUMBER})?")
_PARAMETER = re.compile(
    r"([a-z]+(?:-[a-z]+)*)\s+(varchar|count|integer|double|choice)(?:\(([^)]+)\))?\s+(\S+)\s+(\S.*)"
)
Value = str | int | float


@dataclass(frozen=True, slots=True)
class Parameter:
    """A report's parameter. One without a default must be given."""

    name: str
    type: type[str] | type[int] | type[float]
    choices: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    default: Value | None
    help: str

    @property
    def variable(self) -> str:
        """Its name in SQL and in Python."""
        return self.name.replace("-", "_")

    @property
    def bounds(self) -> str:
        """Between which numbers it is; empty where that isn't limited."""
        match self.minimum, self.maximum:
            case None, None:
                return ""
            case low, None:
                return f"at least {low}"
            case None, high:
                return f"at most {high}"
            case low, high:
                return f"from {low} to {high}"


def find_fault(parameter: Parameter, value: Value) -> str:
    """What is wrong with a value of a parameter, to be said after its name; empty when nothing is."""
    if isinstance(value, bool) or not isinstance(value, (int, float) if parameter.type is float else parameter.type):
        return f"takes a value of type {parameter.type.__name__}"
    if parameter.choices and value not in parameter.choices:
        return f"is one of {', '.join(parameter.choices)}, not {value}"
    return "" if isinstance(value, str) else _find_number_fault(parameter, value)


def _find_number_fault(parameter: Parameter, value: float) -> str:
    if not _is_within(parameter, value):
        return f"is {parameter.bounds}, not {value}"
    if not math.isfinite(value):
        return f"is a finite number, not {value}"
    if isinstance(value, int) and abs(value) > _LARGEST:
        return f"is at most {_LARGEST}, not {value}"
    return ""


def _is_within(parameter: Parameter, value: float) -> bool:
    """NaN is within no bounds."""
    low, high = parameter.minimum, parameter.maximum
    return (low is None or value >= low) and (high is None or value <= high)


def parse_parameter(row: str, path: Path) -> Parameter:
    """The parameter that a line of the header of the report at `path` declares.

    Raises:
        ValueError: it declares none, or a default that the parameter can't have.
    """
    match = _PARAMETER.fullmatch(row)
    parameter = _declare(*match.group(1, 2, 3, 5)) if match else None
    if not match or not parameter:
        raise ValueError(
            f"{path}: not a parameter: {row}\nA parameter is a name of small letters and hyphens, a type (varchar, "
            "count, integer, double or choice(ONE, OTHER); numbers can have bounds, as double(0..1) or count(1..)), "
            "a default or `required`, and its meaning"
        )
    default = match[4]
    if default == "required":
        return parameter
    value = _parse_default(parameter, default.strip("'"))
    if fault := find_fault(parameter, value):
        raise ValueError(f"{path}: not a default of a parameter: {row}\n{parameter.name} {fault}")
    return replace(parameter, default=value)


def _declare(name: str, type_name: str, inside: str | None, help_text: str) -> Parameter | None:
    """The parameter without its default; None where `inside`, the text in parentheses, isn't what the type takes."""
    type_ = _TYPES.get(type_name, str)
    parameter = Parameter(name, type_, (), 0 if type_name == "count" else None, None, None, help_text)
    if type_name == "choice":
        return replace(parameter, choices=tuple(choice.strip() for choice in inside.split(","))) if inside else None
    return _bound(parameter, inside) if inside else parameter


def _bound(parameter: Parameter, inside: str) -> Parameter | None:
    match = _BOUNDS.fullmatch(inside)
    if not match or parameter.type is str:
        return None
    low, high = (None if text is None else _parse_number(text) for text in match.groups())
    bound = replace(parameter, minimum=parameter.minimum if low is None else low, maximum=high)
    ends = [end for end in (bound.minimum, bound.maximum) if end is not None]
    is_fit = ends == sorted(ends) and (parameter.type is float or all(isinstance(end, int) for end in ends))
    return bound if is_fit else None


def _parse_number(text: str) -> float:
    return float(text) if "." in text else int(text)


def _parse_default(parameter: Parameter, text: str) -> Value:
    """The value that the text spells; the text itself where it spells none of this type."""
    try:
        return parameter.type(text)
    except ValueError:
        return text
