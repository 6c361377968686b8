"""`abid-report`: ask a release. One command a file of `sql/reports/`, and `sql` for everything else."""

from typing import Annotated

import typer

from cli.commands import add_report
from cli.options import DEFAULT_DATA_DIR, DataDirOption, Format, FormatOption, OutputOption
from cli.stderr import run, say
from cli.stdout import print_text, write_result
from cli.version import VersionOption
from etl.dictionary import describe_columns, describe_table, find_table
from etl.models import load_readable
from etl.reports import load_reports
from etl.warehouse import Warehouse

app = typer.Typer(
    help="Ask the metadata warehouse of the Amazon Bin Image Dataset.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback()
def main_options(*, version: VersionOption = False) -> None:
    """Every report takes --format, --output, --show-sql and --data-dir; `abid-report REPORT --help` shows the rest."""


@app.command("list", short_help="All reports, with their titles.", rich_help_panel="SQL")
def list_reports() -> None:
    """List all reports.

    Example:

        abid-report list
    """
    reports = load_reports().values()
    width = max(len(report.name) for report in reports)
    for report in reports:
        print_text(f"{report.name:{width}}  {report.title}")


@app.command("sql", short_help="Any query over the tables of the release.", rich_help_panel="SQL")
def run_sql(
    query: Annotated[str, typer.Argument(help="A query in DuckDB's SQL.")],
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Run a query over bins, items, quantities, dimensions, observations, rejects, images and label_trust.

    The query can read the current release and nothing else.

    Example:

        abid-report sql "select asin_kind, count(*) from items group by all"
    """
    write_result(Warehouse.open(data_dir).sql(query), format_, output)


@app.command("schema", short_help="What every column means.", rich_help_panel="SQL")
def show_schema(
    table: Annotated[str | None, typer.Argument(help="One table; else all.", show_default=False)] = None,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Show the data dictionary: type and meaning of every column, as the headers of `sql/models/` give them.

    It needs no release.

    Examples:

        abid-report schema bins

        abid-report schema --format markdown
    """
    models = [find_table(table)] if table else list(load_readable().values())
    if table:
        say(describe_table(models[0]))
    write_result(describe_columns(models), format_, output)


for _report in load_reports().values():
    add_report(app, _report)


def main() -> None:
    """Run the command."""
    run(app, "abid-report")
