"""Compaction: fewer files that hold the same."""

import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import Run
from documents import find_shards, hash_files, make_document, make_line, read_shards, write_bucket

from etl import compact
from etl.build import build_release
from etl.compact import Compaction, compact_raw
from etl.datadir import DataDir
from etl.errors import UsageError
from etl.fetch import fetch_documents
from etl.lock import lock_writing
from etl.raw import DOCUMENTS, RawFolder, read_files
from etl.rawbucket import RawBucket
from etl.selection import Selection
from etl.shards import SHARD_SCHEMA, write_shard
from etl.sources.directory import DirectorySource
from etl.verify_raw import verify_raw

WORKERS = 4


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    keys = [f"metadata/{number:05d}.json" for number in range(1, 31)]
    documents = {key: make_document(make_line(quantity=number)) for number, key in enumerate(keys)}
    return write_bucket(tmp_path / "bucket", documents)


@pytest.fixture
def data(bucket: Path, tmp_path: Path) -> DataDir:
    """A raw layer that four workers filled."""
    data = DataDir(tmp_path / "data")
    fetch_shares(bucket, data)
    assert len(find_shards(data)) == WORKERS
    return data


def fetch_shares(bucket: Path, data: DataDir, raw: RawBucket | None = None) -> None:
    for number in range(1, WORKERS + 1):
        fetch_documents(DirectorySource(bucket), data, raw=raw, selection=Selection(shard=(number, WORKERS)))


def read_sorted(data: DataDir) -> pa.Table:
    """All that the shards hold, in an order that doesn't depend on them."""
    return read_shards(data).sort_by([("key", "ascending"), ("etag", "ascending"), ("fetched_at", "ascending")])


def make_shard(name: str, rows: int, size: int = 1) -> pa.Table:
    common = {"size": size, "etag": "e", "md5": name, "body": b"x" * size, "last_modified": 0, "fetched_at": 0}
    return pa.Table.from_pylist([common | {"key": f"{name}{row:03d}"} for row in range(rows)], SHARD_SCHEMA)


def test_many_shards_become_one_that_holds_the_same_and_gives_the_same_release(data: DataDir) -> None:
    before, release = read_sorted(data), build_release(data)
    files = hash_files(release)
    assert compact_raw(data) == Compaction(WORKERS, 1, 0)
    [shard] = find_shards(data)
    assert read_sorted(data).equals(before)
    assert pq.read_table(shard).equals(before)
    assert [finding.broken for finding in verify_raw(data)] == [[]] * 5
    shutil.rmtree(data.warehouse)
    again = build_release(data)
    assert (again.id, hash_files(again)) == (release.id, files)


def test_a_second_compaction_touches_nothing(data: DataDir) -> None:
    compact_raw(data)
    [before] = [(shard, shard.stat()) for shard in find_shards(data)]
    assert compact_raw(data) == Compaction(1, 1, 0)
    assert [(shard, shard.stat()) for shard in find_shards(data)] == [before]


def test_versions_that_were_superseded_stay_and_count_no_more_than_before(bucket: Path, data: DataDir) -> None:
    write_bucket(bucket, {"metadata/00007.json": make_document(make_line(quantity=99))})
    os.utime(bucket / "metadata/00007.json", (2_000_000_000, 2_000_000_000))
    fetch_documents(DirectorySource(bucket), data)
    before, release = read_sorted(data), build_release(data)
    assert before["key"].to_pylist().count("metadata/00007.json") == 2
    assert compact_raw(data) == Compaction(WORKERS + 1, 1, 0)
    assert read_sorted(data).equals(before)
    assert build_release(data).id == release.id


