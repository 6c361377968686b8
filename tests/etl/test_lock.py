"""One writer at a time, and a data directory that can be moved."""

import os
import subprocess
from pathlib import Path

import duckdb
import pytest
from commands import BIN
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.build import build_release
from etl.datadir import DataDir
from etl.errors import UsageError
from etl.lock import lock_writing


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    return write_bucket(tmp_path / "bucket", {"metadata/00001.json": make_document(make_line())})


@pytest.mark.parametrize("command", [("fetch", "bucket"), ("build",), ("run", "bucket")])
def test_a_second_writer_says_so_and_ends_with_2(command: tuple[str, ...], bucket: Path, tmp_path: Path) -> None:
    run_pipeline(bucket, tmp_path / "data")
    with lock_writing(DataDir(tmp_path / "data")):
        done = subprocess.run([BIN / "abid-etl", *command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "another abid-etl is writing to data" in done.stderr


def test_the_lock_ends_with_its_holder(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    with pytest.raises(ZeroDivisionError), lock_writing(data):
        _ = 1 / 0
    with lock_writing(data), pytest.raises(UsageError), lock_writing(data):
        pass


def test_readers_need_no_lock(bucket: Path, tmp_path: Path) -> None:
    run_pipeline(bucket, tmp_path / "data")
    with lock_writing(DataDir(tmp_path / "data")):
        done = subprocess.run(
            [BIN / "abid-report", "quantity-histogram"],
            env=os.environ | {"ABID_DATA_DIR": str(tmp_path / "data")},
            capture_output=True,
            check=False,
        )
    assert done.returncode == 0


def test_a_build_mends_the_catalog_of_a_data_directory_that_was_moved(bucket: Path, tmp_path: Path) -> None:
    release = run_pipeline(bucket, tmp_path / "data")
    (tmp_path / "data").rename(tmp_path / "moved")
    catalog = tmp_path / "moved" / "warehouse" / "current" / "abid.duckdb"
    with duckdb.connect(str(catalog), read_only=True) as connection, pytest.raises(duckdb.Error):
        connection.execute("select count(*) from bins")
    assert build_release(DataDir(tmp_path / "moved")).id == release.id
    with duckdb.connect(str(catalog), read_only=True) as connection:
        assert connection.execute("select count(*) from bins").fetchall() == [(1,)]
