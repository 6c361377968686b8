"""The first stage: what is fetched and what isn't, and runs that are killed, interrupted or lied to."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from documents import (
    encode,
    find_shards,
    make_document,
    make_line,
    read_listing,
    read_shards,
    run_pipeline,
    write_bucket,
)
from stopping import wait_until

from etl.atomic import remove_leftovers
from etl.build import build_release
from etl.datadir import DataDir
from etl.errors import CheckError, SourceError, UsageError
from etl.fetch import fetch_documents
from etl.raw import DOCUMENTS
from etl.release import Release
from etl.sources.base import LateReader
from etl.sources.directory import DirectorySource
from etl.warehouse import Warehouse

COMMAND = str(Path(sys.executable).with_name("abid-etl"))
THREE = {f"metadata/0000{number}.json": make_document(make_line(quantity=number)) for number in (1, 2, 3)}
MANY = 17_000


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    return write_bucket(tmp_path / "bucket", THREE)


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


def read_quantities(data: DataDir) -> dict[str, int]:
    rows = Warehouse.open(data.root).sql("select bin_id, quantity from quantities").rows()
    return dict(rows)


def find_files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


# --- what is new ----------------------------------------------------------------------------------------------------


def test_the_first_fetch_gets_everything_as_it_is(bucket: Path, data: DataDir) -> None:
    receipt = fetch_documents(DirectorySource(bucket), data)
    bodies = {key: encode(document) for key, document in THREE.items()}
    assert (receipt.listed, receipt.held, receipt.documents, receipt.not_fetched) == (3, 0, 3, [])
    assert receipt.size == sum(map(len, bodies.values()))
    shards = read_shards(data)
    assert dict(zip(shards["key"].to_pylist(), shards["body"].to_pylist(), strict=True)) == bodies


def test_a_second_fetch_of_the_same_directory_gets_nothing(bucket: Path, data: DataDir) -> None:
    fetch_documents(DirectorySource(bucket), data)
    shards = find_shards(data)
    receipt = fetch_documents(DirectorySource(bucket), data)
    assert (receipt.listed, receipt.held, receipt.documents, receipt.size) == (3, 3, 0, 0)
    assert find_shards(data) == shards


def test_a_new_document_is_all_that_the_next_fetch_gets(bucket: Path, data: DataDir) -> None:
    fetch_documents(DirectorySource(bucket), data)
    write_bucket(bucket, {"metadata/4.json": make_document()})
    receipt = fetch_documents(DirectorySource(bucket), data)
    assert (receipt.listed, receipt.held, receipt.documents) == (4, 3, 1)


def test_a_changed_document_is_fetched_again_and_only_its_new_version_is_published(bucket: Path, data: DataDir) -> None:
    run_pipeline(bucket, data.root)
    changed = bucket / "metadata/00002.json"
    former = changed.stat().st_mtime_ns
    changed.write_bytes(encode(make_document(make_line(quantity=9))))
    os.utime(changed, ns=(former + 10**9, former + 10**9))
    assert fetch_documents(DirectorySource(bucket), data).documents == 1
    build_release(data)
    assert read_quantities(data) == {"00001": 1, "00002": 9, "00003": 3}


def test_a_document_deleted_at_the_source_leaves_the_next_release(bucket: Path, data: DataDir) -> None:
    run_pipeline(bucket, data.root)
    (bucket / "metadata/00003.json").unlink()
    release = run_pipeline(bucket, data.root)
    assert read_quantities(data) == {"00001": 1, "00002": 2}
    assert release.manifest["documents"]["listed"] == 2


def test_the_listing_is_a_snapshot_of_the_source(bucket: Path, data: DataDir) -> None:
    fetch_documents(DirectorySource(bucket), data)
    listing = read_listing(data)
    stats = {key: (bucket / key).stat() for key in THREE}
    assert [(row["key"], row["size"]) for row in listing] == [(key, stats[key].st_size) for key in sorted(THREE)]
    (bucket / "metadata/00001.json").unlink()
    assert read_listing(data) == listing
    fetch_documents(DirectorySource(bucket), data)
    assert [row["key"] for row in read_listing(data)] == sorted(THREE)[1:]


@pytest.mark.parametrize("content", [{}, {"bin-images/00001.jpg": b"x"}], ids=["no folder", "pictures only"])
def test_a_source_without_documents_is_an_error_and_lists_nothing(
    content: dict[str, Any], tmp_path: Path, data: DataDir
) -> None:
    bucket = write_bucket(tmp_path / "empty", content)
    bucket.mkdir(exist_ok=True)
    with pytest.raises(SourceError, match="metadata/"):
        fetch_documents(DirectorySource(bucket), data)
    assert find_files(data.root) == set()
    with pytest.raises(UsageError, match="nothing has been fetched"):
        build_release(data)


# --- documents that change between listing and reading --------------------------------------------------------------


@dataclass(frozen=True)
class Unsteady(DirectorySource):
    """A directory in which something happens after it was listed."""

    happen: Callable[[Path], object]

    def open_reader(self) -> LateReader:
        self.happen(self.root)
        return super().open_reader()


def make_unreadable(path: Path) -> None:
    path.unlink()
    path.mkdir()


EVENTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "metadata/00011.json": (Path.unlink, "No such file or directory"),
    "metadata/00012.json": (make_unreadable, "Is a directory"),
    "metadata/00013.json": (lambda path: os.truncate(path, 10), "10 bytes came, 22 were listed"),
    "metadata/00014.json": (lambda path: os.truncate(path, 0), "0 bytes came, 22 were listed"),
    "metadata/00015.json": (lambda path: path.write_bytes(b"x" * 27), "27 bytes came, 22 were listed"),
}
NAMED = [(key, error) for key, (_, error) in EVENTS.items()]


def let_everything_happen(bucket: Path) -> None:
    for key, (happen, _) in EVENTS.items():
        happen(bucket / key)


def test_documents_that_can_not_be_read_as_listed_are_named_with_a_reason(bucket: Path, data: DataDir) -> None:
    write_bucket(bucket, dict.fromkeys(EVENTS, b'{"BIN_FCSKU_DATA": {} '))
    receipt = fetch_documents(Unsteady(bucket, let_everything_happen), data)
    assert (receipt.documents, receipt.not_fetched) == (3, NAMED)
    with pytest.raises(CheckError) as refusal:
        build_release(data)
    assert [named for named in NAMED if ": ".join(named) not in str(refusal.value)] == []
    assert not data.current.exists()
    manifest = build_release(data, allow_missing=True).manifest
    assert manifest["documents"] == {"listed": 8, "loaded": 3, "rejected": 0, "not_fetched": 5}
    assert [(missing["key"], missing["error"]) for missing in manifest["not_fetched"]] == NAMED
    assert read_quantities(data) == {"00001": 1, "00002": 2, "00003": 3}


def test_a_release_without_a_document_gives_way_to_one_with_it(bucket: Path, data: DataDir) -> None:
    lost, found = bucket / "metadata/00002.json", bucket / "found.json"
    fetch_documents(Unsteady(bucket, lambda _: lost.rename(found)), data)
    partial = build_release(data, allow_missing=True)
    found.rename(lost)  # as it was, to the nanosecond
    whole = run_pipeline(bucket, data.root)
    assert whole.id != partial.id
    assert whole.manifest["not_fetched"] == []
    assert read_quantities(data) == {"00001": 1, "00002": 2, "00003": 3}


# --- killed and interrupted runs ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def big_bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    body = '{"BIN_FCSKU_DATA": {}, "EXPECTED_QUANTITY": %d}'
    documents = {f"metadata/{number:05d}.json": (body % number).encode() for number in range(1, MANY + 1)}
    return write_bucket(tmp_path_factory.mktemp("big"), documents)


@pytest.fixture(scope="module")
def uninterrupted(big_bucket: Path, tmp_path_factory: pytest.TempPathFactory) -> Release:
    return run_pipeline(big_bucket, tmp_path_factory.mktemp("uninterrupted"))


def files_of(release: Release) -> dict[str, str]:
    tables = release.manifest["tables"].values()
    return {file["path"]: file["sha256"] for table in tables for file in table["files"]}


def stop_at_the_first_shard(bucket: Path, data: DataDir, stop: Callable[[int], None]) -> tuple[int, str]:
    """Start a fetch and `stop` it once a shard is there; its exit code, and all that its processes said."""
    (data.raw / DOCUMENTS).mkdir(parents=True)
    command = [COMMAND, "fetch", str(bucket), "--data-dir", str(data.root)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        wait_until(lambda: find_shards(data), process)
        stop(process.pid)
        try:
            said = process.communicate(timeout=20)[1]
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, said


def resume_and_build(bucket: Path, data: DataDir) -> tuple[str, dict[str, str]]:
    receipt = fetch_documents(DirectorySource(bucket), data)
    assert receipt.held > 0
    assert receipt.held + receipt.documents == MANY
    assert not list(data.root.rglob(".*"))
    release = build_release(data)
    return release.id, files_of(release)


def test_a_killed_fetch_leaves_no_process_and_is_resumed(
    big_bucket: Path, uninterrupted: Release, data: DataDir
) -> None:
    code, _ = stop_at_the_first_shard(big_bucket, data, lambda pid: os.kill(pid, signal.SIGKILL))
    assert code == -signal.SIGKILL
    assert resume_and_build(big_bucket, data) == (uninterrupted.id, files_of(uninterrupted))


def test_an_interrupted_fetch_exits_with_130_leaves_nothing_and_is_resumed(
    big_bucket: Path, uninterrupted: Release, data: DataDir
) -> None:
    # Ctrl-C in a terminal reaches all processes
    code, said = stop_at_the_first_shard(big_bucket, data, lambda pid: os.killpg(pid, signal.SIGINT))
    assert code == 130, said
    assert not list(data.root.rglob(".*"))
    assert "interrupted" in said
    assert "Traceback" not in said
    assert resume_and_build(big_bucket, data) == (uninterrupted.id, files_of(uninterrupted))


def test_a_build_after_a_killed_fetch_knows_what_is_missing(bucket: Path, data: DataDir) -> None:
    fetch_documents(DirectorySource(bucket), data)
    shutil.rmtree(data.raw / DOCUMENTS)  # a run that was killed before its first shard
    with pytest.raises(CheckError, match=r"3 of the listed .*\n.*metadata/00001.json: not fetched yet"):
        build_release(data)


def test_what_killed_runs_left_under_temporary_names_is_removed(bucket: Path, data: DataDir) -> None:
    run_pipeline(bucket, data.root)
    names = (
        "documents/.0123456789abcdef01234567.parquet.2.tmp",
        "listings/.20260101T000000.000000Z-1of1-a.parquet.1.tmp",
    )
    leftovers = [data.raw / name for name in names]
    for leftover in leftovers:
        leftover.write_bytes(b"half a fi")
    before = find_shards(data)
    fetch_documents(DirectorySource(bucket), data)
    assert [leftover for leftover in leftovers if leftover.exists()] == []
    assert find_shards(data) == before


def test_what_has_another_name_is_nobody_s_leftover(tmp_path: Path) -> None:
    """As in a home that pictures are put into."""
    (tmp_path / ".folder.1.tmp").mkdir()
    names = (".mine.tmp", ".bash_history-07.tmp", "a.1.tmp", ".tmp", ".1.tmp.x")
    for name in (*names, ".a.b.1.tmp"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*names, ".folder.1.tmp"}


def test_a_fetch_that_runs_out_of_space_leaves_no_shard_and_is_resumed(bucket: Path, data: DataDir) -> None:
    large = make_document(make_line(name=random.Random(1).randbytes(100_000).hex()))
    write_bucket(bucket, {"metadata/00004.json": large})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            fetch_documents(DirectorySource(bucket), data)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {name.rpartition("/")[0] for name in find_files(data.root)} == {"raw/listings"}
    assert fetch_documents(DirectorySource(bucket), data).documents == 4


def test_several_processes_pack_what_one_packs(
    big_bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = []
    for processes in (1, 4):
        monkeypatch.setattr(os, "cpu_count", lambda processes=processes: processes)
        data = DataDir(tmp_path / str(processes))
        assert fetch_documents(DirectorySource(big_bucket), data).documents == MANY
        shards = [pq.read_table(shard).drop(["fetched_at"]) for shard in find_shards(data)]
        assert len(shards) > 1
        assert all(shard["key"].to_pylist() == sorted(shard["key"].to_pylist()) for shard in shards)
        packed.append(pa.concat_tables(shards).sort_by("key"))
    assert packed[0] == packed[1]
