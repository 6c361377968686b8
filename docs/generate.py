"""Write what is made from the program: data dictionary, commands, reports, connections, transcripts of README.

`python docs/generate.py` writes them; with `--check` it says which are stale and exits 1. Transcripts are the blocks of
README.md marked `console`: each `$` line is run on a bucket of 20,000 invented bins, and what it prints is put below
it. What differs from run to run (seconds, rates, release ids) doesn't make a transcript stale.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from difflib import unified_diff
from pathlib import Path

from typer.testing import CliRunner

from cli import etl as etl_command
from cli import report as report_command
from etl.connect.tools import Tool, load_tools
from etl.models import Model, load_readable
from etl.parameters import Parameter
from etl.reports import GROUPS, Report, load_reports

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
# Seconds, sizes and rates, release ids, times.
_VOLATILE = re.compile(
    r"(?:(?:,? )?\d[\d,.]*(?: (?:h|min|s)\b|(?: (?:bytes|[kMG]B))?/s))+|\b[0-9a-f]{12}\b|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
)
# A slow machine says more often how far it is.
_UNDER_WAY = re.compile(r"^[a-z ]+: .* (?:left|so far)\n", re.MULTILINE)
# The header's example is of a thing that the real bucket holds.
_INVENTED = {"item": "abid-report item B085MFZIEA", "search": 'abid-report search "yoga mat" --limit 5'}
_LINES = 12
_ENVIRONMENT = {"COLUMNS": "100", "LINES": "40", "NO_COLOR": "1", "TERM": "dumb", "ABID_DATA_DIR": "data"}


def describe_tables() -> str:
    """The data dictionary."""
    intro = (
        "# Tables\n\n"
        "Made by `make docs` from the headers of `sql/models/` and `sql/views/`. The same descriptions are comments\n"
        "in `abid.duckdb`.\n"
        "A column of the same name has the same meaning in every table.\n"
    )
    return "\n".join([intro, *map(_describe_table, load_readable().values())])


def _describe_table(model: Model) -> str:
    order = f"Sorted by: {model.order}" if model.is_table else "A view, of `abid.duckdb` and `abid-report` only"
    facts = [f"{model.about}\n", f"* Grain: {model.grain}.", f"* {order}."]
    if model.partition:
        facts.append(f"* Partitioned by: `{model.partition}`, which is a column of the files too.")
    rows = [
        f"| `{column.name}` | {column.type.upper()} | {'' if column.nullable else 'not null'} | {column.description} |"
        for column in model.columns
    ]
    head = ["", "| column | type | | meaning |", "|---|---|---|---|"]
    return "\n".join([f"## {model.name}\n", *facts, *head, *rows, ""])


def describe_tools() -> str:
    """The programs that a release can be connected to."""
    intro = (
        "# Connecting other programs\n\n"
        "Made by `make docs` from the headers of `etl/connect/templates/`.\n\n"
        "`abid-report connect TOOL` prints the lines to paste, with the paths of the current release; what to know\n"
        "first stands above them as a comment. They name the release by its own folder, which never changes, and not\n"
        "`current`. Tools in the cloud read a copy, which `--location` names: a folder of its own for each release.\n\n"
        "| tool | what the lines do | `--location` | run by our tests |\n|---|---|---|---|\n"
    )
    return intro + "".join(map(_describe_tool, load_tools().values()))


def _describe_tool(tool: Tool) -> str:
    schemes = ", ".join(f"{scheme}://" for scheme in tool.schemes)
    run = f"no: {tool.untested}" if tool.untested else "yes"
    return f"| `{tool.name}` | {tool.title} | {schemes} | {run} |\n"


def describe_commands() -> str:
    """The command reference: every `--help`, 80 columns wide."""
    parts = ["# Commands\n\nMade by `make docs` from the commands themselves.\n"]
    runner = CliRunner(env={"COLUMNS": "80"})
    for name, app in (("abid-etl", etl_command.app), ("abid-report", report_command.app)):
        subcommands = [command.name for command in app.registered_commands if command.name]
        for words in ([name], *([name, subcommand] for subcommand in subcommands)):
            shown = runner.invoke(app, [*words[1:], "--help"], prog_name=name).stdout
            parts.append(f"## `{' '.join(words)}`\n\n```\n{shown.strip()}\n```\n")
    return re.sub(r"[ ]+\n", "\n", "\n".join(parts))


def refresh_readme(readme: str, folder: Path) -> str:
    """README with what its commands print now, in `folder`, where they leave a warehouse."""
    return _BLOCK.sub(lambda block: f"```console\n{_replay(block[1], folder)}```", readme)


def describe_reports(folder: Path) -> str:
    """The reference of reports, each with its example as run on the warehouse in `folder`."""
    intro = (
        "# Reports\n\n"
        "Made by `make docs` from the headers of `sql/reports/`, where the queries are; `--show-sql` prints them.\n"
        f"Each example was run on 20,000 invented bins, and its first {_LINES} lines are shown.\n\n"
        "Those that have a chart take `--plot FILE`. Those that are only about bins and their lines take\n"
        "`--where 'COLUMN OP VALUE'` and `--sample N`. [commands.md](commands.md) has every option.\n"
    )
    parts = [intro]
    for group in GROUPS:
        parts.append(f"## {group}\n")
        parts += [_describe_report(report, folder) for report in load_reports().values() if report.group == group]
    return "\n".join(parts)


def _describe_report(report: Report, folder: Path) -> str:
    taken = {"`--plot`": report.chart, "`--where`, `--sample`": report.allows_choice}
    options = ", ".join(text for text, holds in taken.items() if holds)
    command = _INVENTED.get(report.name, report.example)
    given = {**_ENVIRONMENT, "ABID_DATA_DIR": str(folder / "data")}
    lines = CliRunner(env=given).invoke(report_command.app, shlex.split(command)[1:]).output.splitlines()
    shown = [line.rstrip() for line in lines[:_LINES]] + ["..."] * (len(lines) > _LINES)
    return "\n".join(
        [
            f"### {report.name}\n",
            f"{report.title}. {report.about}\n",
            *map(_describe_parameter, report.parameters),
            *([f"* Takes {options}."] if options else []),
            *([""] if options or report.parameters else []),
            f"```\n$ {command}",
            *shown,
            "```\n",
        ]
    )


def _describe_parameter(parameter: Parameter) -> str:
    name = parameter.variable.upper() if parameter.default is None else f"--{parameter.name}"
    choices = f" One of {', '.join(parameter.choices)}." if parameter.choices else ""
    bounds = f" {parameter.bounds.capitalize()}." if parameter.bounds not in {"", "at least 0"} else ""
    default = "" if parameter.default is None else f" Default: {parameter.default}."
    return f"* `{name}`: {parameter.help}{choices}{bounds}{default}"


def _replay(block: str, folder: Path) -> str:
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    return "\n".join(f"{command}\n{_run(command[2:], folder)}" for command in commands)


def _run(command: str, folder: Path, **environment: str) -> str:
    """Standard output and standard error of a shell command, trailing blanks removed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S602  (the commands are those of our own README)
        command,
        shell=True,
        cwd=folder,
        env=os.environ | _ENVIRONMENT | {"PATH": path} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return re.sub(r"[ ]+\n", "\n", done.stdout.replace(str(folder), "/home/you"))


def main() -> int:
    """Write what is stale, or with --check only name it."""
    readme = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        made = {
            ROOT / "docs" / "tables.md": describe_tables(),
            ROOT / "docs" / "commands.md": describe_commands(),
            ROOT / "docs" / "connect.md": describe_tools(),
            README: refresh_readme(readme, Path(folder)),
            ROOT / "docs" / "reports.md": describe_reports(Path(folder)),
        }
    changes = {path: _compare(path.read_text("utf-8") if path.is_file() else "", text) for path, text in made.items()}
    for path, change in changes.items():
        if change and "--check" in sys.argv:
            sys.stdout.write(f"{path.relative_to(ROOT)} is stale: run `make docs`\n{change}\n")
        elif change:
            path.write_text(made[path], encoding="utf-8")
    return 1 if any(changes.values()) and "--check" in sys.argv else 0


def _compare(old: str, new: str) -> str:
    """What differs, besides what differs from run to run."""
    return "\n".join(unified_diff(_stable(old).splitlines(), _stable(new).splitlines(), lineterm="", n=0))


def _stable(text: str) -> str:
    return _VOLATILE.sub("#", _UNDER_WAY.sub("", text))


if __name__ == "__main__":
    sys.exit(main())
