"""From a report's header to a command: its parameters become typed arguments and options."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from cli.options import DEFAULT_DATA_DIR, DataDirOption, Format, FormatOption, OutputOption, ShowSqlOption
from cli.stderr import say
from cli.stdout import print_text, write_result
from etl.errors import QueryError
from etl.reports import Parameter, Report
from etl.warehouse import Warehouse


def add_report(app: typer.Typer, report: Report) -> None:
    """Give `app` a command that runs `report`."""

    def run_report(**options: Any) -> None:
        data_dir, format_ = options.pop("data_dir"), options.pop("format_")
        output, show_sql = options.pop("output"), options.pop("show_sql")
        if show_sql:
            print_text(report.query)
            return
        result = Warehouse.open(data_dir).report(report.name, **options)
        if report.empty and not result.has_rows():
            _tell_empty(report)
        write_result(result, format_, output)

    _declare(run_report, [*map(_to_parameter, report.parameters), *_COMMON])
    app.command(report.name, help=_help_text(report), short_help=report.title, rich_help_panel="Reports")(run_report)


def _tell_empty(report: Report) -> None:
    """Nothing found is a failure for a report that looks one thing up, and an answer for all others."""
    if any(parameter.default is None for parameter in report.parameters):
        raise QueryError(report.empty)
    say(report.empty)


def _help_text(report: Report) -> str:
    return f"{report.title}.\n\n{report.about}\n\nExample:\n\n    {report.example}"


def _to_parameter(parameter: Parameter) -> inspect.Parameter:
    type_: Any = Literal[parameter.choices] if parameter.choices else parameter.type
    if parameter.default is None:
        return _declare_one(parameter.variable, Annotated[type_, typer.Argument(help=parameter.help)])
    option = typer.Option(f"--{parameter.name}", help=parameter.help, min=parameter.minimum, max=parameter.maximum)
    return _declare_one(parameter.variable, Annotated[type_, option], parameter.default)


def _declare_one(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


_COMMON = (
    _declare_one("format_", FormatOption, Format.TABLE),
    _declare_one("output", OutputOption, None),
    _declare_one("show_sql", ShowSqlOption, default=False),
    _declare_one("data_dir", DataDirOption, DEFAULT_DATA_DIR),
)


def _declare(function: Callable[..., None], parameters: list[inspect.Parameter]) -> None:
    """Let typer see `parameters`; it reads both the signature and the annotations."""
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
