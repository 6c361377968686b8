"""The canned reports of `sql/reports/`: one file is one report, and its header is all that is known about it.

Parameters are bound by name; nothing a user says is ever pasted into SQL.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from etl.charts import Chart, parse_chart
from etl.errors import UsageError
from etl.models import find_reads, load_readable
from etl.parameters import Parameter, Value, find_fault, parse_parameter
from etl.sqlfiles import SqlFile, read_folder

GROUPS = ("Bins", "Items", "Sizes", "Doubts", "Release")
"""What reports are about, in the order in which they are shown."""

OWN = "Yours"
"""The group of a user's own reports."""

CHOOSABLE = ("bins", "observations", "quantities", "label_trust")
"""What holds bins and their lines, of which a report can be about some."""

LOOKUPS = ("items", "dimensions")
"""What says more about an ASIN, over all bins: such a report may read it, too. What else there is, it may not."""


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
        """Whether it can be about chosen bins, as far as its text shows (without DuckDB): a user's may read anything.

        What looks one thing up can't: it would say that there is none, of one that isn't among them.
        """
        read = find_reads(self.query) & load_readable().keys()
        is_about_bins = not read.isdisjoint(CHOOSABLE) and read <= {*CHOOSABLE, *LOOKUPS}
        return not self.looks_up and (self.group == OWN or is_about_bins)

    @property
    def looks_up(self) -> bool:
        """Whether it must be told what it is about."""
        return any(parameter.default is None for parameter in self.parameters)

    @property
    def all_rows(self) -> dict[str, Value]:
        """The parameters that it shows all its rows with: what limits a user's report, only its user knows."""
        return {"limit": 0} if self.group != OWN and any(p.name == "limit" for p in self.parameters) else {}


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
    if fault := find_fault(parameter, value):
        raise UsageError(f"{report.name}: {parameter.variable} {fault}")
    return value


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
