"""A build that is shared out, over tasks here or over a cluster, makes what one that sees everything at once makes."""

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from documents import find_shards, hash_files, make_document, make_line, run_pipeline, write_bucket
from hardraw import FILES_OF_LARGE, LARGE, find_document_of, make_raw_layer
from spark import NEEDS_JAVA, use_spark_settings

from etl import export
from etl.build import build_release
from etl.datadir import DataDir
from etl.duckengine import DuckEngine
from etl.engine import Engine, Limits
from etl.errors import AbidError, CheckError, UsageError
from etl.fetch import fetch_documents
from etl.progress import UNWATCHED, Step
from etl.release import Release
from etl.selection import Selection
from etl.sources.directory import DirectorySource
from etl.spark.engine import SparkEngine

REAL_SAMPLE = os.environ.get("ABID_REAL_SAMPLE", "")
ITEM_FILES = 3
NOT_OF_THE_TABLES = {"published_at", "seconds", "spilled_bytes", "catalog", "seal"}
IN_TASKS = DuckEngine(Limits(memory="500MB"), in_one_go=0)
ON_SPARK = SparkEngine("local[2]", Limits(memory="500MB"))
ENGINES = [pytest.param(IN_TASKS, id="tasks"), pytest.param(ON_SPARK, id="spark", marks=NEEDS_JAVA)]


