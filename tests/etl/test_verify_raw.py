"""The raw layer held to its promises: one that is whole passes, and whatever is damaged in it is found and named."""

import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import Run
from documents import find_shards, write_bucket
from seaweed import S3Server

from etl.compact import compact_raw
from etl.datadir import DataDir
from etl.errors import UsageError
from etl.fetch import Receipt, fetch_documents
from etl.lock import lock_writing
from etl.raw import IMAGES, LISTINGS, NOT_FETCHED, Raw, RawFolder
from etl.rawbucket import RawBucket
from etl.selection import Selection
from etl.sources.directory import DirectorySource
from etl.verify_raw import verify_raw

KEYS = [f"metadata/0000{number}.json" for number in range(1, 7)]
READABLE = "every file can be read"
NAMED = "every shard is named after what it holds"
TRUE = "every document has the size and the MD5 recorded for it"
ONCE = "no document is held twice"
HELD = "every listed document is held"


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """Bytes that can't be compressed, so that they lie in a shard as they are."""
    documents = {key: random.Random(key).randbytes(500) for key in KEYS}
    return write_bucket(tmp_path / "bucket", documents | {"bin-images/1.jpg": b"picture"})


@pytest.fixture
def data(bucket: Path, tmp_path: Path) -> DataDir:
    """Two workers' raw layers in one: two shards, two listings of documents and of pictures."""
    data = DataDir(tmp_path / "data")
    for number in (1, 2):
        assert fetch(bucket, data, number).documents > 1
    return data


def fetch(bucket: Path, data: DataDir, number: int, raw: Raw | None = None) -> Receipt:
    return fetch_documents(DirectorySource(bucket), data, raw=raw, selection=Selection(shard=(number, 2)))


def find_broken(data: DataDir, raw: Raw | None = None) -> dict[str, list[str]]:
    """What breaks each promise that isn't kept."""
    return {finding.promise: finding.broken for finding in verify_raw(data, raw=raw) if finding.broken}


def read_keys(shard: Path) -> list[str]:
    keys: list[str] = pq.read_table(shard)["key"].to_pylist()
    return keys


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def replace_column(shard: Path, column: str, values: pa.Array) -> None:
    documents = pq.read_table(shard)
    position = documents.schema.get_field_index(column)
    pq.write_table(documents.set_column(position, documents.schema.field(column), values), shard)


def test_a_whole_raw_layer_passes(data: DataDir, run: Run) -> None:
    assert find_broken(data) == {}
    done = run("abid-etl", "verify", "--raw")
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            f"ok      {READABLE}: 6 of 6",
            f"ok      {NAMED}: 2 of 2",
            f"ok      {TRUE}: 6 of 6",
            f"ok      {ONCE}: 6 of 6",
            f"ok      {HELD}: 6 of 6",
        ],
    )


def truncate(shard: Path) -> None:
    shard.write_bytes(shard.read_bytes()[:-100])


def replace_by_another_table(shard: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), shard)


@pytest.mark.parametrize("damage", [truncate, replace_by_another_table])
def test_a_shard_that_can_not_be_read_is_named_with_all_that_is_missing_for_it(
    damage: Callable[[Path], None], data: DataDir
) -> None:
    shard = find_shards(data)[0]
    keys = read_keys(shard)
    damage(shard)
    broken = find_broken(data)
    assert broken.keys() == {READABLE, HELD}
    assert [line.startswith(f"{name(shard)} can't be read: ") for line in broken[READABLE]] == [True]
    assert broken[HELD] == [f"{key}: not fetched yet" for key in keys]


def test_one_flipped_bit_in_a_document_is_found(data: DataDir, bucket: Path) -> None:
    shard = max(find_shards(data), key=lambda shard: len(read_keys(shard)))
    bodies = {(bucket / key).read_bytes(): key for key in read_keys(shard)}
    body = sorted(bodies)[1]  # the first and the last stand in the statistics of the file, too
    content = bytearray(shard.read_bytes())
    content[content.index(body) + 250] ^= 1
    shard.write_bytes(content)
    assert find_broken(data) == {TRUE: [f"{bodies[body]} in {name(shard)}"]}


