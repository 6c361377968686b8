"""`abid-report`: ask a release. One command a file of `sql/reports/`, and `sql` for everything else."""

from typing import Annotated

import typer

from cli.commands import add_report
from cli.connect import connect
from cli.help import require_command
from cli.options import FormatOption, NoHeaderOption, OutputOption
from cli.ownreports import check_report, new_report
from cli.reportgroup import ReportGroup, ReportsDirOption
from cli.site.command import make_site
from cli.sql import open_shell, run_sql
from cli.stderr import run, say
from cli.stdout import print_text, write_result
from cli.training.contactsheet import make_sheet
from cli.training.manifest import make_manifest
from cli.training.splits import splits
from cli.version import VersionOption
from etl.models import load_readable
from etl.reports import OWN, load_reports

app = typer.Typer(
    cls=ReportGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # see cli.help
)


@app.callback(invoke_without_command=True)
def main_options(
    context: typer.Context,
    *,
    reports_dir: ReportsDirOption = None,  # noqa: ARG001  (the group reads it)
    version: VersionOption = False,  # noqa: ARG001  (its callback prints it)
) -> None:
    """Ask the metadata warehouse of the Amazon Bin Image Dataset.

    Each report is a command: `abid-report quantity-histogram`. It takes --format, --output, --show-sql and --data-dir;
    `abid-report quantity-histogram --help` shows what else, and an example.
    """
    require_command(context)


@app.command("list", short_help="All reports, with their titles", rich_help_panel="SQL")
def list_reports(context: typer.Context) -> None:
    """List all reports with their groups, those of your own last.

    Example:

        abid-report list
    """
    reports = [*load_reports().values(), *context.obj.reports.values()]
    names, groups = (max(map(len, column)) for column in zip(*((r.name, r.group) for r in reports), strict=True))
    for report in reports:
        print_text(f"{report.name:{names}}  {report.group:{groups}}  {report.title}")


@app.command("schema", short_help="What every column means", rich_help_panel="SQL")
def show_schema(
    table: Annotated[str | None, typer.Argument(help="One table; else all.", show_default=False)] = None,
    *,
    format_: FormatOption = None,
    no_header: NoHeaderOption = False,
    output: OutputOption = None,
) -> None:
    """Show the data dictionary: type and meaning of every column, as the headers of `sql/models/` give them.

    It needs no release.

    Examples:

        abid-report schema bins

        abid-report schema --format markdown
    """
    from etl.dictionary import describe_columns, describe_table, find_table  # noqa: PLC0415  (duckdb is slow to import)

    models = [find_table(table)] if table else list(load_readable().values())
    if table:
        say(describe_table(models[0]))
    write_result(describe_columns(models), format_, output, header=not no_header)


app.command("sql", short_help="Any query over the tables of the release", rich_help_panel="SQL")(run_sql)
app.command("shell", short_help="The DuckDB shell on the release", rich_help_panel="SQL")(open_shell)
app.command("site", short_help="All reports as pages that open offline", rich_help_panel="Share")(make_site)
app.command("connect", short_help="Lines that connect other programs", rich_help_panel="Share")(connect)
app.command(
    "splits", short_help="Training, validation and test without a shelf on two sides", rich_help_panel="Training"
)(splits)
app.command("manifest", short_help="A training set, in the format of what learns of it", rich_help_panel="Training")(
    make_manifest
)
app.command("contact-sheet", short_help="Pictures of bins, beside what is recorded", rich_help_panel="Training")(
    make_sheet
)
app.command("new", short_help="A report of your own, to change", rich_help_panel=OWN)(new_report)
app.command("check", short_help="What is wrong with a report of your own", rich_help_panel=OWN)(check_report)
for _report in load_reports().values():
    add_report(app, _report)


def main() -> None:
    """Run the command."""
    run(app, "abid-report")
