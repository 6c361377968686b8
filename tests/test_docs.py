"""The documents that are made from the program are those of this program."""

import re
import subprocess
import sys
from pathlib import Path

from cli import etl, report

ROOT = Path(__file__).resolve().parent.parent


def test_tables_commands_and_transcripts_are_what_the_program_gives_now() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_readme_links_lead_to_files() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / "README.md").read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_command_is_in_the_reference() -> None:
    reference = (ROOT / "docs" / "commands.md").read_text()
    names = {("abid-etl", command.name) for command in etl.app.registered_commands}
    names |= {("abid-report", command.name) for command in report.app.registered_commands}
    assert [name for name in names if f"## `{name[0]} {name[1]}`" not in reference] == []
