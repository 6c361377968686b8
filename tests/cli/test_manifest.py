"""`abid-report manifest`: what it prints, what it writes, and what it refuses. The formats are told of elsewhere."""

import csv
import hashlib
import io
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from commands import EVIL_NAME, Run

Row = dict[str, Any]


@pytest.fixture(scope="session")
def documents_count(bucket: Path) -> dict[str, int]:
    """The units of each bin, by its document; one of them can't be read."""
    found = {}
    for path in (bucket / "metadata").glob("*.json"):
        if path.read_bytes() != b"{":
            found[path.stem] = json.loads(path.read_bytes())["EXPECTED_QUANTITY"]
    return found


def read_rows(text: str) -> list[Row]:
    return [json.loads(line) for line in text.splitlines()]


def test_rows_of_all_sides_go_to_standard_output(run: Run, documents_count: dict[str, int]) -> None:
    done = run("abid-report", "manifest", "counting", "--ratios", "50/50")
    assert (done.returncode, done.stderr) == (0, "")
    rows = read_rows(done.stdout)
    assert {row["bin_id"]: row["expected_quantity"] for row in rows} == documents_count
    sides = csv.DictReader(io.StringIO(run("abid-report", "splits", "--ratios", "50/50", "--format", "csv").stdout))
    assert {row["bin_id"]: row["side"] for row in rows} == {row["bin_id"]: row["side"] for row in sides}


def test_csv_holds_the_same_rows(run: Run) -> None:
    command = ["abid-report", "manifest", "verification", "--negatives", "random", "--ratios", "999/1"]
    lines = read_rows(run(*command).stdout)
    rows = list(csv.DictReader(io.StringIO(run(*command, "-f", "csv").stdout)))
    assert [(row["bin_id"], row["asin"], row["name"]) for row in rows] == [
        (row["bin_id"], row["asin"], row["name"]) for row in lines
    ]
    assert {row["command"] for row in rows} == {
        "abid-report manifest verification --negatives random --ratios 999/1 --format csv"
    }
    assert EVIL_NAME in {row["name"] for row in rows}


def test_a_row_names_the_command_that_makes_it_anew(run: Run) -> None:
    options = ["--where", "expected_quantity >= 1", "--where", "bin_id != '523'", "--ratios", "70/30", "--seed", 9]
    first = run("abid-report", "manifest", "counting", "--max-quantity", 50, *options).stdout
    commands = {row["command"] for row in read_rows(first)}
    [command] = commands
    assert run(*shlex.split(command)).stdout == first


def test_the_command_is_the_same_however_it_is_spelled(run: Run, data_dir: Path) -> None:
    plain = run("abid-report", "manifest", "counting", "--trust", "any", "--seed", 3)
    more = [
        "--seed=3",
        "--ratios",
        "80/10/10",
        "--timeout",
        60,
        "--memory",
        "1GB",
        "--data-dir",
        data_dir,
        "-f",
        "jsonl",
    ]
    assert run("abid-report", "manifest", *more, "counting").stdout == plain.stdout
    assert read_rows(plain.stdout)[0]["command"] == "abid-report manifest counting --seed 3"


def test_a_folder_has_a_file_a_side_and_says_what_it_is_of(run: Run, tmp_path: Path, data_dir: Path) -> None:
    done = run("abid-report", "manifest", "counting", "--ratios", "50/50", "-o", "out")
    assert (done.returncode, done.stdout) == (0, "")
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*manifest["files"], "manifest.json"}
    assert manifest["release"] == (data_dir / "warehouse/current").resolve().name
    printed = read_rows(run("abid-report", "manifest", "counting", "--ratios", "50/50").stdout)
    for side in ("train", "validation"):
        rows = read_rows((tmp_path / f"out/{side}.jsonl").read_text())
        assert {row.pop("command") for row in rows} == {manifest["command"]}
        assert rows == [drop_command(row) for row in printed if row["side"] == side]
        assert f"{side}.jsonl: {len(rows)} rows" in done.stderr


def drop_command(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "command"}


