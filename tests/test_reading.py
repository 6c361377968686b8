"""Every snippet of docs/reading.md runs, and answers as the documents do."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from commands import BIN
from documents import make_document, make_line, run_pipeline, write_bucket
from spark import ENVIRONMENT, NEEDS_JAVA

from etl.models import load_tables

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reading.md"
SNIPPETS = re.findall(r"^```(python|sh)\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
CASES = [
    pytest.param(*snippet, id=f"{snippet[0]} {number}", marks=[NEEDS_JAVA] if "pyspark" in snippet[1] else [])
    for number, snippet in enumerate(SNIPPETS)
]
DOCUMENTS = {
    "metadata/00523.json": make_document(make_line("B000000001", 2)),
    "metadata/523.json": make_document(make_line("B000000001", 20), make_line("0306406152", 17)),
    "metadata/1.json": make_document(make_line("B000000002", 5)),
    "metadata/100000.json": make_document(make_line("B000000002", 1)),
}
UNITS_IN_UNPADDED_BINS = 42


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a user stands: the data directory is `data` in it."""
    root = tmp_path_factory.mktemp("reading")
    run_pipeline(write_bucket(root / "bucket", DOCUMENTS), root / "data")
    return root


@pytest.mark.parametrize(("language", "snippet"), CASES)
def test_a_snippet_answers_as_the_documents_do(folder: Path, language: str, snippet: str) -> None:
    command = [sys.executable, "-c", snippet] if language == "python" else ["sh", "-ec", snippet]
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "ABID_DATA_DIR": "data"} | ENVIRONMENT
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == str(UNITS_IN_UNPADDED_BINS)


def test_every_program_of_the_page_has_a_snippet() -> None:
    sections = PAGE.read_text().split("\n## ")[3:]
    assert len(sections) == 10
    assert [section.splitlines()[0] for section in sections if "```" not in section] == []


def test_the_diagram_shows_every_table_with_columns_that_it_has() -> None:
    diagram = re.search(r"```mermaid\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert diagram
    shown = {
        name: body.split("\n")
        for name, body in re.findall(r"^    (\w+) \{\n(.*?)\n    \}", diagram[1], re.MULTILINE | re.DOTALL)
    }
    assert shown.keys() == load_tables().keys()
    for name, lines in shown.items():
        types = {column.name: column.type for column in load_tables()[name].columns}
        assert [line for line in lines if types.get(line.split()[1]) != line.split()[0]] == []
