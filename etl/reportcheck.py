"""Whether a user's report will work: its header, its query by itself, and its query on a release, in that order.

What is found first ends the check: a query can't be tried with parameters that aren't declared well.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from etl.errors import QueryError
from etl.parameters import Parameter, Value
from etl.reading import require_reading
from etl.reportfile import Mistake, MistakesError, Taken, read_report
from etl.reports import Report
from etl.sqlfiles import read_file
from etl.warehouse import Warehouse

_PLACE = re.compile(r"^LINE (\d+):", re.MULTILINE)
_MORE = re.compile(r"\n(\t|\s*LINE \d+:).*", re.DOTALL)  # lists of all functions, and the line with a mark below it


def check_report(path: Path, taken: Taken, warehouse: Warehouse | None) -> Report:
    """The report of a user's file, whose query works on the release, if there is one.

    Raises:
        MistakesError: it won't work; the message has a line for each mistake.
    """
    report = read_report(path, taken)
    file = read_file(path)
    if mistakes := list(_find_query_mistakes(report, file.query_line)):
        raise MistakesError(path, mistakes)
    if warehouse and (mistakes := list(_find_release_mistakes(report, file.query_line, file.lines, warehouse))):
        raise MistakesError(path, mistakes)
    return report


def _find_query_mistakes(report: Report, first_line: int) -> Iterator[Mistake]:
    """What DuckDB's parser, and the header beside it, say of the query."""
    try:
        with duckdb.connect() as connection:
            used = require_reading(connection, report.query)
    except QueryError as error:
        yield _locate(error, first_line)
        return
    declared = {parameter.variable for parameter in report.parameters}
    for name in sorted(used - declared):
        yield Mistake(_find_line(report, name, first_line), f"${name} isn't declared: add it to `parameters:`")
    for name in sorted(declared - used):
        yield Mistake(first_line, f"the query doesn't use the parameter ${name}: use it, or remove it from the header")


def _find_line(report: Report, variable: str, first_line: int) -> int:
    match = re.search(rf"\${re.escape(variable)}\b", report.query)
    return first_line + report.query[: match.start()].count("\n") if match else first_line


def _find_release_mistakes(
    report: Report, first_line: int, lines: dict[str, int], warehouse: Warehouse
) -> Iterator[Mistake]:
    """What DuckDB says of the query on a release, when it plans it; nothing is run."""
    values = {parameter.variable: _find_value(parameter) for parameter in report.parameters}
    try:
        warehouse.sql(f"explain {report.query}", **values).rows()
        columns = warehouse.report(report, **values).columns
    except QueryError as error:
        yield _locate(error, first_line)
        return
    for column in report.chart.columns if report.chart else ():
        if column not in columns:
            yield Mistake(lines["chart"], f"the report has no column {column}: it has {', '.join(columns)}")


def _find_value(parameter: Parameter) -> Value:
    """Some value that the parameter can have."""
    if parameter.default is not None:
        return parameter.default
    if parameter.choices:
        return parameter.choices[0]
    bounds = (bound for bound in (parameter.minimum, parameter.maximum) if bound is not None)
    return next(bounds, parameter.type())


def _locate(error: QueryError, first_line: int) -> Mistake:
    """DuckDB counts lines from where the query begins; the file has a header above it."""
    place = _PLACE.search(str(error))
    line = first_line + int(place[1]) - 1 if place else first_line
    return Mistake(line, " ".join(_MORE.sub("", str(error)).split()))
