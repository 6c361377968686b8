"""What a user can break, and what others can do to a data directory, is met with a sentence or mended."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from commands import BIN, Run
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.build import build_release
from etl.datadir import DataDir
from etl.errors import QueryError, SourceError
from etl.fetch import fetch_documents
from etl.sources.directory import DirectorySource
from etl.warehouse import Warehouse


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    return write_bucket(tmp_path / "bucket", {f"metadata/0000{n}.json": make_document(make_line()) for n in (1, 2)})


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse that is only read."""
    root = tmp_path_factory.mktemp("damage")
    run_pipeline(write_bucket(root / "bucket", {"metadata/00001.json": make_document(make_line())}), root / "data")
    return root / "data"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def start(command: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
        words: list[str | Path] = [BIN / command, *map(str, arguments)]
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    return start


def test_documents_of_another_source_with_the_same_size_and_time_are_fetched_anew(bucket: Path, tmp_path: Path) -> None:
    other = write_bucket(tmp_path / "other", {f"metadata/0000{n}.json": make_document(make_line()) for n in (1, 2)})
    changed = other / "metadata" / "00001.json"
    changed.write_bytes(changed.read_bytes().replace(b"Invented", b"Devised!"))
    for path in (bucket / "metadata" / "00001.json", changed):
        os.utime(path, (1_500_000_000, 1_500_000_000))
    run_pipeline(bucket, tmp_path / "data")
    run_pipeline(other, tmp_path / "data")
    query = "select distinct name from observations where bin_id = '00001'"
    assert Warehouse.open(tmp_path / "data").sql(query).rows() == [("Devised! thing B00TEST001",)]


@pytest.mark.parametrize("what", ["bins", "manifest.json", "items/asin_kind=asin/part-0.parquet"])
def test_a_damaged_release_is_made_again(what: str, bucket: Path, tmp_path: Path) -> None:
    release = run_pipeline(bucket, tmp_path / "data")
    path = release.path / what
    shutil.rmtree(path) if path.is_dir() else path.write_bytes(b"")
    assert build_release(DataDir(tmp_path / "data")).manifest["tables"] == release.manifest["tables"]
    assert len(Warehouse.open(tmp_path / "data").table("bins").rows()) == 2


@pytest.mark.parametrize("folder", ["listings", "documents"])
@pytest.mark.parametrize("command", ["build", "status"])
def test_a_damaged_raw_layer_is_named_with_a_remedy(
    folder: str, command: str, bucket: Path, tmp_path: Path, run: Run
) -> None:
    run_pipeline(bucket, tmp_path / "data")
    [path] = (tmp_path / "data" / "raw" / folder).iterdir()
    path.write_bytes(path.read_bytes()[:10])
    done = run("abid-etl", command)
    assert done.returncode == 2
    assert "again" in done.stderr
    assert "Traceback" not in done.stderr
    path.unlink()
    assert run("abid-etl", "run", "bucket").returncode == 0


@pytest.mark.parametrize("folder", ["with [a]*, it's"])
def test_any_name_of_a_data_directory_will_do(folder: str, bucket: Path, tmp_path: Path, run: Run) -> None:
    assert run("abid-etl", "run", bucket, "--data-dir", folder).returncode == 0
    assert run("abid-etl", "run", bucket, "--data-dir", folder).returncode == 0
    assert run("abid-report", "quantity-histogram", "--data-dir", folder).returncode == 0
    catalog = tmp_path / folder / "warehouse" / "current" / "abid.duckdb"
    assert run("duckdb", "-readonly", catalog, "-csv", "-c", "select count(*) from bins").stdout.split() == [
        "count_star()",
        "2",
    ]


def test_columns_of_one_name_are_an_error_and_not_lost(data_dir: Path) -> None:
    with pytest.raises(QueryError, match="several columns are called a"):
        Warehouse.open(data_dir).sql("select 1 as a, 2 as a").rows()


def test_what_is_no_file_in_a_directory_is_an_error_and_not_left_out(bucket: Path, tmp_path: Path) -> None:
    (bucket / "metadata" / "00003.json").symlink_to("nowhere")
    with pytest.raises(SourceError, match=r"metadata/00003\.json is neither"):
        fetch_documents(DirectorySource(bucket), DataDir(tmp_path / "data"))


def test_a_file_name_that_is_not_utf8_is_an_error(bucket: Path, tmp_path: Path) -> None:
    (bucket / "metadata" / os.fsdecode(b"\xff.json")).write_text("{}")
    with pytest.raises(SourceError, match="isn't UTF-8"):
        fetch_documents(DirectorySource(bucket), DataDir(tmp_path / "data"))


def test_a_file_in_the_place_of_the_data_directory_is_named(bucket: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "file").write_text("")
    done = run("abid-etl", "run", bucket, "--data-dir", "file")
    assert (done.returncode, done.stderr) == (
        2,
        "error: file isn't a folder: name one with --data-dir or ABID_DATA_DIR\n",
    )


def test_output_follows_a_link_and_writes_to_a_pipe(data_dir: Path, tmp_path: Path, run: Run) -> None:
    report = ("abid-report", "fcsku-histogram", "--data-dir", data_dir)
    (tmp_path / "target.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("target.csv")
    run(*report, "--format", "csv", "--output", "link.csv")
    assert (tmp_path / "target.csv").read_text().startswith("fcsku_count,")
    assert (tmp_path / "link.csv").is_symlink()
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", "pipe"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as reader:
        run(*report, "--format", "csv", "--output", "pipe")
        assert reader.communicate()[0] == (tmp_path / "target.csv").read_text()


def test_an_output_that_is_a_folder_is_named(data_dir: Path, run: Run) -> None:
    done = run("abid-report", "fcsku-histogram", "--data-dir", data_dir, "--output", ".")
    assert (done.returncode, done.stderr) == (2, "error: . is a folder: name a file in it\n")


def test_times_with_a_zone_can_be_asked_for(data_dir: Path) -> None:
    [(now,)] = Warehouse.open(data_dir).sql("select now()").rows()
    assert now.tzinfo is not None