def read_folder(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "options",
    [
        "-f csv",
        "",
        "-f parquet",
        "-f huggingface",
        "-f huggingface --images images",
        "-f labelstudio",
        "-f webdataset --images {tmp_path}/images",
        "-f challenge",
    ],
)
def test_the_command_of_a_folder_makes_the_same_bytes_anywhere(options: str, run: Run, tmp_path: Path) -> None:
    given = options.format(tmp_path=tmp_path).split()
    (tmp_path / "images").mkdir()
    for bin_id in ("00001", "00523", "523"):
        (tmp_path / f"images/{bin_id}.jpg").write_bytes(bin_id.encode())
    done = run("abid-report", "manifest", "counting", "--where", "expected_quantity < 9", *given, "-o", "out")
    assert done.returncode == 0, done.stderr
    made = read_folder(tmp_path / "out")
    command = shlex.split(json.loads(made["manifest.json"])["command"])
    done = run(*command)
    assert done.returncode == 0, done.stderr
    assert read_folder(tmp_path / "training-set") == made


def test_a_set_with_kept_sides_names_their_file_and_its_bytes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sides.csv").write_text("bin_id,side\n523,test\n00523,validation\n77777,train\n")
    done = run("abid-report", "manifest", "counting", "--keep", "sides.csv", "-o", "out")
    assert done.returncode == 0
    assert "Bins of --keep that the release doesn't have: 1" in done.stderr
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["command"] == "abid-report manifest counting --keep sides.csv --output training-set"
    assert manifest["keep_sha256"] == hashlib.sha256((tmp_path / "sides.csv").read_bytes()).hexdigest()
    for bin_id, side in (("523", "test"), ("00523", "validation")):
        assert bin_id in {row["bin_id"] for row in read_rows((tmp_path / f"out/{side}.jsonl").read_text())}
    printed = run("abid-report", "manifest", "counting", "--keep", "sides.csv").stdout
    assert [row["side"] for row in read_rows(printed) if row["bin_id"] == "523"] == ["test"]
    run("abid-report", "manifest", "counting", "-o", "out")
    assert json.loads((tmp_path / "out/manifest.json").read_text())["keep_sha256"] is None


def test_a_former_folder_is_replaced_whole(run: Run, tmp_path: Path) -> None:
    for format_ in ("csv", "parquet"):
        assert run("abid-report", "manifest", "counting", "--format", format_, "-o", "out").returncode == 0
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".parquet", ".json"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_another_program_lists_is_kept(run: Run, tmp_path: Path) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/a.txt").write_text("mine")
    (tmp_path / "foreign/manifest.json").write_text(json.dumps({"files": ["a.txt"], "tool": "somebody else"}))
    done = run("abid-report", "manifest", "counting", "--format", "csv", "-o", "foreign")
    assert (done.returncode, done.stdout) == (2, "")
    assert "which isn't of a former training set: name a folder that is empty or doesn't exist" in done.stderr
    assert (tmp_path / "foreign/a.txt").read_text() == "mine"


def test_a_label_that_was_mended_by_hand_is_kept(run: Run, tmp_path: Path) -> None:
    command = ("abid-report", "manifest", "counting", "--ratios", "50/50", "-o", "out")
    assert run(*command).returncode == 0
    mended = (tmp_path / "out/train.jsonl").read_text().replace('"expected_quantity": 1', '"expected_quantity": 2')
    (tmp_path / "out/train.jsonl").write_text(mended)
    done = run(*command)
    assert (done.returncode, done.stdout) == (2, "")
    assert "out/train.jsonl isn't as it was made, and would be lost: name another folder, or put that" in done.stderr
    assert (tmp_path / "out/train.jsonl").read_text() == mended


