"""Pictures of a report's rows: which are possible, what they say of themselves, and where they go.

The libraries that draw are an optional extra, and slow to import: nothing else here imports them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.stdout import open_output, print_text
from cli.text import escape_controls
from etl.charts import Chart
from etl.errors import UsageError
from etl.reports import Report, load_reports

if TYPE_CHECKING:
    from etl.release import Release
    from etl.result import Result

TERMINAL = Path("-")
_MISSING = "pictures need libraries more: pip install 'abid-warehouse[plot]'"
ENDINGS = ("png", "svg", "pdf", "html", "json")


def require_chart(report: Report, target: Path) -> Chart:
    """The chart of a report; what can't be drawn is refused, for which nothing needs to be read.

    Raises:
        UsageError: the report has no chart, or no picture has such a name.
    """
    if report.chart is None:
        drawn = ", ".join(other.name for other in load_reports().values() if other.chart)
        raise UsageError(f"{report.name} has no chart, but these have: {drawn}")
    if target != TERMINAL and _ending(target) not in ENDINGS:
        known = ", ".join(f".{ending}" for ending in ENDINGS)
        raise UsageError(f"{target}: the name of a picture ends in {known}; or it is -, for the terminal")
    return report.chart


def draw(report: Report, result: "Result", target: Path, origin: str) -> None:
    """Draw the rows of a report to a file or standard output; holds what is drawn of each.

    Raises:
        UsageError: a library is missing, or the rows don't have what the chart needs.
    """
    from cli.plots.marks import lay_out  # noqa: PLC0415  (most commands draw nothing)

    columns, chunks = result.stream()
    plot = lay_out(require_chart(report, target), report.title, [origin], columns, chain.from_iterable(chunks))
    if target == TERMINAL:
        with _explain_missing():
            from cli.plots.terminal import draw_text  # noqa: PLC0415  (an optional extra)
        print_text(draw_text(plot))
        return
    with _explain_missing():
        from cli.plots.pictures import write_picture  # noqa: PLC0415  (an optional extra)
    with open_output(target) as path:
        write_picture(plot, _ending(target), path)


def describe_origin(release: "Release", report: Report, options: Mapping[str, Any]) -> str:
    """Where the rows of a picture are from: the release, and the options that differ from their defaults.

    That of a limit is to show all of them.
    """
    defaults = {parameter.variable: parameter.default for parameter in report.parameters} | {"limit": 0}
    chosen = [
        f"{name.replace('_', '-')} {' and '.join(value) if isinstance(value, list) else value}"
        for name, value in options.items()
        if value not in (None, [], defaults.get(name))
    ]
    synthetic = " (synthetic)" if release.manifest["synthetic"] else ""
    return escape_controls(", ".join([f"release {release.id}{synthetic}", *chosen]))


def _ending(target: Path) -> str:
    return target.suffix.removeprefix(".").lower()


def require_pictures() -> None:
    """Refuse to begin what will need pictures.

    Raises:
        UsageError: the library that makes them is missing.
    """
    if not find_spec("vl_convert"):
        raise UsageError(_MISSING)


@contextmanager
def _explain_missing() -> Iterator[None]:
    try:
        yield
    except ImportError as missing:
        raise UsageError(_MISSING) from missing
