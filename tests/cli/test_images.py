"""`abid-etl images`, as a user starts it."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from commands import Run
from documents import make_document, make_line, run_pipeline, write_bucket
from jpegs import make_jpegs, measure_jpeg

COUNT = 30
LOST, CUT = "bin-images/00007.jpg", "bin-images/00008.jpg"


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    """What the bucket holds: one is missing, one is cut."""
    made = make_jpegs(COUNT)
    del made[LOST]
    return made | {CUT: made[CUT][:300]}


@pytest.fixture(scope="module")
def bucket(pictures: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    documents = {f"metadata/{n:05d}.json": make_document(make_line(quantity=n)) for n in range(1, COUNT + 1)}
    return write_bucket(tmp_path_factory.mktemp("images") / "bucket", documents | pictures)


@pytest.fixture(scope="module")
def data_dir(bucket: Path) -> Path:
    """Of a release of the bucket."""
    run_pipeline(bucket, bucket.parent / "data")
    return bucket.parent / "data"


def write_manifest(path: Path, *numbers: int) -> list[str]:
    lines = [json.dumps({"bin_id": f"{number:05d}", "answer": True}) + "\n" for number in numbers for _ in range(2)]
    path.write_text("".join(lines))
    return lines


def read_pictures(folder: Path) -> dict[str, bytes]:
    return {f"bin-images/{path.name}": path.read_bytes() for path in folder.glob("*.jpg")}


def test_a_manifest_s_pictures_come_from_where_the_release_does_and_what_is_there_stays(
    run: Run, tmp_path: Path, pictures: dict[str, bytes]
) -> None:
    lines = write_manifest(tmp_path / "train.jsonl", 3, 1, 2)
    for count, there in ((3, 0), (0, 3)):
        done = run("abid-etl", "images", "--manifest", "train.jsonl", "--to", "images")
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert "3 pictures are asked for, 3 are listed" in done.stderr
        assert f": {there} are there, {count} (" in done.stderr
        assert "are free in images" in done.stderr
        assert f"got {count} pictures (" in done.stderr
    keys = [f"bin-images/0000{n}.jpg" for n in (1, 2, 3)]
    assert read_pictures(tmp_path / "images") == {key: pictures[key] for key in keys}
    assert f"images/{tmp_path.name}-train.jsonl has the rows of train.jsonl whose picture is there" in done.stderr
    assert (tmp_path / f"images/{tmp_path.name}-train.jsonl").read_text() == "".join(lines)
    assert len(list((tmp_path / "images").glob("[!.]*"))) == 4


def test_what_is_missing_or_cut_is_named_with_why_and_left_out_of_the_copy(
    run: Run, tmp_path: Path, pictures: dict[str, bytes]
) -> None:
    lines = write_manifest(tmp_path / "train.jsonl", *range(1, COUNT + 1))
    done = run("abid-etl", "images", "--quiet", "--manifest", "train.jsonl", "--to", "to")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "error: 2 of the pictures could not be had; a copy of a manifest in to leaves them out:",
        f"  {LOST}: the source doesn't list it",
        f"  {CUT}: what the source holds is no whole JPEG",
    ]
    assert read_pictures(tmp_path / "to") == {key: body for key, body in pictures.items() if key != CUT}
    assert (tmp_path / f"to/{tmp_path.name}-train.jsonl").read_text() == "".join(lines[:12] + lines[16:])


def test_manifests_of_one_name_have_a_copy_each(run: Run, tmp_path: Path) -> None:
    names = ("counting/train.jsonl", "verification/train.jsonl", "train/metadata.jsonl", "validation/metadata.jsonl")
    for number, name in enumerate(names, 1):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_manifest(tmp_path / name, number)
        assert run("abid-etl", "images", "--manifest", name, "--to", "images").returncode == 0
    copies = {path.name: path.read_text() for path in (tmp_path / "images").glob("*.jsonl")}
    assert copies == {name.replace("/", "-"): (tmp_path / name).read_text() for name in names}


def test_a_training_set_is_named_by_its_folder(run: Run, tmp_path: Path) -> None:
    made = run(
        "abid-report", "manifest", "counting", "--where", "bin_number > 8", "--ratios", "60/20/20", "-o", "counting"
    )
    assert made.returncode == 0, made.stderr
    done = run("abid-etl", "images", "--manifest", "counting", "--to", "images")
    assert done.returncode == 0, done.stderr
    sides = ("train", "validation", "test")
    texts = {side: (tmp_path / f"counting/{side}.jsonl").read_text() for side in sides}
    assert {side: (tmp_path / f"images/counting-{side}.jsonl").read_text() for side in sides} == texts
    named = {f"{json.loads(line)['bin_id']}.jpg" for text in texts.values() for line in text.splitlines()}
    assert {path.name for path in (tmp_path / "images").glob("*.jpg")} == named
    first = [json.loads(line)["bin_id"] for line in texts["train"].splitlines()][:2]
    assert run("abid-etl", "images", "--manifest", "counting", "--to", "few", "--limit", 2).returncode == 0
    assert {path.stem for path in (tmp_path / "few").glob("*.jpg")} == set(first)


@pytest.mark.parametrize(
    "listed", [None, "[]", '{"files": {"train.csv": 1}}', '{"files": {"train.json": {"rows": 1}}}', "[" * 9999]
)
def test_a_folder_that_names_no_pictures_is_refused_with_a_remedy(listed: str | None, run: Run, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    if listed:
        (tmp_path / "set/manifest.json").write_text(listed)
    done = run("abid-etl", "images", "--manifest", "set", "--to", "images")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "error: --manifest set is a folder, and no training set whose files name pictures: name"
    )


def test_a_manifest_beside_its_pictures_keeps_the_rows_that_it_loses(run: Run, tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    lines = write_manifest(tmp_path / "train/metadata.jsonl", 6, 7)
    done = run("abid-etl", "images", "--manifest", "train/metadata.jsonl", "--to", "train")
    kept = tmp_path / "train/metadata.jsonl.all"
    assert "beside it only; all rows are kept in train/metadata.jsonl.all" in done.stderr
    assert kept.read_text() == "".join(lines)
    assert (tmp_path / "train/metadata.jsonl").read_text() == "".join(lines[:2])


def test_a_query_names_pictures_and_sizes_are_kept_in_a_table(run: Run, tmp_path: Path) -> None:
    query = "select bin_id from bins where bin_number between 11 and 19 order by bin_number desc"
    done = run("abid-etl", "images", "--sql", query, "--limit", 4, "--to", "to", "--sizes", "sizes.parquet")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "to").glob("*.jpg")) == [f"000{n}.jpg" for n in (16, 17, 18, 19)]
    rows = [tuple(row.values()) for row in pq.read_table(tmp_path / "sizes.parquet").to_pylist()]
    assert rows == [(f"bin-images/000{n}.jpg", f"000{n}", *measure_jpeg(n)) for n in (19, 18, 17, 16)]


def test_sizes_without_pillow_are_refused_before_anything_is_got(tmp_path: Path) -> None:
    code = "import sys; sys.modules['PIL'] = None; from cli.etl import main; main()"
    words = ["images", "--sql", "select bin_id from bins", "--to", tmp_path / "to", "--sizes", tmp_path / "s.parquet"]
    command = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    remedy = "--sizes needs Pillow: pip install 'abid-warehouse[pictures]'"
    assert (done.returncode, done.stderr) == (2, f"error: {remedy}\n")


def test_an_image_key_is_as_good_as_an_id_and_needs_no_release_if_a_source_is_named(
    run: Run, tmp_path: Path, bucket: Path
) -> None:
    (tmp_path / "m.csv").write_text("image_key,x\nbin-images/00005.jpg,1\n")
    done = run("abid-etl", "images", "--manifest", "m.csv", "--source", bucket, "--to", "to", "--data-dir", "none")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "to").glob("[!.]*")) == ["00005.jpg", f"{tmp_path.name}-m.csv"]
    done = run("abid-etl", "images", "--manifest", "m.csv", "--to", "to", "--data-dir", "none")
    assert (done.returncode, done.stderr.startswith("error: ")) == (2, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "say which pictures: either --manifest PATH or --sql QUERY"),
        (["--manifest", "m.jsonl", "--sql", "select bin_id from bins"], 2, "say which pictures"),
        (["--sql", "select bin_number from bins"], 2, "no column is called image_key or bin_id"),
        (["--sql", "select '../../x' as bin_id"], 2, "'bin-images/../../x.jpg' isn't the key of a bin's picture"),
        (["--sql", "select '99999' as bin_id"], 3, "lists none of the pictures under bin-images/"),
        (["--sql", "from read_csv('/etc/passwd')"], 1, "read_csv can't be used here"),
        (["--sql", "select bin_id from bins", "--source", "nowhere"], 2, "nowhere doesn't exist"),
        (["--sql", "select bin_id from bins", "--sizes", "s.csv"], 2, "one that ends in .parquet"),
        (["--sql", "select bin_id from bins", "--sizes", "a.parquet"], 2, "--sizes a.parquet is a folder: name a file"),
    ],
)
def test_what_can_not_be_done_is_said_in_a_sentence(
    run: Run, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    write_manifest(tmp_path / "m.jsonl", 1)
    (tmp_path / "a.parquet").mkdir()
    done = run("abid-etl", "images", "--to", "to", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "to").exists()


def test_neither_the_source_nor_what_the_pipeline_keeps_is_written_to(run: Run, bucket: Path, data_dir: Path) -> None:
    before = read_pictures(bucket / "bin-images")
    for folder in (bucket / "bin-images", data_dir / "raw/x"):
        done = run("abid-etl", "images", "--sql", "select bin_id from bins", "--to", folder)
        assert (done.returncode, "name a place outside" in done.stderr) == (2, True)
    assert read_pictures(bucket / "bin-images") == before
    assert not (data_dir / "raw/x").exists()
