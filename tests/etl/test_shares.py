"""Many workers, each with a share and a raw layer of its own: their files put together are what one would have made."""

import hashlib
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from badnetwork import BadNetwork
from documents import encode, hash_files, make_document, make_line, read_shards, run_pipeline, write_bucket
from reading import open_s3
from seaweed import S3Server

from etl.build import build_release
from etl.datadir import DataDir
from etl.errors import CheckError
from etl.fetch import Receipt, fetch_documents
from etl.raw import FOLDERS, LISTINGS, NOT_FETCHED, RawFolder
from etl.release import Release
from etl.selection import Selection
from etl.sources.base import Source
from etl.sources.directory import DirectorySource
from etl.synthetic import synthesize
from etl.warehouse import Warehouse

BINS = 120
WORKERS = 8


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shares") / "bucket"
    synthesize(folder, bins=BINS, seed=2)
    return folder


@pytest.fixture(scope="module")
def alone(bucket: Path) -> Release:
    """What a single worker makes."""
    return run_pipeline(bucket, bucket.parent / "alone")


@pytest.fixture(scope="module")
def shares(bucket: Path) -> list[DataDir]:
    """What each of eight workers got."""
    workers = [DataDir(bucket.parent / f"worker{number}") for number in range(1, WORKERS + 1)]
    for number, data in enumerate(workers, 1):
        work(DirectorySource(bucket), data, number, WORKERS)
    return workers


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


def work(source: Source, data: DataDir, number: int, count: int) -> Receipt:
    return fetch_documents(source, data, selection=Selection(shard=(number, count)))


def put_together(workers: list[DataDir], data: DataDir) -> None:
    """Copy raw layers into one. Files of one name hold the same documents."""
    for path in (path for worker in workers for path in worker.raw.rglob("*") if path.is_file()):
        target = data.raw / path.relative_to(path.parents[1])
        assert not target.exists() or pq.read_table(target)["key"] == pq.read_table(path)["key"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())


def count_files(data: DataDir) -> int:
    return sum(len(RawFolder(data.raw).list_files(folder)) for folder in FOLDERS)


def read_quantities(data: DataDir) -> dict[str, int]:
    return dict(Warehouse.open(data.root).sql("select bin_id, quantity from quantities").rows())


def test_what_eight_workers_got_is_together_what_one_gets(shares: list[DataDir], alone: Release, data: DataDir) -> None:
    put_together(shares, data)
    assert count_files(data) == sum(map(count_files, shares))  # no two had the same name
    assert read_shards(data).num_rows == BINS
    release = build_release(data)
    assert (release.id, hash_files(release)) == (alone.id, hash_files(alone))


def test_a_document_that_two_workers_got_counts_once(
    shares: list[DataDir], alone: Release, bucket: Path, data: DataDir
) -> None:
    put_together([DataDir(bucket.parent / "alone"), *shares[:3]], data)
    assert read_shards(data).num_rows > BINS
    release = build_release(data)
    assert (release.id, hash_files(release)) == (alone.id, hash_files(alone))


def test_a_worker_that_comes_again_replaces_its_own_listing_and_one_that_is_alone_all(
    shares: list[DataDir], bucket: Path, data: DataDir
) -> None:
    put_together(shares, data)
    before = set(RawFolder(data.raw).list_files(LISTINGS))
    assert work(DirectorySource(bucket), data, 3, WORKERS).documents == 0
    after = set(RawFolder(data.raw).list_files(LISTINGS))
    assert [[name.split("-")[1] for name in names] for names in (before - after, after - before)] == [["3of8"]] * 2
    assert fetch_documents(DirectorySource(bucket), data).documents == 0
    [listing] = RawFolder(data.raw).list_files(LISTINGS)
    assert "-1of1-" in listing


def test_without_the_share_of_a_worker_the_build_refuses_and_names_documents(
    shares: list[DataDir], bucket: Path, data: DataDir
) -> None:
    keys = sorted(f"metadata/{path.name}" for path in (bucket / "metadata").iterdir())
    lost = [key for key in keys if int(hashlib.md5(key.encode()).hexdigest()[:8], 16) % WORKERS == 4]
    put_together([share for number, share in enumerate(shares) if number != 4], data)
    with pytest.raises(CheckError) as refusal:
        build_release(data)
    message = str(refusal.value)
    assert message.startswith(f"{len(lost)} of the listed documents have not been fetched:")
    assert [key for key in lost[:5] if f"\n  {key}: not fetched yet" not in message] == []
    manifest = build_release(data, allow_missing=True).manifest
    assert manifest["documents"]["not_fetched"] == len(lost) > 5
    assert [missing["key"] for missing in manifest["not_fetched"]] == lost


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["older first", "newer first"])
@pytest.mark.parametrize("latest", ["older", "newer"])
def test_of_a_document_that_changed_between_two_workers_the_newer_version_counts(
    order: tuple[int, int], latest: str, tmp_path: Path, data: DataDir
) -> None:
    """Whichever was copied first, and whichever has the latest listing: clocks are off."""
    keys = [f"metadata/0000{number}.json" for number in range(1, 7)]
    bucket = write_bucket(tmp_path / "bucket", {key: make_document(make_line(quantity=1)) for key in keys})
    older, newer = DataDir(tmp_path / "older"), DataDir(tmp_path / "newer")
    fetch_documents(DirectorySource(bucket), older)
    write_bucket(bucket, {keys[3]: make_document(make_line(quantity=7))})
    os.utime(bucket / keys[3], (2_000_000_000, 2_000_000_000))
    fetch_documents(DirectorySource(bucket), newer)
    [listing] = (older.raw / LISTINGS).iterdir()
    if latest == "older":
        listing.rename(listing.with_name(f"3{listing.name[1:]}"))  # in the year 3000 and some
    put_together([(older, newer)[number] for number in order], data)
    build_release(data)
    assert read_quantities(data) == {f"0000{number}": 7 if number == 4 else 1 for number in range(1, 7)}


def test_workers_at_s3_make_up_for_what_one_of_them_could_not_get(
    s3_server: S3Server, tmp_path: Path, data: DataDir
) -> None:
    documents = {f"metadata/0000{n}.json": encode(make_document(make_line(quantity=n))) for n in range(1, 10)}
    s3_server.create_bucket("workers", documents, public=True)
    single = DataDir(tmp_path / "single")
    fetch_documents(open_s3(s3_server.endpoint_url, "s3://workers"), single)
    alone = build_release(single)
    workers = [DataDir(tmp_path / str(number)) for number in (1, 2, 3)]
    lost = "metadata/00005.json"
    with BadNetwork(s3_server.endpoint_url, {"500": 1.0}, only=lambda _, path: path.endswith(lost)) as network:
        source = open_s3(network.endpoint_url, "s3://workers")
        receipts = [work(source, worker, number, 3) for number, worker in enumerate(workers, 1)]
    assert [key for receipt in receipts for key, _ in receipt.not_fetched] == [lost]
    put_together(workers, data)
    assert len(RawFolder(data.raw).list_files(NOT_FETCHED)) == 1
    with pytest.raises(CheckError, match=rf"1 of the listed documents .*\n  {lost}: the server answered 500"):
        build_release(data)
    put_together([single], data)
    assert len(RawFolder(data.raw).list_files(LISTINGS)) == 4
    release = build_release(data)
    assert release.manifest["not_fetched"] == []
    assert (release.id, hash_files(release)) == (alone.id, hash_files(alone))
