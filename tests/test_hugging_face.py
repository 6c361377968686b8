"""What is written for Hugging Face, as the library `datasets` loads it; and what the card says to do before."""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from commands import BIN
from PIL import Image

Row = dict[str, Any]
TASKS = ("counting", "verification")
LOAD = """
import hashlib, json, sys
from datasets import load_dataset

for folder in sys.argv[1:]:
    for split, rows in load_dataset(folder).items():
        for row in rows:
            if "image" in row:
                row["image"] = [row["image"].size, hashlib.sha256(row["image"].tobytes()).hexdigest()]
            print(json.dumps([folder, split, row]))
"""


@dataclass(frozen=True)
class Loaded:
    """Rows by their folder and split, in order, with the size and the hash of the pixels; and what was said."""

    folder: Path
    rows: dict[tuple[str, str], list[Row]]
    said: str


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Each task without pictures, and as its card makes it with them."""
    folder = tmp_path_factory.mktemp("hub")
    run(folder, "abid-etl synthesize bucket --bins 120 --seed 1 --pictures")
    run(folder, "abid-etl run bucket --data-dir data")
    for task in TASKS:
        run(folder, f"abid-report manifest {task} --max-quantity 9 -f huggingface -o {task}-bare")
        for command in read_commands(folder / f"{task}-bare/README.md"):
            run(folder, command)
        (folder / "training-set").rename(folder / task)
    return load(folder, [*TASKS, *(f"{task}-bare" for task in TASKS)])


def read_commands(card: Path) -> list[str]:
    """All that the card says to run, one after the other."""
    return "".join(re.findall(r"^```\n(.*?)^```$", card.read_text(), re.DOTALL | re.MULTILINE)).splitlines()


def run(folder: Path, command: str) -> None:
    program, *arguments = shlex.split(command)
    environment = os.environ | {"ABID_DATA_DIR": "data"}
    subprocess.run([BIN / program, *arguments], cwd=folder, env=environment, capture_output=True, check=True)


def load(folder: Path, names: list[str]) -> Loaded:
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(folder / "cache")}
    command = [sys.executable, "-c", LOAD, *names]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | offline, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    rows: dict[tuple[str, str], list[Row]] = {}
    for line in done.stdout.splitlines():
        name, split, row = json.loads(line)
        rows.setdefault((name, split), []).append(row)
    return Loaded(folder, rows, done.stderr)


def read_rows(folder: Path, side: str) -> list[Row]:
    return [json.loads(line) for line in (folder / side / "metadata.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("side", ["train", "validation", "test"])
def test_every_row_is_loaded_with_its_picture(side: str, task: str, loaded: Loaded) -> None:
    rows = read_rows(loaded.folder / task, side)
    assert len(rows) > 5
    for row in rows:
        with Image.open(loaded.folder / "bucket" / row["image_key"]) as picture:
            assert row.pop("file_name") == Path(row["image_key"]).name
            row["image"] = [list(picture.size), hashlib.sha256(picture.tobytes()).hexdigest()]
    assert loaded.rows[task, side] == rows


def test_several_rows_are_about_one_picture(loaded: Loaded) -> None:
    rows = loaded.rows["verification", "train"]
    assert len({row["image_key"] for row in rows}) < len(rows) / 2


@pytest.mark.parametrize("task", TASKS)
def test_every_row_is_loaded_before_there_is_a_picture(task: str, loaded: Loaded) -> None:
    for side in ("train", "validation", "test"):
        assert loaded.rows[f"{task}-bare", side] == read_rows(loaded.folder / f"{task}-bare", side)


def test_the_card_says_nothing_that_is_ignored(loaded: Loaded) -> None:
    assert "ignored" not in loaded.said


@pytest.mark.parametrize("task", TASKS)
def test_the_card_says_how_to_load_it_once_there_are_pictures(task: str, loaded: Loaded) -> None:
    bare, ready = ((loaded.folder / name / "README.md").read_text() for name in (f"{task}-bare", task))
    assert "drop_labels" in ready
    assert "drop_labels" not in bare
    assert "datasets>=3.4" in ready
    assert "abid-etl images" not in ready
