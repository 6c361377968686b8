"""A raw layer in a bucket: workers write to it, and a build on any machine reads from it."""

import pickle
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from commands import Run
from documents import hash_files, make_document, make_line, run_pipeline, write_bucket
from seaweed import S3Server

from etl.build import build_release
from etl.datadir import DataDir
from etl.errors import SourceError, UsageError
from etl.fetch import Receipt, fetch_documents
from etl.lock import lock_writing
from etl.plan import make_plan
from etl.raw import DOCUMENTS, FOLDERS, LISTINGS, NOT_FETCHED, Raw
from etl.rawbucket import RawBucket
from etl.release import Release
from etl.selection import Selection
from etl.sources.directory import DirectorySource
from etl.sources.options import S3Options
from etl.status import read_status

KEYS = [f"metadata/0000{number}.json" for number in range(1, 10)]


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    documents = {key: make_document(make_line(quantity=number)) for number, key in enumerate(KEYS)}
    return write_bucket(tmp_path / "bucket", documents | {"bin-images/00001.jpg": b"picture"})


@pytest.fixture
def alone(bucket: Path, tmp_path: Path) -> Release:
    """The release of a raw layer in a folder."""
    return run_pipeline(bucket, tmp_path / "alone")


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


def fetch(bucket: Path, data: DataDir, raw: Raw, selection: Selection | None = None) -> Receipt:
    return fetch_documents(DirectorySource(bucket), data, raw=raw, selection=selection)


def list_names(raw: Raw) -> list[str]:
    return [name for folder in FOLDERS for name in raw.list_files(folder)]


def read_copies(data: DataDir) -> dict[str, int]:
    """The file number of every copy: one that is written again has another."""
    return {path.relative_to(data.raw_copy).as_posix(): path.stat().st_ino for path in data.raw_copy.rglob("*.parquet")}


def test_the_commands_keep_it_there_and_make_the_release_of_a_local_one(  # noqa: PLR0913, PLR0917
    bucket: Path, alone: Release, raw_bucket: RawBucket, s3_server: S3Server, tmp_path: Path, run: Run
) -> None:
    where = {"ABID_RAW": raw_bucket.uri, "ABID_RAW_ENDPOINT_URL": s3_server.endpoint_url}
    fetched = run("abid-etl", "run", bucket, **where)
    assert (fetched.returncode, "9 listed, 0 held already" in fetched.stderr) == (0, True)
    assert f"release {alone.id} published" in fetched.stderr
    built = run("abid-etl", "build", "--data-dir", "elsewhere", "--raw", raw_bucket.uri, **where)
    assert f"release {alone.id} published" in built.stderr
    assert "held       9\nchanged    0\nnew        0\n" in run("abid-etl", "plan", bucket, **where).stdout
    verified = run("abid-etl", "verify", "--raw", **where)
    assert (verified.returncode, verified.stdout.count("ok ")) == (0, 5)
    assert run("abid-etl", "compact", **where).stderr == "1 shards became 1\n"
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["raw-copy", "warehouse"]
    for data_dir in ("data", "elsewhere"):
        assert hash_files(Release((tmp_path / data_dir / "warehouse/current").resolve(), {})) == hash_files(alone)


def test_two_workers_fill_one_raw_layer(bucket: Path, alone: Release, raw_bucket: RawBucket, tmp_path: Path) -> None:
    workers = [DataDir(tmp_path / str(number)) for number in (1, 2)]
    receipts = [fetch(bucket, data, raw_bucket, Selection(shard=(n, 2))) for n, data in enumerate(workers, 1)]
    assert [receipt.documents for receipt in receipts] == [receipts[0].documents, 9 - receipts[0].documents]
    assert (receipts[1].held, receipts[1].elsewhere) == (receipts[0].documents, 0)
    assert [len(raw_bucket.list_files(folder)) for folder in (DOCUMENTS, LISTINGS, NOT_FETCHED)] == [2, 2, 0]
    for data in workers:
        release = build_release(data, raw=raw_bucket)
        assert (release.id, hash_files(release)) == (alone.id, hash_files(alone))


