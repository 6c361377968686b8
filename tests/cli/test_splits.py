"""`abid-report splits`, as a user starts it."""

import csv
import json
import os
import subprocess
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import BIN, Run
from documents import make_document, make_line, run_pipeline, write_bucket

NAMES = ["bin_id", "capture_group", "group_bins", "stratum", "side", "release", "seed", "command"]


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty shelves of two bins each, a bridge between two others, and two twins."""
    folder = tmp_path_factory.mktemp("splits")
    documents = {
        f"{10 * shelf + place:05d}": make_document(make_line(f"B0SHELF{shelf}"), EXPECTED_QUANTITY=shelf % 7 + place)
        for shelf in range(1, 41)
        for place in range(2)
    }
    documents |= {"01000": make_document(make_line("B0LEFT")), "01001": make_document(make_line("B0RIGHT"))}
    documents |= {"01002": make_document(make_line("B0LEFT"), make_line("B0RIGHT"))}
    documents |= {"10": make_document(), "20": make_document()}
    bucket = write_bucket(
        folder / "bucket", {f"metadata/{stem}.json": document for stem, document in documents.items()}
    )
    run_pipeline(bucket, folder / "data")
    return folder / "data"


@pytest.fixture
def ask(run: Run, shelves: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    return lambda *arguments, **environment: run(
        "abid-report", "splits", *arguments, ABID_DATA_DIR=str(shelves), **environment
    )


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


def test_every_bin_is_told_with_its_group_and_its_side(ask: Run) -> None:
    done = ask("--seed", 7, "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    rows = read(done.stdout)
    assert list(rows[0]) == NAMES
    sides = {row["bin_id"]: row["side"] for row in rows}
    assert len(sides) == 85
    assert all(sides[f"{10 * shelf:05d}"] == sides[f"{10 * shelf + 1:05d}"] for shelf in range(1, 41))
    assert set(sides.values()) == {"train", "validation", "test", ""}
    assert [stem for stem, side in sides.items() if not side] == ["01002"]


def test_every_format_tells_the_same(ask: Run, tmp_path: Path) -> None:
    expected = [
        {
            **row,
            "group_bins": int(row["group_bins"]),
            "capture_group": row["capture_group"] or None,
            "side": row["side"] or None,
            "seed": 0,
        }
        for row in read(ask("--format", "csv").stdout)
    ]
    for format_ in ("json", "ndjson"):
        text = ask("--format", format_).stdout
        rows = json.loads(text) if format_ == "json" else [json.loads(line) for line in text.splitlines()]
        assert rows == [row | {"command": f"abid-report splits --format {format_}"} for row in expected]
    assert ask("--output", "splits.parquet").returncode == 0
    for row in expected:
        for name in NAMES[-3:]:
            del row[name]
    assert pq.read_table(tmp_path / "splits.parquet").to_pylist() == expected


@pytest.mark.parametrize(
    ("arguments", "file", "command"),
    [
        ("--folds 3", "s.csv", "abid-report splits --seed 7 --folds 3 --format csv"),
        ("--no-header", "s.csv", "abid-report splits --seed 7 --format csv --no-header"),
        ("--timeout 60", "s.parquet", "abid-report splits --seed 7 --format parquet"),
        ("--report", "s.parquet", "abid-report splits --seed 7 --report --format parquet"),
        ("--report", "s.jsonl", "abid-report splits --seed 7 --report --format ndjson"),
        ("", "s.md", "abid-report splits --seed 7 --format markdown"),
        ("", "s.txt", "abid-report splits --seed 7 --format table"),
    ],
)
def test_a_file_names_the_command_that_makes_it(
    arguments: str, file: str, command: str, ask: Run, tmp_path: Path
) -> None:
    assert ask("--seed", 7, *arguments.split(), "--output", file).returncode == 0
    made = (tmp_path / file).read_bytes()
    if file.endswith("parquet"):
        assert pq.read_schema(tmp_path / file).metadata[b"command"] == command.encode()
    else:
        assert all(line.rstrip(' |"}').endswith(command) for line in made.decode().splitlines()[2:])
    assert ask(*command.split()[2:], "--output", file).returncode == 0
    assert (tmp_path / file).read_bytes() == made


def test_a_file_names_the_release_and_the_seed(ask: Run, shelves: Path, tmp_path: Path) -> None:
    release = (shelves / "warehouse/current").resolve().name
    rows = read(ask("--seed", 7, "--format", "csv").stdout)
    assert {(row["release"], row["seed"]) for row in rows} == {(release, "7")}
    assert ask("--seed", 7, "--output", "s.parquet").returncode == 0
    metadata = pq.read_schema(tmp_path / "s.parquet").metadata
    assert (metadata[b"release"], metadata[b"seed"]) == (release.encode(), b"7")


def test_a_table_on_the_screen_has_no_such_columns(ask: Run) -> None:
    assert ask().stdout.split()[:5] == NAMES[:5]
    assert "abid-report" not in ask().stdout


def test_a_seed_gives_the_same_split_in_every_process(ask: Run) -> None:
    first, second, other = (
        ask("--format", "csv", "--seed", seed, PYTHONHASHSEED=hashes).stdout
        for seed, hashes in ((7, "1"), (7, "2"), (8, "1"))
    )
    assert first == second != other


def test_folds_are_numbered(ask: Run) -> None:
    sides = {row["side"] for row in read(ask("--folds", 3, "--format", "csv").stdout)}
    assert sides == {"fold-1", "fold-2", "fold-3", ""}


def test_bins_that_stand_alone_are_parted(ask: Run) -> None:
    rows = read(ask("--strategy", "random", "--format", "csv").stdout)
    sides = {row["bin_id"]: row["side"] for row in rows}
    assert any(sides[f"{10 * shelf:05d}"] != sides[f"{10 * shelf + 1:05d}"] for shelf in range(1, 41))


def test_the_report_compares_strategies_and_tells_the_sizes(ask: Run) -> None:
    done = ask("--report", "--format", "csv")
    assert done.returncode == 0
    rows = {(row["strategy"], row["side"], row["stratum"]): row for row in read(done.stdout)}
    assert {row["leaking"] for (strategy, _, _), row in rows.items() if strategy == "grouped"} <= {"", "0"}
    assert int(rows["random", "test", "all"]["leaking"]) > 0
    assert done.stderr.splitlines() == [
        "44 capture groups, by their number of bins: 4 of 1, 40 of 2",
        "Bins on no side, for each would join two groups that were apart: 1",
    ]


def find_sides(text: str) -> dict[str, str]:
    return {row["bin_id"]: row["side"] for row in read(text)}


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_bins_of_an_earlier_result_keep_their_sides(ending: str, ask: Run, tmp_path: Path) -> None:
    first = find_sides(ask("--seed", 3, "--format", "csv").stdout)
    assert ask("--seed", 3, "--output", f"sides.{ending}").returncode == 0
    kept = ask("--seed", 8, "--keep", f"sides.{ending}", "--format", "csv")
    assert (kept.returncode, kept.stderr) == (0, "")
    assert find_sides(kept.stdout) == first
    assert find_sides(ask("--seed", 8, "--format", "csv").stdout) != first
    assert (tmp_path / f"sides.{ending}").is_file()


def test_what_became_of_kept_bins_is_told(ask: Run, tmp_path: Path) -> None:
    """10 and 00010 are two bins, 00020 and 00021 a shelf, and there is no 99999."""
    (tmp_path / "sides.csv").write_text(
        "side,note,bin_id\ntest,,10\ntrain,,00010\ntrain,,00020\ntest,,00021\ntest,,99999\n,,01000\n"
    )
    done = ask("--keep", "sides.csv", "--format", "csv")
    assert done.returncode == 0
    sides = find_sides(done.stdout)
    found = [sides[stem] for stem in ("10", "00010", "00011", "00020", "00021")]
    assert found == ["test", "train", "train", "train", "test"]
    assert sides["01000"]
    assert done.stderr.splitlines() == [
        "Bins of --keep that the release doesn't have: 1",
        "Capture groups that --keep has on two sides, as that of 00020, and any other bins of which are on none: 1",
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "No such file or directory"),
        ("folder.csv", "", "Is a directory"),
        ("sides.txt", b"bin_id,side\n1,test\n", "its name must end in .csv, .jsonl, .ndjson, .parquet"),
        ("sides.csv", b"bin_id,stratum\n1,0\n", "no column is called side"),
        ("sides.csv", b"", "no bin of it is on a side"),
        ("sides.csv", b"bin_id,side\n1,\n", "no bin of it is on a side"),
        ("sides.csv", b"bin_id,side\n1,test\n2\n1,train\n", "1 is on two sides, test and train"),
        ("sides.csv", b'bin_id,side\n"1,test\n', "unexpected end of data"),
        ("sides.csv", b"bin_id,side\n\xff,test\n", "can't decode byte 0xff"),
        (
            "sides.jsonl",
            b'{"bin_id": 523, "side": "test"}\n',
            "bin_id is 523, which is no text: mind that 523 and 00523",
        ),
        ("sides.jsonl", b'{"bin_id": "523", "side": 1}\n', "the side of 523 is 1, which is no text"),
        ("sides.jsonl", b"[]\n", "line 1 is no JSON object"),
        ("sides.jsonl", b"[" * 100_000, "can't be read"),
        ("sides.parquet", b"bin_id", "can't be read"),
    ],
)
def test_a_file_that_keeps_no_sides_is_named_with_what_would(
    name: str, content: bytes | str | None, message: str, ask: Run, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content == "":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    done = ask("--keep", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: --keep {name} can't be read: ")
    assert message in done.stderr
    assert "Name a file that `abid-report splits --output` wrote" in done.stderr


def test_parquet_without_texts_or_columns_keeps_no_sides(ask: Run, tmp_path: Path) -> None:
    for table, message in (
        (pa.table({"bin_id": [523], "side": ["test"]}), "bin_id is 523, which is no text"),
        (pa.table({"bin": ["523"]}), "no column is called bin_id or side"),
    ):
        pq.write_table(table, tmp_path / "sides.parquet")
        done = ask("--keep", "sides.parquet")
        assert done.returncode == 2
        assert message in done.stderr


def test_kept_sides_that_are_not_asked_for_are_named(ask: Run) -> None:
    ask("--output", "sides.csv")
    done = ask("--ratios", "80/20", "--keep", "sides.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: --keep sides.csv has bins on test, and asked for are train, validation: "
        "give the --ratios or --folds that it was made with\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ratios", "8/x"], "not ratios: 8/x"),
        (["--ratios", "1e308/1e308"], "not ratios: 1e308/1e308"),
        (["--ratios", "80/10/10", "--folds", 5], "--folds are all of one size: leave out --ratios"),
        (["--folds", 1], "'--folds': Input should be greater than or equal to 2"),
        (["--window", 0], "'--window': Input should be greater than or equal to 1"),
        (["--overlap", 2], "'--overlap': Input should be less than or equal to 1"),
        (["--overlap", "nan"], "'--overlap': Input should be less than or equal to 1"),
        (["--strategy", "best"], "'grouped', 'random'"),
        (["--group-by", "shelf"], "'capture', 'item'"),
        (["--seed", "x"], "--seed"),
        (["--seed", -1], "'--seed': Input should be greater than or equal to 0"),
        (["--seed", "9" * 43], "'--seed': Input should be less than or equal to 4294967295"),
        (["--window", "9" * 43], "'--window': Input should be less than or equal to 1000"),
        (["--folds", "9" * 43], "'--folds': Input should be less than or equal to 100"),
    ],
)
def test_what_can_not_be_asked_for_is_named(arguments: list[str], message: str, ask: Run) -> None:
    done = ask(*arguments, COLUMNS="200", NO_COLOR="1")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_release_it_says_what_makes_one(run: Run, tmp_path: Path) -> None:
    done = run("abid-report", "splits", "--data-dir", tmp_path / "none")
    assert (done.returncode, done.stdout) == (2, "")
    assert "abid-etl run" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_seen_enough_ends_it(shelves: Path) -> None:
    command = f"'{BIN}/abid-report' splits --format csv --data-dir '{shelves}' | head -n 1"
    done = subprocess.run(["bash", "-c", command], env=os.environ, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (",".join(NAMES) + "\n", "")


def test_its_help_fits_80_columns(ask: Run) -> None:
    done = ask("--help", COLUMNS="80", NO_COLOR="1")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    for option in (
        "--seed",
        "--ratios",
        "--folds",
        "--strategy",
        "--window",
        "--overlap",
        "--group-by",
        "--keep",
        "--report",
    ):
        assert option in done.stdout
