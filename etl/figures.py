"""The figures that belong to a histogram: mean, median, percentiles and maximum of what it counts.

They are computed from the bins themselves, not from the rows of the report, which may be classes or only a part. Each
file of `sql/figures/` is named after its report, takes some of its parameters, and gives one row, or none where there
is nothing to count.
"""

from dataclasses import dataclass

import duckdb

from etl.parameters import Value
from etl.queryerrors import explaining
from etl.reports import Report
from etl.sqlfiles import read_folder


@dataclass(frozen=True, slots=True)
class Figures:
    """What the figures are of, and each by its name; percentiles interpolate between neighbours."""

    of: str
    values: dict[str, float]


def compute_figures(connection: duckdb.DuckDBPyConnection, report: Report, bound: dict[str, Value]) -> Figures | None:
    """The figures of `report` with the values of its parameters; None where it has none, or counts nothing."""
    file = read_folder("figures").get(report.name)
    if not file:
        return None
    used = {name: value for name, value in bound.items() if f"${name}" in file.query}
    with explaining(file.query):
        relation = connection.sql(file.query, params=used)
        rows = relation.fetchall()
    return Figures(file.text_of("of"), dict(zip(relation.columns, rows[0], strict=True))) if rows else None