def test_a_compaction_that_was_killed_before_it_removed_anything_loses_and_doubles_nothing(data: DataDir) -> None:
    before, release = read_sorted(data), build_release(data)
    shutil.copytree(data.raw / DOCUMENTS, data.root / "former")
    compact_raw(data)
    shutil.copytree(data.root / "former", data.raw / DOCUMENTS, dirs_exist_ok=True)
    assert len(find_shards(data)) == WORKERS + 1
    assert build_release(data).id == release.id
    assert compact_raw(data) == Compaction(WORKERS + 1, 1, before.num_rows)
    assert read_sorted(data).equals(before)
    assert build_release(data).id == release.id


def test_a_document_that_two_workers_got_is_kept_once(bucket: Path, data: DataDir) -> None:
    before = read_sorted(data)
    other = DataDir(data.root.parent / "other")
    fetch_documents(DirectorySource(bucket), other, selection=Selection(limit=10))
    [copy] = find_shards(other)
    copy.rename(data.raw / DOCUMENTS / copy.name)
    assert compact_raw(data) == Compaction(WORKERS + 1, 1, 10)
    assert read_sorted(data).drop(["fetched_at"]).equals(before.drop(["fetched_at"]))


def test_a_document_that_is_twice_in_one_shard_is_kept_once(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    shard = make_shard("a", 3)
    write_shard(RawFolder(data.raw), pa.concat_tables([shard, shard.slice(1, 1)]).sort_by("key"))
    assert compact_raw(data) == Compaction(1, 1, 1)
    assert read_shards(data).equals(shard)


@pytest.mark.parametrize(
    ("limit", "sizes", "kept", "made"),
    [
        ("SHARD_ROWS", {"a": (3, 1), "b": (3, 1), "c": (8, 1), "d": (5, 1), "e": (3, 1)}, ["c", "d"], [8, 1]),
        (
            "SHARD_BYTES",
            {"a": (30, 1000), "b": (1, 60_000), "c": (40, 1000), "d": (1, 200_000), "e": (40, 1000)},
            ["b", "d"],
            [100, 10],
        ),
    ],
)
def test_shards_become_full_and_those_that_are_half_full_stay(  # noqa: PLR0913, PLR0917
    limit: str,
    sizes: dict[str, tuple[int, int]],
    kept: list[str],
    made: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compact, limit, {"SHARD_ROWS": 8, "SHARD_BYTES": 100_000}[limit])
    data = DataDir(tmp_path / "data")
    names = {name: write_shard(RawFolder(data.raw), make_shard(name, *size)) for name, size in sizes.items()}
    before = read_sorted(data)
    assert compact_raw(data) == Compaction(5, len(kept) + len(made), 0)
    after = set(RawFolder(data.raw).list_files(DOCUMENTS))
    assert after & set(names.values()) == {names[name] for name in kept}
    tables = [pq.read_table(data.raw / name) for name in after - set(names.values())]
    assert sorted((table.num_rows for table in tables), reverse=True) == made
    assert all(table["key"].to_pylist() == sorted(table["key"].to_pylist()) for table in tables)
    assert read_sorted(data).equals(before)


def test_a_raw_layer_in_a_bucket_is_compacted_there(bucket: Path, raw_bucket: RawBucket, tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    fetch_shares(bucket, data, raw_bucket)
    shards = raw_bucket.list_files(DOCUMENTS)
    before, release = read_files(raw_bucket, shards, SHARD_SCHEMA), build_release(data, raw=raw_bucket)
    assert compact_raw(data, raw=raw_bucket) == Compaction(WORKERS, 1, 0)
    assert read_files(raw_bucket, raw_bucket.list_files(DOCUMENTS), SHARD_SCHEMA).equals(before.sort_by("key"))
    assert build_release(data, raw=raw_bucket).id == release.id
    assert not data.raw.exists()


@pytest.mark.usefixtures("data")
def test_the_command_says_what_it_did(run: Run) -> None:
    done = run("abid-etl", "compact")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "4 shards became 1\n")


def test_two_can_not_write_at_once(data: DataDir) -> None:
    before = find_shards(data)
    with lock_writing(data), pytest.raises(UsageError, match="another abid-etl is writing"):
        compact_raw(data)
    assert find_shards(data) == before
