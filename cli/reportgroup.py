"""The commands of `abid-report`: ours, and one for each report of the user's own folder.

Which folder that is, the command line and the environment say; so those commands are added once it has been read, and
before the help, or the shell that completes a word, asks which there are.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.commands import OPTION_NAMES, add_report
from cli.help import PanelGroup
from cli.stderr import say
from etl.errors import UsageError
from etl.ownreports import REPORTS_DIR_VARIABLE, OwnReports, name_folder, read_own_reports
from etl.reportfile import Taken
from etl.reports import GROUPS, OWN, load_reports

_PANELS = (*GROUPS, OWN)

ReportsDirOption = Annotated[
    Path | None,
    typer.Option(
        "--reports-dir",
        envvar=REPORTS_DIR_VARIABLE,
        help="A folder of your own reports: each of its .sql files is a command.",
        show_default=False,
    ),
]


class ReportGroup(PanelGroup):
    """Its `ctx.obj` is the user's `OwnReports`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Add the reports of the folder that `args` or the environment name; say what is wrong with its other files."""
        options, *_ = self.make_parser(ctx).parse_args(args=[*args])
        taken = Taken(frozenset(self.commands.keys() - load_reports().keys()), Taken().options | OPTION_NAMES)
        ctx.obj = read_own_reports(name_folder(options.get("reports_dir")), taken)
        self.commands.update(_make_commands(ctx.obj))
        if not ctx.resilient_parsing:
            asked = {Path(word).stem for word in args} - taken.commands  # which is told about by whoever answers
            asked |= {""} if "new" in args else set()  # it makes the folder
            for name, fault in ctx.obj.faults.items():
                if name not in asked:
                    say(f"left out: {fault.splitlines()[0]}")
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is asked for.

        Raises:
            UsageError: it is a file of the user's folder that is no report.
        """
        fault = ctx.obj.faults.get(args[0])
        if fault and args[0] not in ctx.obj.taken.commands and not ctx.resilient_parsing:
            raise UsageError(fault)
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """The reports, group after group, and then what else there is."""
        return sorted(super().list_commands(ctx), key=self._find_place)

    def _find_place(self, name: str) -> int:
        panel = getattr(self.commands[name], "rich_help_panel", "")
        return _PANELS.index(panel) if panel in _PANELS else len(_PANELS)


def _make_commands(own: OwnReports) -> dict[str, Any]:
    app = typer.Typer(rich_markup_mode=None)
    app.callback()(lambda: None)
    for report in own.reports.values():
        add_report(app, report)
    return dict(typer.main.get_group(app).commands)
