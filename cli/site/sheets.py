"""What a report has to show on its page: its rows as far as a page holds them, its figures, its picture."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cli.commands import describe_check, describe_figures
from cli.plots import describe_origin
from cli.plots.marks import lay_out
from cli.site.drawings import Easel, open_easel
from cli.stderr import say
from etl.errors import QueryError, UsageError
from etl.parameters import Value
from etl.progress import Progress
from etl.reports import OWN, Report, load_reports
from etl.warehouse import Warehouse

MOST_ROWS = 1_000


@dataclass(slots=True)
class Sheet:
    """A report and its answer; `total` is how many rows it has, of which `rows` are the first."""

    report: Report
    given: dict[str, Value]
    columns: list[str] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    total: int = 0
    figures: str = ""
    drawing: Future[str] | None = None
    fault: str = ""

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than are shown."""
        return self.total > len(self.rows)

    @property
    def about_rows(self) -> str:
        """How many rows there are, and are shown."""
        if self.is_cut:
            return f"The first {len(self.rows):,} of {self.total:,} rows"
        return "1 row" if self.total == 1 else f"{self.total:,} rows"


def read_sheets(warehouse: Warehouse, own: Iterable[Report], progress: Progress) -> list[Sheet]:
    """The answers of all reports that need no argument: ours, and then the user's.

    One of the user's that fails is told about, and its sheet says why. Pictures are drawn meanwhile.
    """
    reports = [report for report in (*load_reports().values(), *own) if not report.looks_up]
    with open_easel() as easel, progress.step("asking", len(reports), "reports") as step:
        sheets = []
        for report in reports:
            sheets.append(_read(warehouse, report, easel))
            step.advance(1)
    return sheets


def _read(warehouse: Warehouse, report: Report, easel: Easel) -> Sheet:
    sheet = Sheet(report, report.all_rows)
    with _noting_fault(sheet):
        sheet.columns, sheet.rows, sheet.total = warehouse.report(report, **sheet.given).head(MOST_ROWS)
        if figures := warehouse.figures(report, **sheet.given):
            sheet.figures = describe_figures(figures)
        if report.chart and sheet.rows:
            notes = [describe_origin(warehouse.release, report, {}), *([sheet.about_rows.lower()] * sheet.is_cut)]
            plot = lay_out(report.chart, report.title, notes, sheet.columns, sheet.rows)
            sheet.drawing = easel.draw(plot)
    return sheet


@contextmanager
def _noting_fault(sheet: Sheet) -> Iterator[None]:
    try:
        yield
    except (QueryError, UsageError) as error:
        if sheet.report.group != OWN:
            raise
        sheet.fault = str(error)
        say(f"{sheet.report.name} failed, and its page says so: {error}\n{describe_check(sheet.report)}")
