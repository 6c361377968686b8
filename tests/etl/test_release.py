"""Releases: the same bytes from the same documents, published whole or not at all."""

import datetime as dt
import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from documents import find_shards, hash_files, make_document, make_line, read_shards, run_pipeline, write_bucket

from etl.build import build_release
from etl.datadir import DataDir
from etl.duckengine import DuckEngine
from etl.engine import Limits
from etl.errors import CheckError
from etl.fetch import fetch_documents
from etl.raw import DOCUMENTS
from etl.release import Release
from etl.retention import KEPT_RELEASES
from etl.sources.directory import DirectorySource
from etl.warehouse import Warehouse


def bucket_of(quantity: int) -> dict[str, Any]:
    return {"metadata/00001.json": make_document(make_line(quantity=quantity)), "metadata/1.json": make_document()}


def files_below(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Every path below `folder`: inode, time of change, size."""
    stats = {str(path): path.stat() for path in folder.rglob("*")}
    return {path: (stat.st_ino, stat.st_mtime_ns, stat.st_size) for path, stat in stats.items()}


def find_release_ids(data: DataDir) -> set[str]:
    return {path.name for path in data.releases.iterdir()}


# --- the same input gives the same bytes ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """A raw layer of 150,000 lines, with rivals for every name and measurement."""
    chance = random.Random(1)
    lines = [
        make_line(
            f"B{number % 2_000:09d}",
            chance.randrange(9),
            name=chance.choice(["Ä", "B", None]),
            normalizedName=chance.choice(["ä", "b", None]),
            weight=chance.choice([None, {"unit": "pounds", "value": chance.random()}]),
            width={"unit": chance.choice(["IN", "CM"]), "value": chance.choice([0.1, 0.2, 1 / 3])},
        )
        for number in range(8_000)
    ]
    texts = list(map(json.dumps, lines))
    documents: dict[str, bytes] = {}
    for number in range(1, 5_001):
        held = ", ".join(f'"ZZ{place}": {text}' for place, text in enumerate(chance.choices(texts, k=30)))
        body = f'{{"BIN_FCSKU_DATA": {{{held}}}, "EXPECTED_QUANTITY": 50}}'
        documents[f"metadata/{number * 73:05d}.json"] = body.encode()
    documents["metadata/7.json"] = documents["metadata/00073.json"]
    documents["metadata/8.json"] = b"not a document"
    root = tmp_path_factory.mktemp("big")
    fetch_documents(DirectorySource(write_bucket(root / "bucket", documents)), DataDir(root / "data"))
    return DataDir(root / "data")


@pytest.fixture(scope="module")
def reference(big: DataDir) -> tuple[str, dict[str, str]]:
    release = build_release(big)
    return release.id, hash_files(release)


def copy_raw_layer(data: DataDir, root: Path) -> DataDir:
    shutil.copytree(data.raw, root / "raw")
    return DataDir(root)


def reshard(data: DataDir) -> None:
    """Deal the rows out to other shards in no order, with an overlapping shard and one of former versions."""
    rows = read_shards(data)
    for shard in find_shards(data):
        shard.unlink()
    order = list(range(rows.num_rows))
    random.Random(2).shuffle(order)
    later = pa.repeat(pa.scalar(dt.datetime(2030, 1, 1), pa.timestamp("us")), 100)  # noqa: DTZ001  (the raw layer's are UTC)
    former = {"etag": [f"former-{row}" for row in range(100)], "md5": ["0" * 32] * 100, "body": [b"former"] * 100}
    dealt = {str(part): rows.take(order[part::4]) for part in range(4)}
    dealt["overlapping"] = with_columns(rows.take(order[100:200]), {"fetched_at": later})
    dealt["0-former"] = with_columns(rows.take(order[50:150]), former)
    for name, shard in dealt.items():
        pq.write_table(shard, data.raw / DOCUMENTS / f"{name}.parquet", row_group_size=500)


def with_columns(table: pa.Table, columns: dict[str, Any]) -> pa.Table:
    for name, column in columns.items():
        field = table.schema.field(name)
        table = table.set_column(table.schema.get_field_index(name), field, pa.array(column, field.type))
    return table


def test_the_order_and_the_sharding_of_the_raw_layer_leave_no_trace(
    big: DataDir, reference: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    data = copy_raw_layer(big, tmp_path)
    reshard(data)
    release = build_release(data)
    assert (release.id, hash_files(release)) == reference


@pytest.mark.parametrize("limits", [Limits(1, "512MB"), Limits(8, "4GB")])
def test_threads_and_memory_leave_no_trace(
    limits: Limits, big: DataDir, reference: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    release = build_release(copy_raw_layer(big, tmp_path), engine=DuckEngine(limits))
    assert (release.id, hash_files(release)) == reference


# --- what a release says of itself ----------------------------------------------------------------------------------


def test_the_manifest_describes_the_files_that_are_there(big: DataDir, reference: tuple[str, dict[str, str]]) -> None:
    release = Release(big.current.resolve(), json.loads((big.current / "manifest.json").read_text()))
    tables = release.manifest["tables"]
    described = {file["path"]: file for table in tables.values() for file in table["files"]}
    assert {path: file["sha256"] for path, file in described.items()} == reference[1]
    for path, file in described.items():
        assert file["bytes"] == (release.path / path).stat().st_size
        assert file["rows"] == pq.read_table(release.path / path, partitioning=None).num_rows
    assert tables["observations"]["rows"] == 5_001 * 30
    assert all(table["rows"] == sum(file["rows"] for file in table["files"]) for table in tables.values())
    assert release.manifest["release"] == reference[0]


# --- publishing -----------------------------------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    run_pipeline(write_bucket(tmp_path / "bucket", bucket_of(1)), tmp_path / "data")
    return DataDir(tmp_path / "data")


def republish(data: DataDir, quantity: int) -> Release:
    return run_pipeline(write_bucket(data.root.parent / "bucket", bucket_of(quantity)), data.root)


def test_current_is_a_relative_symlink_and_nothing_else_stands_beside_the_releases(data: DataDir) -> None:
    [release_id] = find_release_ids(data)
    assert os.readlink(data.current) == f"releases/{release_id}"  # noqa: PTH115  (as it is written)
    assert {path.name for path in data.warehouse.iterdir()} == {"current", "releases"}


def test_a_second_build_of_the_same_documents_changes_nothing(data: DataDir) -> None:
    before = files_below(data.releases)
    link = data.current.lstat()
    build_release(data)
    assert files_below(data.releases) == before
    assert data.current.lstat() == link


def test_a_new_document_makes_a_new_release_and_the_old_one_stays_as_it_was(data: DataDir) -> None:
    old = Warehouse.open(data.root)
    before = files_below(old.release.path)
    new = republish(data, 20)
    assert data.current.resolve() == new.path != old.release.path
    assert files_below(old.release.path) == before
    assert old.table("quantities").rows()[0][4] == 1
    assert Warehouse.open(data.root).table("quantities").rows()[0][4] == 20


def test_the_last_releases_are_kept_and_the_oldest_go_even_within_a_second(data: DataDir) -> None:
    ids = [data.current.resolve().name]
    for quantity in (20, 300, 4000, 50_000):
        manifest = data.current / "manifest.json"
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"published_at": "2020-02-02T02:02:02"}))
        ids.append(republish(data, quantity).id)
        os.utime(data.releases / ids[-2], (0, 0))  # it was superseded long ago
    build_release(data)
    assert len(set(ids)) == 5
    assert find_release_ids(data) == set(ids[-KEPT_RELEASES:])
    assert data.current.resolve().name == ids[-1]


def test_documents_of_a_kept_release_make_it_current_again(data: DataDir) -> None:
    raw = copy_raw_layer(data, data.root.parent / "first").raw
    first = data.current.resolve()
    before = files_below(first)
    republish(data, 20)
    shutil.rmtree(data.raw)
    shutil.copytree(raw, data.raw)
    assert build_release(data).path == first == data.current.resolve()
    assert files_below(first) == before


def test_what_a_killed_build_left_is_cleared_away(data: DataDir) -> None:
    (data.staging / "release" / "bins").mkdir(parents=True)
    (data.staging / "release" / "manifest.json").write_text("{}")
    (data.warehouse / ".current.1.tmp").symlink_to("releases/gone")
    republish(data, 20)
    assert {path.name for path in data.warehouse.iterdir()} == {"current", "releases"}


def test_a_failing_check_publishes_nothing_and_leaves_the_former_release(data: DataDir) -> None:
    before = files_below(data.warehouse / "releases")
    link = os.readlink(data.current)  # noqa: PTH115  (as it is written)
    write_bucket(data.root.parent / "bucket", bucket_of(20))
    fetch_documents(DirectorySource(data.root.parent / "bucket"), data)
    for shard in find_shards(data):  # damage that no fetch does: every document twice in one shard
        rows = pq.read_table(shard)
        pq.write_table(pa.concat_tables([rows, rows]), shard)
    with pytest.raises(CheckError, match=r"nothing was published(.*\n)*  keys_unique(.*\n)*.*receipt_balanced"):
        build_release(data)
    assert {path.name for path in data.warehouse.iterdir()} == {"current", "releases"}
    assert (files_below(data.releases), os.readlink(data.current)) == (before, link)  # noqa: PTH115
    assert Warehouse.open(data.root).table("quantities").rows()[0][4] == 1


def test_a_moved_data_directory_can_still_be_read(data: DataDir) -> None:
    moved = data.root.rename(data.root.parent / "moved")
    assert Warehouse.open(moved).sql("select count(*) from bins").rows() == [(2,)]
