"""What help looks like, beyond what typer makes of it. Plain text: to draw boxes would take twice as long."""

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from cli.stdout import print_text
from etl.errors import UsageError


def require_command(context: typer.Context) -> None:
    """Show the help where no command is asked for.

    Raises:
        UsageError: none is.
    """
    if context.invoked_subcommand is None:
        print_text(context.get_help())
        raise UsageError("a command is missing")


class PanelGroup(TyperGroup):
    """Commands whose help has a section for each panel, in the order of their first commands."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """All sections have one width of names."""
        commands: list[Any] = [self.commands[name] for name in self.list_commands(ctx)]
        width = max(len(command.name) for command in commands)
        panels: dict[str, list[tuple[str, str]]] = {}
        for command in commands:
            panels.setdefault(command.rich_help_panel, []).append((f"{command.name:{width}}", command.short_help))
        for panel, rows in panels.items():
            with formatter.section(_highlight(panel)):
                formatter.write_dl(rows)


def _highlight(title: str) -> str:
    is_plain = os.environ.get("NO_COLOR") or not sys.stdout.isatty()
    return title if is_plain else typer.style(title, fg="cyan", bold=True)
