import subprocess
import sys
from pathlib import Path

import pytest

from etl.errors import SourceError, UsageError
from etl.sources.archive import ArchiveSource
from etl.sources.choose import open_source
from etl.sources.directory import DirectorySource
from etl.sources.options import S3Options
from etl.sources.s3 import S3Source


def test_an_s3_uri_opens_a_bucket() -> None:
    source = open_source("s3://aft-vbi-pds/")
    assert isinstance(source, S3Source)
    assert source.uri == "s3://aft-vbi-pds"


def test_options_go_to_the_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    with pytest.raises(SourceError, match=r"Can't reach s3://b at http://127\.0\.0\.1:2:"):
        open_source("s3://b", S3Options(endpoint_url="http://127.0.0.1:2")).read_object("x")


def test_options_of_a_bucket_are_refused_for_anything_else(tmp_path: Path) -> None:
    (tmp_path / "metadata").mkdir()
    with pytest.raises(UsageError, match="for s3:// only"):
        open_source(str(tmp_path), S3Options(profile="work"))
    assert open_source(str(tmp_path), S3Options()) == DirectorySource(tmp_path)


def test_a_directory_that_holds_metadata_opens(tmp_path: Path) -> None:
    (tmp_path / "metadata").mkdir()
    assert open_source(str(tmp_path)) == DirectorySource(tmp_path)


def test_the_home_directory_may_be_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bucket" / "metadata").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_source("~/bucket") == DirectorySource(tmp_path / "bucket")


@pytest.mark.parametrize("name", ["b.tar", "b.tar.gz", "b.tgz", "b.tar.zst", "b.tzst", "b.zip", "B.TAR.GZ"])
def test_an_archive_opens_by_its_ending(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    assert isinstance(open_source(str(tmp_path / name)), ArchiveSource)


def test_a_path_that_does_not_exist_says_what_can_be_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none doesn't exist: name an s3:// bucket, a directory"):
        open_source(str(tmp_path / "none"))


def test_the_metadata_directory_itself_points_to_its_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "metadata").mkdir()
    with pytest.raises(UsageError, match=f"did you mean its parent {tmp_path}\\?"):
        open_source(str(tmp_path / "metadata"))
    monkeypatch.chdir(tmp_path / "metadata")
    with pytest.raises(UsageError, match=f"did you mean its parent {tmp_path}\\?"):
        open_source(".")


def test_a_directory_of_documents_by_another_name_is_told_the_layout(tmp_path: Path) -> None:
    (tmp_path / "1.json").touch()
    with pytest.raises(UsageError, match="documents must lie in a folder metadata/"):
        open_source(str(tmp_path))


def test_a_directory_of_anything_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no metadata/: name the directory that metadata/ is in"):
        open_source(str(tmp_path))


@pytest.mark.parametrize("name", ["b.tar.bz2", "b.json", "b"])
def test_a_file_of_another_kind_says_which_kinds_there_are(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    with pytest.raises(UsageError, match=r"\.tar, \.tar\.gz, .*\.zip"):
        open_source(str(tmp_path / name))


@pytest.mark.parametrize("url", ["https://aft-vbi-pds.s3.amazonaws.com/metadata/", "gs://bucket", "s3a://bucket"])
def test_another_kind_of_url_points_to_s3(url: str) -> None:
    with pytest.raises(UsageError, match="name a bucket as s3://BUCKET"):
        open_source(url)


def test_a_directory_does_not_wait_for_the_s3_libraries(tmp_path: Path) -> None:
    (tmp_path / "metadata").mkdir()
    program = "import sys; from etl.sources.choose import open_source; open_source(sys.argv[1]); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    assert not {"boto3", "botocore", "obstore"} & set(run.stdout.split())