def test_the_next_run_gets_and_copies_only_what_is_new(bucket: Path, data: DataDir, raw_bucket: RawBucket) -> None:
    fetch(bucket, data, raw_bucket)
    build_release(data, raw=raw_bucket)
    first = read_copies(data)
    assert sorted(first) == sorted(list_names(raw_bucket))
    write_bucket(bucket, {"metadata/1.json": make_document()})
    assert make_plan(DirectorySource(bucket), data, raw=raw_bucket).wanted == 1
    assert (fetch(bucket, data, raw_bucket).held, read_copies(data)) == (9, first)
    assert build_release(data, raw=raw_bucket).manifest["documents"]["loaded"] == 10
    second = read_copies(data)
    [shard] = [name for name in first if name.startswith(DOCUMENTS)]
    assert second[shard] == first[shard]
    assert sorted(second) == sorted(list_names(raw_bucket))
    assert len(second.keys() - first.keys()) == 3  # a shard, a listing, and one of pictures, in the place of others
    build_release(data, raw=raw_bucket)
    assert read_copies(data) == second


def test_what_is_removed_there_leaves_the_copy(bucket: Path, data: DataDir, raw_bucket: RawBucket) -> None:
    fetch(bucket, data, raw_bucket)
    assert read_status(data, raw=raw_bucket).missing == []
    [shard] = raw_bucket.list_files(DOCUMENTS)
    raw_bucket.remove_file(shard)
    assert read_status(data, raw=raw_bucket).missing == [(key, "not fetched yet") for key in KEYS]
    assert shard not in read_copies(data)
    assert fetch(bucket, data, raw_bucket).documents == 9
    status = read_status(data, raw=raw_bucket)
    assert (status.listed, status.fetched, status.images_listed, status.missing) == (9, 9, 1, [])


def test_a_listing_that_is_put_again_is_copied_again(bucket: Path, data: DataDir, raw_bucket: RawBucket) -> None:
    """As a fetch does when documents have changed while it got them."""
    fetch(bucket, data, raw_bucket)
    build_release(data, raw=raw_bucket)
    [name] = raw_bucket.list_files(LISTINGS)
    raw_bucket.write_file(name, pq.read_table(data.raw_copy / name).slice(0, 3))
    assert build_release(data, raw=raw_bucket).manifest["documents"]["listed"] == 3


def test_a_copy_that_was_damaged_is_copied_again(bucket: Path, data: DataDir, raw_bucket: RawBucket) -> None:
    fetch(bucket, data, raw_bucket)
    release = build_release(data, raw=raw_bucket)
    for name in read_copies(data):
        (data.raw_copy / name).write_bytes(b"")
    assert build_release(data, raw=raw_bucket).id == release.id


def test_the_copy_is_for_one_at_a_time(bucket: Path, data: DataDir, raw_bucket: RawBucket) -> None:
    fetch(bucket, data, raw_bucket)
    with lock_writing(DataDir(data.raw_copy)), pytest.raises(UsageError, match="another abid-etl is writing"):
        read_status(data, raw=raw_bucket)


def test_it_can_be_handed_to_another_process(bucket: Path, data: DataDir, raw_bucket: RawBucket) -> None:
    fetch(bucket, data, raw_bucket)
    assert list_names(pickle.loads(pickle.dumps(raw_bucket))) == list_names(raw_bucket) != []


@pytest.mark.parametrize("command", [("plan", "bucket"), ("build",)])
@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_can_not_be_used_ends_a_command_with_a_sentence(
    command: tuple[str, ...], lake: str, s3_server: S3Server, run: Run
) -> None:
    keys = {"AWS_ACCESS_KEY_ID": s3_server.access_key, "AWS_SECRET_ACCESS_KEY": s3_server.secret_key}
    where = ("--raw-endpoint-url", s3_server.endpoint_url)
    for done, said in (
        (run("abid-etl", *command, *where, "--raw", "s3://nowhere/raw", **keys), "There is no bucket nowhere at "),
        (run("abid-etl", *command, *where, "--raw", f"{lake}/raw"), f"{lake}/raw at {where[1]} denies access "),
    ):
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.startswith(f"error: The raw layer can't be used. {said}")
        assert done.stderr.count("\n") == 1


def test_a_bucket_that_can_be_read_and_not_written_is_an_error(
    bucket: Path, data: DataDir, s3_server: S3Server
) -> None:
    s3_server.create_bucket("read-only", public=True)
    raw = RawBucket("s3://read-only/raw", S3Options(endpoint_url=s3_server.endpoint_url))
    with pytest.raises(SourceError, match=r"The raw layer can't be used\. s3://read-only/raw at "):
        fetch(bucket, data, raw)


def test_a_folder_is_no_bucket(run: Run) -> None:
    done = run("abid-etl", "build", "--raw", "folder/raw")
    assert (done.returncode, done.stderr) == (
        2,
        "error: folder/raw names no bucket: write s3://BUCKET or s3://BUCKET/PREFIX.\n",
    )
