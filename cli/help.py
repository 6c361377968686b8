"""What help looks like, beyond what typer makes of it. Plain text: to draw boxes would take twice as long."""

import os
import sys
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import typer

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


def format_panels(formatter: Any, commands: Iterable[tuple[str, Any]]) -> None:
    """A section for each run of commands with the same panel, all with one width of names."""
    listed = list(commands)
    width = max(len(name) for name, _ in listed)
    for panel, members in groupby(listed, key=lambda command: command[1].rich_help_panel):
        with formatter.section(_highlight(panel)):
            formatter.write_dl([(f"{name:{width}}", command.short_help) for name, command in members])


def _highlight(title: str) -> str:
    is_plain = os.environ.get("NO_COLOR") or not sys.stdout.isatty()
    return title if is_plain else typer.style(title, fg="cyan", bold=True)
