"""What was rejected, before the models of now: those that rejected it, and looser ones in a copy of the program."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from commands import Run
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.errors import UsageError
from etl.release import Release
from etl.replay import replay_rejects
from etl.synthetic import synthesize

ROOT = Path(__file__).resolve().parents[2]
# Where the models look at the text of a whole number.
STRICT = {
    "macros/opening.sql": "json_text::varchar",
    "models/opened.sql": "fields.EXPECTED_QUANTITY::varchar",
    "models/lines.sql": "fields.quantity::varchar",
}
HALF_WEIGHT = {"unit": "pounds", "value": "0.5"}
# FCSKUs that a JSON path has to quote, the first in front of the second
ODD = ['a"', 'a".b', "back\\slash", "tab\tline\n", "$.BIN_FCSKU_DATA.", "\U0001f4e6 Ä"]


def read(release: Release) -> list[dict[str, Any]]:
    result = replay_rejects(release, limit=0).result
    return [dict(zip(result.columns, row, strict=True)) for row in result.rows()]


def test_the_models_that_rejected_everything_do_it_again_in_the_same_places(tmp_path: Path) -> None:
    synthesize(tmp_path / "bucket", bins=300, seed=5, dirty=0.4, processes=1)
    release = run_pipeline(tmp_path / "bucket", tmp_path / "data")
    rejects = pq.read_table(release.path / "rejects").to_pylist()
    rows = read(release)
    assert len({(row["scope"], row["reason"]) for row in rejects}) > 12
    told = ("metadata_key", "scope", "json_path", "reason")
    assert [[row[c] for c in told] for row in rows] == [[row[c] for c in told] for row in rejects]
    assert {row["outcome"] for row in rows} == {"rejected as before"}
    assert all((row["reason_now"], row["json_path_now"]) == (row["reason"], row["json_path"]) for row in rows)


def test_lines_are_told_apart_whatever_their_fcsku(tmp_path: Path) -> None:
    lines = {fcsku: make_line(quantity=place + 0.5) for place, fcsku in enumerate(ODD)}
    documents = {f"metadata/0000{n}.json": make_document(BIN_FCSKU_DATA=lines) for n in (1, 2)}
    rows = read(run_pipeline(write_bucket(tmp_path / "bucket", documents), tmp_path / "data"))
    assert [row["outcome"] for row in rows] == ["rejected as before"] * len(ODD) * 2
    assert all(row["json_path"] == row["json_path_now"] for row in rows)


def test_a_release_that_rejected_nothing_has_nothing_to_replay(tmp_path: Path) -> None:
    bucket = write_bucket(tmp_path / "bucket", {"metadata/00001.json": make_document(make_line())})
    found = replay_rejects(run_pipeline(bucket, tmp_path / "data"), limit=0)
    assert (found.result.rows(), found.totals) == ([], {})


def test_rejects_that_cannot_be_read_end_in_a_message(tmp_path: Path) -> None:
    release = run_pipeline(write_bucket(tmp_path / "bucket", {"metadata/00001.json": b"{"}), tmp_path / "data")
    for path in (release.path / "rejects").rglob("*.parquet"):
        path.write_bytes(b"?" * path.stat().st_size)
    with pytest.raises(UsageError, match=f"what release {release.id} rejected can't be read"):
        replay_rejects(release, limit=0)


# By the looser rule "3" is a whole number, too: what becomes of each document, and of each line.
STORY: dict[str, Any] = {
    "metadata/00001.json": make_document(make_line(), make_line("B00TEST002", 1.5), EXPECTED_QUANTITY="3"),
    "metadata/00002.json": make_document(EXPECTED_QUANTITY="many"),
    "metadata/00003.json": b"\xff\x00",
    "metadata/00004.json": make_document(
        make_line("B00TEST001", "1"),
        make_line("B00TEST002", "2", weight=HALF_WEIGHT),
        make_line("B00TEST003", 2.5),
        make_line("B00TEST004"),
    ),
}
LINE = '$.BIN_FCSKU_DATA."B00TEST00{}"{}'.format
EXPECTED = [
    ("00001", "document", "expected_quantity_not_whole", "loaded", None, None, 1, 1),
    ("00004", "line", "quantity_not_whole", "loaded", None, None, None, None),
    (
        "00004",
        "line",
        "quantity_not_whole",
        "rejected otherwise",
        "measurement_not_number",
        LINE(2, ".weight"),
        None,
        None,
    ),
    (
        "00002",
        "document",
        "expected_quantity_not_whole",
        "rejected as before",
        "expected_quantity_not_whole",
        "$.EXPECTED_QUANTITY",
        None,
        None,
    ),
    ("00003", "document", "not_utf8", "rejected as before", "not_utf8", "$", None, None),
    (
        "00004",
        "line",
        "quantity_not_whole",
        "rejected as before",
        "quantity_not_whole",
        LINE(3, ".quantity"),
        None,
        None,
    ),
]


@pytest.fixture(scope="module")
def looser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version of the program that takes a whole number in quotes for one."""
    root = tmp_path_factory.mktemp("looser")
    for package in ("cli", "etl", "sql"):
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file, text in STRICT.items():
        path = root / "sql" / file
        assert text in path.read_text()
        path.write_text(path.read_text().replace(text, f"trim({text}, '\"')"))
    return root


def run_looser(root: Path, *arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    script = "from cli.etl import main; main()"
    command = [sys.executable, "-c", script, *arguments]
    environment = os.environ | {"PYTHONPATH": str(root)}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_a_newer_version_says_what_it_would_load_and_a_build_of_it_does_so(looser: Path, tmp_path: Path) -> None:
    before = run_pipeline(write_bucket(tmp_path / "bucket", STORY), tmp_path / "data")
    files = sorted((tmp_path / "data" / "warehouse").rglob("*"))
    done = run_looser(looser, "replay", "--format", "ndjson", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = ("scope", "reason", "outcome", "reason_now", "json_path_now", "lines_loaded", "lines_rejected")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["metadata_key"][9:14], *(row[c] for c in told)) for row in rows] == EXPECTED
    assert "2 loaded" in done.stderr
    assert "`abid-etl build --data-dir data` loads them" in done.stderr
    assert sorted((tmp_path / "data" / "warehouse").rglob("*")) == files

    built = run_looser(looser, "build", cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    after = (tmp_path / "data" / "warehouse" / "current").resolve()
    assert after.name != before.id
    rejects = pq.read_table(after / "rejects").to_pylist()
    again = {(row["metadata_key"], row["json_path_now"]) for row in rows if row["reason_now"]}
    of_the_loaded = ("metadata/00001.json", LINE(2, ".quantity"))
    assert {(row["metadata_key"], row["json_path"]) for row in rejects} == again | {of_the_loaded}


def test_the_command_bounds_what_it_shows_and_not_what_it_counts(run: Run, tmp_path: Path) -> None:
    documents = {f"metadata/0000{n}.json": b"{" for n in range(1, 5)}
    release = run_pipeline(write_bucket(tmp_path / "bucket", documents), tmp_path / "data")
    done = run("abid-etl", "replay", "--limit", 3, "--format", "csv")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 4)
    assert done.stderr == f"rejects of release {release.id}: 4 rejected as before\n"


def test_without_a_release_the_command_says_how_to_make_one(run: Run) -> None:
    done = run("abid-etl", "replay")
    assert (done.returncode, done.stdout) == (2, "")
    assert "abid-etl run" in done.stderr
