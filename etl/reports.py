"""The canned reports of `sql/reports/`: one file is one report, and its header is all that is known about it.

Parameters are typed and bound by name; nothing a user says is ever pasted into SQL.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from etl.errors import UsageError
from etl.sqlfiles import SqlFile, read_folder

_TYPES = {"varchar": str, "count": int, "integer": int, "double": float}
_PARAMETER = re.compile(r"([a-z][a-z-]*)\s+(varchar|count|integer|double|choice\(([^)]*)\))\s+(\S+)\s+(\S.*)")
Value = str | int | float


@dataclass(frozen=True, slots=True)
class Parameter:
    """A report's parameter. One without a default must be given."""

    name: str
    type: type[str] | type[int] | type[float]
    choices: tuple[str, ...]
    minimum: int | None
    maximum: int | None
    default: Value | None
    help: str

    @property
    def variable(self) -> str:
        """Its name in SQL and in Python."""
        return self.name.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Report:
    """A report: what it is called, what it takes, what it asks."""

    name: str
    title: str
    about: str
    parameters: tuple[Parameter, ...]
    chart: str
    example: str
    empty: str
    query: str


@cache
def load_reports() -> dict[str, Report]:
    """All reports by name."""
    return {name: _load(file) for name, file in read_folder("reports").items()}


def find_report(name: str) -> Report:
    """The report of that name.

    Raises:
        UsageError: there is none; the message suggests the nearest.
    """
    reports = load_reports()
    if name not in reports:
        near = get_close_matches(name, reports, n=1)
        hint = f"did you mean {near[0]}?" if near else "`abid-report list` shows all."
        raise UsageError(f"there is no report {name}: {hint}")
    return reports[name]


def bind_parameters(report: Report, given: dict[str, Value]) -> dict[str, Value]:
    """The value of every parameter of `report`, by its name in SQL.

    Raises:
        UsageError: an unknown parameter, a missing one, or a value of another type or outside the choices.
    """
    known = {parameter.variable: parameter for parameter in report.parameters}
    if unknown := sorted(given.keys() - known.keys()):
        raise UsageError(f"{report.name} has no parameter {unknown[0]}: it has {', '.join(known) or 'none'}")
    return {variable: _bind(report, parameter, given.get(variable)) for variable, parameter in known.items()}


def _bind(report: Report, parameter: Parameter, value: Value | None) -> Value:
    value = parameter.default if value is None else value
    if value is None:
        raise UsageError(f"{report.name} needs {parameter.variable}: {parameter.help}")
    if isinstance(value, bool) or not isinstance(value, (int, float) if parameter.type is float else parameter.type):
        raise UsageError(f"{report.name}: {parameter.variable} takes a value of type {parameter.type.__name__}")
    if parameter.choices and value not in parameter.choices:
        raise UsageError(f"{report.name}: {parameter.variable} is one of {', '.join(parameter.choices)}, not {value}")
    if parameter.minimum is not None and isinstance(value, int) and value < parameter.minimum:
        raise UsageError(f"{report.name}: {parameter.variable} is at least {parameter.minimum}, not {value}")
    return value


def _load(file: SqlFile) -> Report:
    return Report(
        name=file.name,
        title=file.text_of("title"),
        about=file.text_of("about"),
        parameters=tuple(_parse_parameter(row, file) for row in file.rows_of("parameters")),
        chart=file.text_of("chart"),
        example=file.text_of("example"),
        empty=file.text_of("empty"),
        query=file.query,
    )


def _parse_parameter(row: str, file: SqlFile) -> Parameter:
    match = _PARAMETER.fullmatch(row)
    if not match:
        raise ValueError(f"{file.path}: not a parameter: {row}")
    name, type_name, choices, default, help_text = match.groups()
    type_ = _TYPES.get(type_name, str)
    return Parameter(
        name=name,
        type=type_,
        choices=tuple(choice.strip() for choice in choices.split(",")) if choices else (),
        minimum=0 if type_name == "count" else None,
        maximum=2**63 - 1 if type_ is int else None,
        default=None if default == "required" else type_(default.strip("'")),
        help=help_text,
    )