@pytest.fixture(scope="module", autouse=True)
def small_files() -> Iterator[None]:
    """Items have several files, as those of millions of documents; and Spark is one of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "DOCUMENTS_A_FILE", 1_500 // ITEM_FILES)
        use_spark_settings(patch)
        yield


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    return make_raw_layer(tmp_path_factory.mktemp("hard"))


@pytest.fixture(scope="module")
def whole(hard: DataDir) -> Release:
    """What is made in one go."""
    return build_release(hard, allow_missing=True)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """For what a build refuses however much there is: one document, and one that was listed and not fetched."""
    root = tmp_path_factory.mktemp("small")
    documents = {find_document_of(share): make_document(make_line()) for share in (0, 1)}
    fetched = Selection(shard=(1, 2))
    fetch_documents(
        DirectorySource(write_bucket(root / "bucket", documents)), DataDir(root / "data"), selection=fetched
    )
    return DataDir(root / "data")


def copy_raw(data: DataDir, root: Path) -> DataDir:
    shutil.copytree(data.raw, root / "raw")
    return DataDir(root)


def describe(release: Release) -> dict[str, Any]:
    return {name: value for name, value in release.manifest.items() if name not in NOT_OF_THE_TABLES}


def require_same(release: Release, expected: Release) -> None:
    """The identity, the manifest with its receipt and what is missing, and the bytes of every table."""
    assert release.id == expected.id
    assert describe(release) == describe(expected)
    assert hash_files(release) == hash_files(expected)


def test_tasks_make_the_same_release_byte_for_byte_and_leave_nothing_in_folders_of_any_name(
    hard: DataDir, whole: Release, tmp_path: Path
) -> None:
    """What they hold meanwhile goes to the folder for it."""
    temporary = tmp_path / "with [a]*, it's"
    temporary.mkdir()
    data = copy_raw(hard, tmp_path / "as [b]*" / "data")
    engine = replace(IN_TASKS, limits=replace(IN_TASKS.limits, temp_dir=temporary))
    release = build_release(data, engine=engine, allow_missing=True)
    require_same(release, whole)
    assert release.manifest["spilled_bytes"] > 100_000
    assert list(temporary.iterdir()) == []
    assert not data.staging.exists()


@NEEDS_JAVA
def test_spark_makes_the_same_release_byte_for_byte(hard: DataDir, whole: Release, tmp_path: Path) -> None:
    data = copy_raw(hard, tmp_path / "data")
    release = build_release(data, engine=ON_SPARK, allow_missing=True)
    require_same(release, whole)
    assert not data.staging.exists()


@pytest.mark.skipif(not REAL_SAMPLE, reason="ABID_REAL_SAMPLE names no copy of real documents")
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_makes_the_same_of_real_documents(engine: Engine, tmp_path: Path) -> None:
    expected = run_pipeline(Path(REAL_SAMPLE), tmp_path / "whole")
    release = build_release(copy_raw(DataDir(tmp_path / "whole"), tmp_path / "data"), engine=engine)
    assert release.manifest["documents"]["loaded"] == len(list((Path(REAL_SAMPLE) / "metadata").iterdir()))
    assert describe(release) == describe(expected)
    assert hash_files(release) == hash_files(expected)


def test_that_release_has_all_that_can_go_wrong(whole: Release) -> None:
    """Or the tests above would show little."""
    manifest = whole.manifest
    assert [missing["key"] for missing in manifest["not_fetched"]] == [find_document_of(1)]
    assert len(manifest["rejects_by_reason"]) > 10
    assert manifest["tables"]["images"]["rows"] == 3
    buckets = {Path(file["path"]).parts[1] for file in manifest["tables"]["bins"]["files"]}
    assert buckets == {f"bin_bucket={bucket}" for bucket in ("b0", "b1", "b2", "b3", "b5", "b6", "u0")}
    for table in ("items", "dimensions"):
        files = [Path(file["path"]) for file in manifest["tables"][table]["files"]]
        assert {path.stem for path in files if path.parent.name == "asin_kind=asin"} == {"part-0", "part-1", "part-2"}
    with duckdb.connect(str(whole.path / "abid.duckdb"), read_only=True) as connection:
        changed = connection.sql("select bin_id from quantities where asin = 'B0CHANGED0'").fetchall()
    assert changed == [(Path(find_document_of(0)).stem,)]


@pytest.mark.parametrize("table", ["bins", "quantities", "observations"])
def test_a_partition_without_end_has_a_file_for_half_a_million_bins(whole: Release, table: str) -> None:
    folder = whole.path / table / "bin_bucket=b6"
    rows = {path.stem: pq.read_table(path, partitioning=None)["bin_id"].to_pylist() for path in folder.iterdir()}
    found = {name: sorted(set(bins)) for name, bins in rows.items()}
    assert found == FILES_OF_LARGE
    assert sorted(LARGE) == sorted(bin_id for bins in found.values() for bin_id in bins)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_raw_layer_of_nothing_but_faults_makes_empty_tables(engine: Engine, tmp_path: Path) -> None:
    bucket = write_bucket(tmp_path / "bucket", {"metadata/00001.json": b"", "metadata/1.json": b"[]"})
    expected = run_pipeline(bucket, tmp_path / "whole")
    data = copy_raw(DataDir(tmp_path / "whole"), tmp_path / "data")
    release = build_release(data, engine=engine)
    assert describe(release) == describe(expected)
    assert release.manifest["documents"] == {"listed": 2, "loaded": 0, "rejected": 2, "not_fetched": 0}
    assert hash_files(release) == hash_files(expected)


def test_a_release_that_is_there_is_not_made_again(hard: DataDir, whole: Release) -> None:
    before = (whole.path / "manifest.json").read_bytes()
    assert build_release(hard, engine=IN_TASKS, allow_missing=True).id == whole.id
    assert (whole.path / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_refuses_what_is_missing_and_names_it(engine: Engine, small: DataDir) -> None:
    with pytest.raises(CheckError, match=f"1 of the listed documents .*\n  {find_document_of(1)}: not fetched yet"):
        build_release(small, engine=engine)


def test_a_task_that_needs_more_memory_than_it_may_use_says_so(hard: DataDir, tmp_path: Path) -> None:
    data = copy_raw(hard, tmp_path / "data")
    starved = replace(IN_TASKS, limits=Limits(memory="2MB"))
    with pytest.raises(AbidError, match="needs more than 2MB of memory: give it more with --memory"):
        build_release(data, engine=starved, allow_missing=True)
    assert list(data.releases.iterdir()) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_a_damaged_shard_is_named_and_nothing_published(engine: Any, hard: DataDir, tmp_path: Path) -> None:
    """By one thread, too, which has others to cut after it."""
    data = copy_raw(hard, tmp_path / "data")
    shard = min(find_shards(data))
    shard.write_bytes(shard.read_bytes()[:-9])
    alone = replace(engine, limits=Limits(threads=1))
    with pytest.raises(UsageError, match=f"{shard.name} in .* can't be read: (.|\n)*Delete the damaged file"):
        build_release(data, engine=alone, allow_missing=True)
    assert list(data.releases.iterdir()) == []


def test_a_temporary_folder_that_can_not_be_made_is_named(hard: DataDir, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    data = copy_raw(hard, tmp_path / "data")
    with pytest.raises(UsageError, match=rf"{tmp_path}/file can't be written to: .* --temp-dir"):
        build_release(data, engine=replace(IN_TASKS, limits=Limits(temp_dir=tmp_path / "file")), allow_missing=True)


@NEEDS_JAVA
def test_a_machine_with_other_code_refuses_to_make_what_is_named_by_this_one(
    small: DataDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etl.spark.engine.fingerprint_code", lambda: "that of another version")
    with pytest.raises(UsageError, match="has another version of abid-warehouse, DuckDB or PyArrow"):
        build_release(copy_raw(small, tmp_path / "data"), engine=SparkEngine("local[2]"), allow_missing=True)


class Meddler:
    """Watches a build on Spark, and takes a document out of the listing when its second job is about to begin."""

    def __init__(self, data: DataDir) -> None:
        self._listings = data.raw / "listings"

    def step(self, label: str, *_: object, **__: object) -> AbstractContextManager[Step]:
        if label.startswith("building"):
            listing = max(self._listings.iterdir())
            pq.write_table(pq.read_table(listing).slice(1), listing)
        return UNWATCHED.step("")


@NEEDS_JAVA
def test_a_raw_layer_that_changes_between_two_jobs_is_no_release(small: DataDir, tmp_path: Path) -> None:
    data = copy_raw(small, tmp_path / "data")
    with pytest.raises(CheckError, match="was written to while it was read: build again"):
        build_release(data, engine=SparkEngine("local[2]"), allow_missing=True, progress=Meddler(data))
    assert list(data.releases.iterdir()) == []
