"""The canned reports of `sql/reports/`: one file is one report, and its header is all that is known about it.

Parameters are typed and bound by name; nothing a user says is ever pasted into SQL.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from etl.charts import Chart, parse_chart
from etl.errors import UsageError
from etl.models import find_reads, load_readable
from etl.sqlfiles import SqlFile, read_folder

GROUPS = ("Bins", "Items", "Sizes", "Doubts", "Release")
"""What reports are about, in the order in which they are shown."""

OWN = "Yours"
"""The group of a user's own reports."""

CHOOSABLE = ("bins", "observations", "quantities")
"""The tables of bins and their lines: a report that reads no other can be about some of the bins."""

_LARGEST = 2**63 - 1
_TYPES = {"varchar": str, "count": int, "integer": int, "double": float}
_PARAMETER = re.compile(r"([a-z]+(?:-[a-z]+)*)\s+(varchar|count|integer|double|choice\(([^)]+)\))\s+(\S+)\s+(\S.*)")
Value = str | int | float


@dataclass(frozen=True, slots=True)
class Parameter:
    """A report's parameter. One without a default must be given."""

    name: str
    type: type[str] | type[int] | type[float]
    choices: tuple[str, ...]
    minimum: int | None
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
    group: str
    about: str
    parameters: tuple[Parameter, ...]
    chart: Chart | None
    example: str
    empty: str
    query: str
    path: Path

    @property
    def allows_choice(self) -> bool:
        """Whether it can be about chosen bins, as far as its text shows (without DuckDB)."""
        read = find_reads(self.query) & load_readable().keys()
        return bool(read) and read <= set(CHOOSABLE)


@cache
def load_reports() -> dict[str, Report]:
    """All reports by name, group after group."""
    reports = [load_report(file) for file in read_folder("reports").values()]
    return {report.name: report for report in sorted(reports, key=_find_place)}


def _find_place(report: Report) -> tuple[int, str]:
    return GROUPS.index(report.group), report.name


def find_report(name: str) -> Report:
    """The report of that name.

    Raises:
        UsageError: there is none; the message suggests the nearest.
    """
    reports = load_reports()
    if name not in reports:
        raise UsageError(f"there is no report {name}: {suggest_report(name, reports)}")
    return reports[name]


def suggest_report(name: str, reports: Iterable[str]) -> str:
    """What to do where none of `reports` is called `name`."""
    near = get_close_matches(name, reports, n=1)
    return f"did you mean {near[0]}?" if near else "`abid-report list` shows all."


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
    if fault := _find_fault(parameter, value):
        raise UsageError(f"{report.name}: {parameter.variable} {fault}")
    return value


def _find_fault(parameter: Parameter, value: Value) -> str:
    """What is wrong with a value of a parameter, to be said after its name; empty when nothing is."""
    if isinstance(value, bool) or not isinstance(value, (int, float) if parameter.type is float else parameter.type):
        return f"takes a value of type {parameter.type.__name__}"
    if parameter.choices and value not in parameter.choices:
        return f"is one of {', '.join(parameter.choices)}, not {value}"
    if parameter.minimum is not None and isinstance(value, int) and value < parameter.minimum:
        return f"is at least {parameter.minimum}, not {value}"
    if isinstance(value, int) and abs(value) > _LARGEST:
        return f"is at most {_LARGEST}, not {value}"
    return ""


def load_report(file: SqlFile, groups: Collection[str] = GROUPS) -> Report:
    """The report that a file holds.

    Raises:
        ValueError: its header isn't one; the message names the file.
    """
    group = file.text_of("group")
    if group not in groups:
        raise ValueError(f"{file.path}: not a group of reports: {group or 'none'}; there are {', '.join(groups)}")
    return Report(
        name=file.name,
        title=file.text_of("title"),
        group=group,
        about=file.text_of("about"),
        parameters=tuple(parse_parameter(row, file.path) for row in file.rows_of("parameters")),
        chart=parse_chart(file.text_of("chart"), file.path),
        example=file.text_of("example"),
        empty=file.text_of("empty"),
        query=file.query,
        path=file.path,
    )


def parse_parameter(row: str, path: Path) -> Parameter:
    """The parameter that a line of the header of the report at `path` declares.

    Raises:
        ValueError: it declares none, or a default that the parameter can't have.
    """
    match = _PARAMETER.fullmatch(row)
    if not match:
        raise ValueError(
            f"{path}: not a parameter: {row}\nA parameter is a name of small letters and hyphens, a type (varchar, "
            "count, integer, double or choice(ONE, OTHER)), a default or `required`, and its meaning"
        )
    name, type_name, choices, default, help_text = match.groups()
    type_ = _TYPES.get(type_name, str)
    parameter = Parameter(
        name=name,
        type=type_,
        choices=tuple(choice.strip() for choice in choices.split(",")) if choices else (),
        minimum=0 if type_name == "count" else None,
        default=None,
        help=help_text,
    )
    if default == "required":
        return parameter
    value = _parse_default(parameter, default.strip("'"))
    if fault := _find_fault(parameter, value):
        raise ValueError(f"{path}: not a default of a parameter: {row}\n{name} {fault}")
    return replace(parameter, default=value)


def _parse_default(parameter: Parameter, text: str) -> Value:
    """The value that the text spells; the text itself where it spells none of this type."""
    try:
        return parameter.type(text)
    except ValueError:
        return text
