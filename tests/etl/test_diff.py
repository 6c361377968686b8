"""Two releases beside each other. What differs is known from the documents that they were made of."""

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from commands import Run
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.datadir import DataDir
from etl.diff import diff_releases
from etl.errors import UsageError
from etl.lock import lock_removal
from etl.pick import hold_picked, pick_release
from etl.release import Release

Rows = list[tuple[Any, ...]]
OF_THE_TEXT = ["metadata_bytes", "metadata_md5"]


Load = Callable[[dict[str, Any]], Release]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Make a release of documents by their stems; keys with a slash are taken as they are."""

    def run(documents: dict[str, Any]) -> Release:
        return make_release(tmp_path_factory.mktemp("diff"), documents)

    return run


def make_release(folder: Path, documents: dict[str, Any]) -> Release:
    shutil.rmtree(folder / "bucket", ignore_errors=True)
    keyed = {stem if "/" in stem else f"metadata/{stem}.json": document for stem, document in documents.items()}
    return run_pipeline(write_bucket(folder / "bucket", keyed), folder / "data")


@dataclass(frozen=True)
class Pair:
    """Two releases of one data directory: 00001 holds more in the second one, and 00002 and 00003 are new."""

    data: DataDir
    old: Release
    new: Release


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("pair")
    old = make_release(folder, {"00001": make_document(make_line())})
    documents = {"00001": make_document(make_line(quantity=2)), "00002": make_document(), "00003": make_document()}
    return Pair(DataDir(folder / "data"), old, make_release(folder, documents))


def copy(release: Release, folder: Path) -> Release:
    """One to be changed, under the same id."""
    return replace(release, path=shutil.copytree(release.path, folder / release.id))


def compare(old: Release, new: Release, limit: int = 0) -> Rows:
    return diff_releases(old, new, limit=limit).result.rows()


def test_a_release_does_not_differ_from_itself(pair: Pair) -> None:
    assert compare(pair.new, pair.new) == []


def test_another_copy_of_the_same_documents_is_no_difference(load: Load) -> None:
    documents = {"00001": make_document(make_line()), "1": make_document(), "00002": b"{"}
    old, new = load(documents), load(documents)
    assert old.id != new.id  # the times and ETags of the files are others
    assert compare(old, new) == []


def test_bins_and_items_that_come_and_go_are_named_by_their_keys(load: Load) -> None:
    stays = {"00001": make_document(make_line("B00000STAY"))}
    # a document that is rejected is no bin
    old = load(stays | {"00523": make_document(make_line("B00000GONE")), "7": b"{", "00008": make_document()})
    new = load(stays | {"523": make_document(make_line("B000000NEW")), "00007": b"{", "00008": b"[]"})
    assert compare(old, new) == [
        ("bins", "added", [], 1, ["523"]),
        ("bins", "removed", [], 2, ["00008", "00523"]),
        ("items", "added", [], 1, ["B000000NEW"]),
        ("items", "removed", [], 1, ["B00000GONE"]),
    ]


def test_a_change_names_its_columns_and_changes_of_the_same_columns_are_one_kind(load: Load) -> None:
    lines = {n: make_line(f"B00000000{n}") for n in range(6)}
    documents = {f"0000{n}": make_document(line, EXPECTED_QUANTITY=1) for n, line in lines.items()}
    changed = {f"0000{n}": make_document(lines[n], EXPECTED_QUANTITY=12) for n in (2, 4)}
    changed["00003"] = make_document(lines[3] | {"height": None, "weight": {"unit": "pounds", "value": 9.45}})
    changed["00005"] = make_document(lines[5] | {"name": "Another name of it"})
    of_the_measures = ["known_weight_lb", "known_volume_in3", "lines_without_dimensions"]
    assert compare(load(documents), load(documents | changed)) == [
        ("bins", "changed", ["expected_quantity", "quantity_gap", *OF_THE_TEXT], 2, ["00002", "00004"]),
        ("bins", "changed", [*of_the_measures, *OF_THE_TEXT], 1, ["00003"]),
        ("bins", "changed", OF_THE_TEXT, 1, ["00005"]),
        ("items", "changed", ["height_in", "weight_lb"], 1, ["B000000003"]),
        ("items", "changed", ["name"], 1, ["B000000005"]),
    ]


def test_pictures_that_only_one_release_knows_of_are_no_change_of_a_bin(load: Load) -> None:
    documents = {"00001": make_document(), "00002": make_document()}
    unlisted, listed = load(documents), load(documents | {"bin-images/00001.jpg": b"xy"})
    more = load(documents | {"bin-images/00001.jpg": b"xy", "bin-images/00002.jpg": b"z"})
    assert compare(unlisted, listed) == [("bins", "column added", ["has_image", "image_bytes"], None, [])]
    assert compare(listed, unlisted) == [("bins", "column removed", ["has_image", "image_bytes"], None, [])]
    assert compare(listed, more) == [("bins", "changed", ["has_image", "image_bytes"], 1, ["00002"])]


def test_a_column_that_an_older_version_did_not_have_is_named_and_the_others_are_compared(
    pair: Pair, tmp_path: Path
) -> None:
    older = copy(pair.old, tmp_path)
    [path] = (older.path / "bins").rglob("*.parquet")
    pq.write_table(pq.read_table(path, partitioning=None).drop_columns(["asin_count"]), path)
    of_the_quantity = ["total_quantity", "quantity_gap", "known_weight_lb", "known_volume_in3", "inventory_hash"]
    assert compare(older, pair.new) == [
        ("bins", "added", [], 2, ["00002", "00003"]),
        ("bins", "changed", [*of_the_quantity, "metadata_md5"], 1, ["00001"]),
        ("bins", "column added", ["asin_count"], None, []),
        ("items", "changed", ["total_quantity"], 1, ["B00TEST001"]),
    ]


@pytest.mark.parametrize("seed", range(2))
def test_counts_are_those_of_the_documents_whatever_happened_to_them(seed: int, load: Load) -> None:
    chance = random.Random(seed)

    def invent() -> dict[str, Any]:
        stems = [f"{n:05}" for n in range(1, 60)] + [str(n) for n in range(1, 60)]
        asins = [f"B{n:09}" for n in range(40)]
        return {
            stem: make_document(*(make_line(asin) for asin in chance.sample(asins, chance.randrange(3))))
            for stem in chance.sample(stems, 70)
        }

    old, new = invent(), invent()
    new |= {stem: old[stem] for stem in list(old)[:20]}
    totals = diff_releases(load(old), load(new), limit=1).totals
    asins = [{line["asin"] for d in bucket.values() for line in d["BIN_FCSKU_DATA"].values()} for bucket in (old, new)]
    expected = {
        ("bins", "added"): len(new.keys() - old.keys()),
        ("bins", "removed"): len(old.keys() - new.keys()),
        ("bins", "changed"): len([stem for stem in old.keys() & new.keys() if old[stem] != new[stem]]),
        ("items", "added"): len(asins[1] - asins[0]),
        ("items", "removed"): len(asins[0] - asins[1]),
    }
    assert expected["bins", "changed"] > 0
    found = {key: rows for key, rows in totals.items() if key != ("items", "changed")}
    assert found == {key: rows for key, rows in expected.items() if rows}


def test_limit_bounds_the_keys_and_not_the_counts(pair: Pair) -> None:
    assert compare(pair.old, pair.new, limit=1)[0] == ("bins", "added", [], 2, ["00002"])
    assert compare(pair.old, pair.new, limit=0)[0] == ("bins", "added", [], 2, ["00002", "00003"])


def test_a_release_is_named_by_its_id_by_the_beginning_of_it_or_as_current(pair: Pair) -> None:
    shared = next(n for n in range(12) if pair.old.id[n] != pair.new.id[n])
    for release in (pair.old, pair.new):
        for name in (release.id, release.id[: shared + 1]):
            assert pick_release(pair.data, name).path == release.path
    assert pick_release(pair.data, "current").path == pair.new.path


def test_a_release_that_is_being_read_is_not_removed(pair: Pair) -> None:
    with hold_picked(pair.data, pair.old.id) as release, lock_removal(release.path) as may_remove:
        assert not may_remove
    with lock_removal(pair.old.path) as may_remove:
        assert may_remove


def test_a_name_that_means_none_or_several_is_refused_with_those_that_there_are(pair: Pair, tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    shutil.copytree(pair.old.path, data.releases / pair.old.id)
    shutil.copytree(pair.old.path, data.releases / f"{pair.old.id[:11]}-")
    with pytest.raises(UsageError, match=f"no release zz: there are .*{pair.old.id}"):
        pick_release(data, "zz")
    with pytest.raises(UsageError, match=f"several releases .*{pair.old.id}"):
        pick_release(data, pair.old.id[:4])
    for name in ("zz", "current"):
        with pytest.raises(UsageError, match="abid-etl run"):
            pick_release(DataDir(tmp_path / "elsewhere"), name)


def test_a_damaged_file_ends_in_a_message(pair: Pair, tmp_path: Path) -> None:
    damaged = copy(pair.old, tmp_path)
    [path] = (damaged.path / "bins").rglob("*.parquet")
    path.write_bytes(b"?" * path.stat().st_size)
    with pytest.raises(UsageError, match=f"release {damaged.id} or {pair.new.id} can't be read"):
        compare(damaged, pair.new)


def test_the_command_writes_rows_to_stdout_and_the_sums_to_stderr(pair: Pair, run: Run) -> None:
    where = {"ABID_DATA_DIR": str(pair.data.root)}
    done = run("abid-etl", "diff", pair.old.id, "current", "--limit", 1, "--format", "json", **where)
    assert done.returncode == 0, done.stderr
    assert [(row["table_name"], row["change"], row["row_count"], row["sample"]) for row in json.loads(done.stdout)] == [
        ("bins", "added", 2, ["00002"]),
        ("bins", "changed", 1, ["00001"]),
        ("items", "changed", 1, ["B00TEST001"]),
    ]
    assert done.stderr == "bins added: 2, bins changed: 1, items changed: 1\n"
    same = run("abid-etl", "diff", "current", "current", "--format", "csv", **where)
    assert (same.returncode, len(same.stdout.splitlines())) == (0, 1)
    assert same.stderr == "no bin and no item differs\n"
    unknown = run("abid-etl", "diff", "zz", "current", **where)
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert pair.old.id in unknown.stderr