def test_a_wrong_md5_is_found(data: DataDir) -> None:
    shard = find_shards(data)[0]
    keys = read_keys(shard)
    replace_column(shard, "md5", pa.repeat("0" * 32, len(keys)))
    assert find_broken(data) == {NAMED: [name(shard)], TRUE: [f"{key} in {name(shard)}" for key in keys]}


def test_a_wrong_size_is_found(data: DataDir) -> None:
    shard = find_shards(data)[0]
    keys = read_keys(shard)
    replace_column(shard, "size", pa.repeat(pa.scalar(499), len(keys)))
    assert find_broken(data) == {TRUE: [f"{key} in {name(shard)}" for key in keys]}


def test_a_shard_that_is_not_there_is_missed(data: DataDir, run: Run) -> None:
    shard = find_shards(data)[0]
    keys = read_keys(shard)
    shard.unlink()
    assert find_broken(data) == {HELD: [f"{key}: not fetched yet" for key in keys]}
    done = run("abid-etl", "verify", "--raw")
    assert done.returncode == 1
    assert f"broken  {HELD}: {6 - len(keys)} of 6\n        {keys[0]}: not fetched yet\n" in done.stdout
    assert done.stderr.endswith(
        f"error: 1 of 5 promises are broken:\n  {HELD}: `abid-etl fetch` gets what is missing.\n"
    )


def test_a_document_that_is_held_twice_is_named_until_the_raw_layer_is_compacted(data: DataDir, bucket: Path) -> None:
    other = DataDir(data.root.parent / "other")
    fetch_documents(DirectorySource(bucket), other, selection=Selection(ids=("00003",)))
    [copy] = find_shards(other)
    [former] = [shard for shard in find_shards(data) if KEYS[2] in read_keys(shard)]
    copy.rename(former.with_name(copy.name))
    shards = sorted([name(former), name(copy)])
    assert find_broken(data) == {ONCE: [f"{KEYS[2]} in {', '.join(shards)}"]}
    compact_raw(data)
    assert find_broken(data) == {}


@pytest.mark.parametrize("folder", [LISTINGS, IMAGES, NOT_FETCHED])
def test_a_file_beside_the_shards_that_is_damaged_is_found_too(folder: str, data: DataDir) -> None:
    first = RawFolder(data.raw).list_files(LISTINGS)[0].partition("/")[2]
    path = data.raw / folder / first
    path.write_bytes(b"PAR1 and no more")
    broken = find_broken(data)
    assert broken.keys() == {READABLE}
    assert [line.startswith(f"{folder}/{first} can't be read: ") for line in broken[READABLE]] == [True]


def test_without_a_listing_there_is_nothing_to_hold_the_raw_layer_to(data: DataDir, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing has been fetched"):
        verify_raw(DataDir(tmp_path / "empty"))
    latest = data.raw / RawFolder(data.raw).list_files(LISTINGS)[-1]
    latest.write_bytes(b"")
    with pytest.raises(UsageError, match=f"{name(latest)} .* can't be read.*\nDelete the damaged file"):
        verify_raw(data)


def test_a_raw_layer_that_is_being_written_is_left_alone(data: DataDir) -> None:
    with lock_writing(data), pytest.raises(UsageError, match="another abid-etl is writing"):
        verify_raw(data)


def test_a_raw_layer_in_a_bucket_is_held_to_the_same(
    bucket: Path, raw_bucket: RawBucket, s3_server: S3Server, tmp_path: Path
) -> None:
    data = DataDir(tmp_path / "data")
    for number in (1, 2):
        fetch(bucket, data, number, raw_bucket)
    assert find_broken(data, raw_bucket) == {}
    shards = raw_bucket.list_files("documents")
    keys = read_keys(data.raw_copy / shards[0])
    place = raw_bucket.uri.removeprefix("s3://lake/")
    s3_server.put_objects("lake", {f"{place}/{shards[0]}": (data.raw_copy / shards[0]).read_bytes()[:-1]})
    assert find_broken(data, raw_bucket).keys() == {READABLE, HELD}  # though it was whole when it was copied
    raw_bucket.remove_file(shards[0])
    assert find_broken(data, raw_bucket) == {HELD: [f"{key}: not fetched yet" for key in keys]}
