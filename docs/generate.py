"""Write the documents that are made from the program: the data dictionary, the command reference, README's transcripts.

`python docs/generate.py` writes them; with `--check` it says which are stale and exits 1. Transcripts are the blocks of
README.md marked `console`: each `$` line is run on a bucket of 20,000 invented bins, and what it prints is put below
it. What differs from run to run (seconds, rates, release ids) doesn't make a transcript stale.
"""

import os
import re
import subprocess
import sys
import tempfile
from difflib import unified_diff
from pathlib import Path

from cli import etl as etl_command
from cli import report as report_command
from etl.models import Model, load_readable

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
# Seconds, sizes and rates, release ids, times.
_VOLATILE = re.compile(
    r"(?:(?:,? )?\d[\d,.]*(?: (?:h|min|s)\b|(?: (?:bytes|[kMG]B))?/s))+|\b[0-9a-f]{12}\b|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
)
# A slow machine says more often how far it is.
_UNDER_WAY = re.compile(r"^[a-z ]+: .* (?:left|so far)\n", re.MULTILINE)
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


def describe_commands() -> str:
    """The command reference: every `--help`, 80 columns wide."""
    parts = ["# Commands\n\nMade by `make docs` from the commands themselves.\n"]
    for name, app in (("abid-etl", etl_command.app), ("abid-report", report_command.app)):
        subcommands = [command.name for command in app.registered_commands if command.name]
        for words in ([name], *([name, subcommand] for subcommand in subcommands)):
            output = _run(" ".join([*words, "--help"]), ROOT, COLUMNS="80")
            parts.append(f"## `{' '.join(words)}`\n\n```\n{output.strip()}\n```\n".replace(" \n", "\n"))
    return re.sub(r"[ ]+\n", "\n", "\n".join(parts))


def refresh_readme(readme: str) -> str:
    """README with what its commands print now."""
    with tempfile.TemporaryDirectory() as folder:
        return _BLOCK.sub(lambda block: f"```console\n{_replay(block[1], Path(folder))}```", readme)


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
    made = {
        ROOT / "docs" / "tables.md": describe_tables(),
        ROOT / "docs" / "commands.md": describe_commands(),
        README: refresh_readme(readme),
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
