"""From a report's header to a command: its parameters become typed arguments and options."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.options import (
    DEFAULT_DATA_DIR,
    DEFAULT_MEMORY,
    DEFAULT_TIMEOUT,
    DataDirOption,
    Format,
    FormatOption,
    NoHeaderOption,
    OutputOption,
    PlotOption,
    QueryMemoryOption,
    SampleOption,
    ShowSqlOption,
    TimeoutOption,
    WhereOption,
)
from cli.plots import describe_origin, draw, require_chart
from cli.stderr import say
from cli.stdout import choose_format, print_text, write_result
from etl.errors import QueryError, UsageError
from etl.parameters import Parameter, Value
from etl.reports import OWN, Report

if TYPE_CHECKING:
    from etl.figures import Figures


def add_report(app: typer.Typer, report: Report) -> None:
    """Give `app` a command that runs `report`."""

    def run_report(context: typer.Context, **options: Any) -> None:
        data_dir, output, show_sql = (options.pop(name) for name in ("data_dir", "output", "show_sql"))
        format_ = choose_format(options.pop("format_"), output)
        plot, header = options.pop("plot"), not options.pop("no_header")
        memory, seconds = options.pop("memory"), options.pop("timeout")
        if show_sql:
            print_text(report.query)
            _tell_choice(
                options, "the query is the same for all bins: --where and --sample change what its tables hold"
            )
            return
        if plot:
            require_chart(report, plot)
            _require_place(format_, output)
        from cli.guard import open_guarded  # noqa: PLC0415  (duckdb is slow to import)
        from etl.limits import Limits  # noqa: PLC0415

        with open_guarded(data_dir, Limits(memory, seconds)) as warehouse:
            with _point_to_check(report):
                result = warehouse.report(report, **options)
                told = replace(result, if_empty=lambda: _tell_empty(report, options))
                if plot:
                    wanted = options | _find_unlimited(context, report)
                    drawn = replace(warehouse.report(report, **wanted), if_empty=told.if_empty)
                    draw(report, drawn, plot, describe_origin(warehouse.release, report, wanted))
                if output or not plot:
                    told = result if plot else told
                    write_result(told, format_, output, _find_bars(report), header=header, title=report.title)
            if format_ is Format.TABLE and (figures := warehouse.figures(report, **options)):
                say(describe_figures(figures))

    choice = _CHOICE if report.allows_choice else ()
    _declare(run_report, [_CONTEXT, *map(_to_parameter, report.parameters), *choice, *_COMMON])
    app.command(report.name, help=_help_text(report), short_help=report.title, rich_help_panel=report.group)(run_report)


def _require_place(format_: Format, output: Path | None) -> None:
    """A picture takes the place of the rows on standard output."""
    if format_ is not Format.TABLE and not output:
        raise UsageError(f"--plot draws the rows, so that --format {format_.value} needs a file: name it with --output")


def _find_unlimited(context: typer.Context, report: Report) -> dict[str, Value]:
    """A picture is of all rows, unless its user says of how many: a default limit is for those who read rows."""
    return {name: value for name, value in report.all_rows.items() if _is_default(context, name)}


def _is_default(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "DEFAULT"


def _tell_empty(report: Report, options: dict[str, Any]) -> None:
    """Nothing found is a failure for a report that looks one thing up, and an answer for all others."""
    if not report.empty:
        return
    _tell_choice(options, "only the bins that --where and --sample choose were looked at")
    if report.looks_up:
        raise QueryError(report.empty)
    say(report.empty)


def _tell_choice(options: dict[str, Any], said: str) -> None:
    if options.get("where") or options.get("sample"):
        say(said)


@contextmanager
def _point_to_check(report: Report) -> Iterator[None]:
    """DuckDB counts lines from the beginning of a query, which isn't that of a user's file."""
    try:
        yield
    except QueryError as error:
        if report.group != OWN:
            raise
        raise QueryError(f"{error}\n{describe_check(report)}") from error


def describe_check(report: Report) -> str:
    """What tells more about a report of the user's own that fails."""
    return f"`abid-report check {quote(str(report.path))}` says where in the file."


def _find_bars(report: Report) -> str | None:
    """The column that a table for people draws bars of."""
    chart = report.chart
    return chart.y if chart and chart.kind == "bar" and not chart.log else None


def describe_figures(figures: "Figures") -> str:
    """What they are of, and each by its name."""
    values = ", ".join(f"{name} {value:,.10g}" for name, value in figures.values.items())
    return f"{figures.of}: {values}"


def _help_text(report: Report) -> str:
    return f"{report.title}.\n\n{report.about}\n\nExample:\n\n    {report.example}"


def _to_parameter(parameter: Parameter) -> inspect.Parameter:
    type_: Any = Literal[parameter.choices] if parameter.choices else parameter.type
    shown: dict[str, Any] = {"help": parameter.help, "min": parameter.minimum, "max": parameter.maximum}
    if parameter.default is None:
        return _declare_one(parameter.variable, Annotated[type_, typer.Argument(**shown)])
    option = typer.Option(f"--{parameter.name}", **shown)
    return _declare_one(parameter.variable, Annotated[type_, option], parameter.default)


def _declare_one(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


_CONTEXT = _declare_one("context", typer.Context)
_CHOICE = (_declare_one("where", WhereOption, None), _declare_one("sample", SampleOption, None))
_COMMON = (
    _declare_one("format_", FormatOption, None),
    _declare_one("no_header", NoHeaderOption, default=False),
    _declare_one("output", OutputOption, None),
    _declare_one("plot", PlotOption, None),
    _declare_one("show_sql", ShowSqlOption, default=False),
    _declare_one("timeout", TimeoutOption, DEFAULT_TIMEOUT),
    _declare_one("memory", QueryMemoryOption, DEFAULT_MEMORY),
    _declare_one("data_dir", DataDirOption, DEFAULT_DATA_DIR),
)
OPTION_NAMES = frozenset(
    spelling.removeprefix("--")
    for option in (*_CHOICE, *_COMMON)
    for given in option.annotation.__metadata__  # where typer takes the first spelling for a default
    for spelling in (given.default, *given.param_decls)
)
"""What a user's report can't call its parameters."""


def _declare(function: Callable[..., None], parameters: list[inspect.Parameter]) -> None:
    """Let typer see `parameters`; it reads both the signature and the annotations."""
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
