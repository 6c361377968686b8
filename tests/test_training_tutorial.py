"""docs/training.md: each step of the tutorial prints what the page shows, and what the page says of it holds."""

import os
import re
import subprocess
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import pytest
from commands import BIN
from loaded import Loaded

from etl.training.groups import Grouping, group_bins
from etl.training.sides import Split, parse_ratios
from etl.training.tables import ask_leaks, count_sizes

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "training.md").read_text(encoding="utf-8")
TEXT = " ".join(PAGE.split())
EXPLAINED, TUTORIAL = PAGE.split("\n## Tutorial\n")
STEPS = re.findall(r"^\$ (.*)\n((?:(?!\$ |```).+\n)*)", TUTORIAL, re.MULTILINE)
(SCRIPT,) = re.findall(r"^```python\n(.*?)^```$", TUTORIAL, re.DOTALL | re.MULTILINE)
SCRIPT_NAME = "count_bins.py"
# Seconds, rates, sizes (of pictures, which another version of Pillow makes larger), release ids.
VOLATILE = re.compile(r"[\d.,]+ s\b|(?:, )?[\d.,]+(?: [kMG]?B)?/s|[\d.,]+ [kMG]?B\b|\b[0-9a-f]{12}\b")
FIGURE = re.compile(r"(?<=  )(accuracy|RMSE) \d\.\d\d")
NEARLY = 0.04  # another version of scikit-learn or Pillow may learn a little else
ENVIRONMENT = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "ABID_DATA_DIR": "data", "OMP_NUM_THREADS": "1"}


class Guess(NamedTuple):
    accuracy: float
    error: float


def run(command: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["sh", "-ec", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return re.sub(r" +\n", "\n", done.stdout)


def make_pattern(shown: str) -> str:
    """`...` stands for lines that the page leaves out."""
    return ".*".join(map(re.escape, blur(shown).split("...\n")))


def blur(text: str) -> str:
    """Without what differs from run to run."""
    return VOLATILE.sub("#", FIGURE.sub(r"\1 #", text))


def read_guesses(text: str) -> dict[tuple[str, str], Guess]:
    """By the part of the pictures that is judged and by the model."""
    guesses, part = {}, ""
    for line in text.splitlines():
        if found := re.fullmatch(r"  (.+?) +accuracy (.*)  RMSE (.*)", line):
            guesses[part, found[1]] = Guess(float(found[2]), float(found[3]))
        else:
            part = line.partition(" ")[2]
    return guesses


GUESSES = [read_guesses(shown) for command, shown in STEPS if SCRIPT_NAME in command]
"""Of the run on grouped sides, and of that on random ones."""


def test_each_step_prints_what_the_page_shows(tmp_path: Path) -> None:
    (tmp_path / SCRIPT_NAME).write_text(SCRIPT)
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"} | ENVIRONMENT
    for command, shown in STEPS:
        printed = run(command, tmp_path, environment)
        assert shown
        assert re.fullmatch(make_pattern(shown), blur(printed), re.DOTALL), printed
        guesses, now = read_guesses(shown), read_guesses(printed)
        assert guesses.keys() == now.keys()
        for key, guess in guesses.items():
            assert guess == pytest.approx(now[key], abs=NEARLY), key


def test_the_forest_counts_and_the_most_similar_picture_does_not() -> None:
    grouped, _ = GUESSES
    assert grouped["in all", "forest on edges"].accuracy > 0.7
    assert grouped["in all", "forest on edges"].error < 0.6
    assert grouped["in all", "most similar picture"].error > grouped["in all", "most frequent count"].error


def test_a_split_at_random_makes_knowing_shelves_look_like_counting() -> None:
    grouped, random = (guess["in all", "most similar picture"].error for guess in GUESSES)
    assert random < grouped - 0.15
    leaked = {part: guess.error for (part, name), guess in GUESSES[1].items() if name == "most similar picture"}
    assert leaked["of shelves learnt from"] < leaked["of other shelves"] - 0.15


def test_figures_in_the_text_of_the_tutorial_are_those_that_the_steps_print() -> None:
    text = re.sub(r"^```.*?^```$", "", TUTORIAL, flags=re.DOTALL | re.MULTILINE)
    figures = re.findall(r"\b\d\.\d\d\b", text)
    assert figures
    assert set(figures) <= set(re.findall(r"\b\d\.\d\d\b", "".join(shown for _, shown in STEPS)))


def read_tables() -> dict[str, list[list[str]]]:
    """The cells of each table above the tutorial, by its first heading."""
    tables = re.findall(r"^\| (.+?) \|.*\n\|---.*\n((?:\|.*\n)+)", EXPLAINED, re.MULTILINE)
    return {
        name: [[cell.strip() for cell in row.strip("|").split("|")] for row in rows.splitlines()]
        for name, rows in tables
    }


def test_pairs_of_real_documents_are_as_alike_as_the_page_says(real_sample: Loaded) -> None:
    held = {
        int(stem): {line["asin"] for line in document["BIN_FCSKU_DATA"].values()} - {None}
        for stem, document in real_sample.bins.items()
        if stem.startswith("0")
    }
    apart = Counter[int]()
    sharing = Counter[int]()
    for one, other in combinations(sorted(held), 2):
        apart[other - one] += 1
        sharing[other - one] += not held[one].isdisjoint(held[other])
    distances = {"1": [1], "2": [2], "3 to 5": [3, 4, 5], "any": list(apart)}
    expected = []
    for name, steps in distances.items():
        pairs, alike = (sum(counts[step] for step in steps) for counts in (apart, sharing))
        share = 100 * alike / pairs
        expected.append([name, f"{pairs:,}", f"{alike:,}", f"{share:.{2 if name == 'any' else 1}f} %"])
    assert read_tables()["ids apart"] == expected


def test_real_groups_are_those_of_the_page(real_sample: Loaded) -> None:
    sizes, _ = count_sizes(group_bins(real_sample.warehouse.connect(), Grouping()))
    assert f"{sum(sizes.values()):,} groups in the sample, most of them of 2 bins, the largest of {max(sizes)}" in TEXT
    assert sizes[2] > sum(sizes.values()) / 2
    _, bridges = count_sizes(group_bins(real_sample.warehouse.connect(), Grouping(kind="item")))
    assert f"as bridges (see below): {bridges} of the {len(real_sample.bins):,}." in TEXT


def test_a_split_of_real_documents_leaks_what_the_page_says(real_sample: Loaded) -> None:
    bins = list(group_bins(real_sample.warehouse.connect(), Grouping()))
    rows = ask_leaks(real_sample.warehouse, bins, Split(parse_ratios("80/10/10"), seed=7)).arrow().to_pylist()
    expected = [
        [row["strategy"], row["side"], f"{row['bins']:,}", f"{row['leaking']:,}", f"{100 * row['leaking_share']:.1f} %"]
        for row in rows
        if row["stratum"] == "all" and row["side"] != "train"
    ]
    assert read_tables()["strategy"] == expected