def test_a_training_set_and_a_site_never_replace_one_another(run: Run, tmp_path: Path) -> None:
    makers = {"set": ("manifest", "counting", "-o"), "site": ("site",)}
    for name, command in makers.items():
        assert run("abid-report", *command, name).returncode == 0
    before = sorted(tmp_path.rglob("*"))
    for name, command in zip(makers, reversed(makers.values()), strict=True):
        done = run("abid-report", *command, name)
        assert done.returncode == 2
        assert "which isn't of a former" in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_rows_without_a_picture_are_told_of(run: Run, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/00523.jpg").write_bytes(b"picture")
    done = run("abid-report", "manifest", "counting", "-f", "webdataset", "--images", "images", "-o", "out")
    assert done.returncode == 0
    assert "3 rows were left out, for their pictures aren't in images" in done.stderr


@pytest.mark.parametrize("format_", ["webdataset", "huggingface"])
def test_no_training_set_without_a_row_replaces_a_good_one(format_: str, run: Run, tmp_path: Path) -> None:
    assert run("abid-report", "manifest", "counting", "-o", "out").returncode == 0
    (tmp_path / "images").mkdir()
    (tmp_path / "images/00999.jpg").write_bytes(b"picture of another bin")
    before = read_folder(tmp_path)
    done = run("abid-report", "manifest", "counting", "-f", format_, "--images", "images", "-o", "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert "none of the 4 rows has its picture in images: write the set as jsonl, and get" in done.stderr
    assert "`abid-etl images --manifest FILE --to images`" in done.stderr
    assert read_folder(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("counting -f parquet", "parquet is several files: name a folder for them with --output"),
        ("counting --images .", "--images is for huggingface and webdataset"),
        ("counting -f csv --images mine -o out", "--images is for huggingface and webdataset: csv holds no pictures"),
        ("counting -f webdataset -o out", "name their folder with --images"),
        ("counting -f webdataset --images none -o out", "none isn't a folder of pictures: `abid-etl images"),
        ("counting -f webdataset --images mine -o out", "mine holds no picture"),
        ("counting -f webdataset --images m\udcffne -o out", "has a name that isn't text"),
        ("counting -o mine", "mine holds diary.txt, which isn't of a former training set: name a folder that is empty"),
        ("counting -o mine/diary.txt", "isn't a folder: name one"),
        ("counting --where expected_quantity>99", "no bin is left to ask about for counting: choose more"),
        ("counting --where units>99", "bins have no column units"),
        ("counting --folds 2 --ratios 50/50", "leave out --ratios"),
        ("counting --folds 2 -f challenge -o out", "leave out --folds"),
        ("quantity-verification -f challenge -o out", "no lists of abid_challenge for quantity-verification"),
        ("verification --max-quantity 3 -f challenge -o out", "of all, not up to 3: ask for --max-quantity 5"),
        ("counting --max-quantity 6 -f challenge -o out", "of all, not up to 6: ask for --max-quantity 5"),
        ("verification -f challenge -o out", "the training list of verification is empty"),
        ("counting --per-bin 2", "--per-bin and --negatives choose questions: counting has one a bin"),
        ("verification --negatives random -f challenge -o out", "challenge its own rules"),
        ("", "Missing argument 'TASK'. Choose from: counting, verification, quantity-verification\nTry"),
        (f"verification --seed {'9' * 43}", "'--seed': Input should be less than or equal to 4294967295"),
        (f"counting --max-quantity {'9' * 43}", "'--max-quantity': Input should be less than or equal to 1000000000"),
        (f"verification --per-bin {'9' * 43}", "'--per-bin': Input should be less than or equal to 1000000000"),
        (f"counting --sample {'9' * 43}", "a sample is a number of bins from 1"),
        ("guessing", "Invalid value for 'TASK': 'guessing' is not one of"),
    ],
)
def test_what_cannot_be_made_is_refused(arguments: str, said: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/diary.txt").write_text("mine")
    done = run("abid-report", "manifest", *arguments.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "diary.txt"]


def test_a_training_set_never_goes_to_where_the_pipeline_keeps_things(run: Run, data_dir: Path) -> None:
    done = run("abid-report", "manifest", "counting", "-o", data_dir / "warehouse/mine")
    assert done.returncode == 2
    assert "is among what the pipeline keeps" in done.stderr
