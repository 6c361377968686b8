"""Releases that come and go: what is kept, and what readers see meanwhile."""

import datetime as dt
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from documents import make_document, make_line, run_pipeline, write_bucket
from stopping import SOAK

from etl.build import build_release
from etl.catalog import CATALOG
from etl.datadir import DataDir
from etl.errors import UsageError
from etl.lock import lock_writing
from etl.manifest import describe_file, list_files, read_manifest, write_manifest
from etl.release import find_current, open_release, publish
from etl.retention import prune_releases, roll_back
from etl.verify_release import verify_release
from etl.warehouse import Warehouse

NOW = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
NO_GRACE = dt.timedelta(0)
PUBLISHES = max(100, 10 * SOAK)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two data directories of one release each: one unit, and two, of one item in one bin."""
    home = tmp_path_factory.mktemp("retention")
    for units in (1, 2):
        documents = {"metadata/00001.json": make_document(make_line(quantity=units))}
        run_pipeline(write_bucket(home / f"bucket-{units}", documents), home / str(units))
    return home


@pytest.fixture
def data(home: Path, tmp_path: Path) -> DataDir:
    """Five releases, a to e, each published a day after the one before; e is a day old, and current."""
    data = DataDir(tmp_path / "data")
    for days, letter in zip(range(5, 0, -1), "abcde", strict=True):
        publish_copy(home / "1", data, letter * 12, NOW - dt.timedelta(days=days))
    return data


def publish_copy(origin: Path, data: DataDir, release_id: str, published_at: dt.datetime) -> None:
    """Publish the release of another data directory under an id of its own, as at that time."""
    former = find_current(data)
    staged = data.staging / "release"
    data.releases.mkdir(parents=True, exist_ok=True)
    shutil.copytree(DataDir(origin).current.resolve(), staged)
    changes = {"release": release_id, "published_at": published_at.isoformat(timespec="seconds")}
    write_manifest(staged, read_manifest(staged) | changes)
    publish(staged, data, release_id)
    data.staging.rmdir()
    for superseded in filter(None, [former, release_id]):
        set_time(data.releases / superseded, published_at)


def set_time(folder: Path, time: dt.datetime) -> None:
    """When the release in `folder` was published, or current for the last time."""
    seconds = time.replace(tzinfo=dt.UTC).timestamp()
    os.utime(folder, (seconds, seconds))


def list_letters(data: DataDir) -> str:
    return "".join(sorted(path.name[0] for path in data.releases.iterdir()))


def prune_letters(data: DataDir, keep: int, grace: dt.timedelta = NO_GRACE) -> str:
    return "".join(release.id[0] for release in prune_releases(data, keep=keep, grace=grace).removed)


# --- pruning ----------------------------------------------------------------------------------------------------------


def test_the_latest_are_kept_and_what_is_removed_is_told(data: DataDir) -> None:
    done = prune_releases(data, keep=3)
    assert ([release.id[0] for release in done.removed], done.in_use, done.left) == (["b", "a"], [], 3)
    assert list_letters(data) == "cde"
    assert {path.name for path in data.warehouse.iterdir()} == {"current", "releases"}
    assert prune_letters(data, 3) == ""


def test_the_current_one_is_kept_however_old(data: DataDir) -> None:
    roll_back(data, "a")
    assert prune_letters(data, 1) == "dcb"
    assert list_letters(data) == "ae"


def test_a_young_one_is_kept(data: DataDir) -> None:
    assert prune_letters(data, 1, dt.timedelta(days=2.5)) == "ba"  # b was superseded three days ago
    assert prune_letters(data, 1, dt.timedelta(days=1)) == "dc"


def test_one_that_was_current_a_moment_ago_is_kept(data: DataDir) -> None:
    roll_back(data, "a")
    roll_back(data, "e")
    done = prune_releases(data, keep=1, grace=dt.timedelta(hours=1))
    assert "".join(release.id[0] for release in done.removed) == "dcb"


def test_a_build_keeps_the_last_three_and_all_of_the_last_day(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "2", tmp_path / "data", symlinks=True)
    data = DataDir(tmp_path / "data")
    current = open_release(data).id
    for letter, days in [("a", 9), ("b", 8), ("c", 7), ("d", 0.9), ("e", 0.8)]:
        publish_copy(home / "1", data, letter * 12, NOW - dt.timedelta(days=days))
    build_release(data)
    assert list_letters(data).replace(current[0], "", 1) == "cde"  # c was current until d was published
    assert find_current(data) == current


def test_one_that_is_being_read_is_kept_until_its_readers_end(data: DataDir) -> None:
    roll_back(data, "a")
    first, second = Warehouse.open(data.root), Warehouse.open(data.root)
    roll_back(data, "e")
    set_time(data.releases / ("a" * 12), NOW - dt.timedelta(days=4))
    done = prune_releases(data, keep=1)
    assert ([release.id[0] for release in done.removed], [release.id[0] for release in done.in_use]) == (
        ["d", "c", "b"],
        ["a"],
    )
    assert first.table("quantities").rows() == second.table("quantities").rows() != []
    result = first.table("quantities")
    del first, second
    assert prune_letters(data, 1) == ""
    assert len(result.rows()) == 1
    del result
    assert prune_letters(data, 1) == "a"


def test_files_that_are_open_can_be_read_to_their_end(data: DataDir) -> None:
    path = data.releases / ("a" * 12) / "bins/bin_bucket=b0/part-0.parquet"
    with path.open("rb") as file:
        begin = file.read(4)
        assert prune_letters(data, 3) == "ba"
        assert not path.exists()
        assert (begin, file.read()[-4:]) == (b"PAR1", b"PAR1")


def test_a_damaged_release_is_not_counted_among_the_kept(data: DataDir) -> None:
    (data.releases / ("d" * 12) / CATALOG).unlink()
    done = prune_releases(data, keep=3)
    assert ([release.id[0] for release in done.removed], done.damaged) == (["a"], ["d" * 12])


def test_nothing_is_pruned_while_another_process_writes_or_where_nothing_is(data: DataDir, tmp_path: Path) -> None:
    with lock_writing(data), pytest.raises(UsageError, match="another abid-etl is writing"):
        prune_releases(data)
    with pytest.raises(UsageError, match="there is no warehouse"):
        prune_releases(DataDir(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


# --- going back -------------------------------------------------------------------------------------------------------


def test_going_back_makes_a_former_release_current_and_changes_no_other(data: DataDir) -> None:
    before = {path: path.stat().st_mtime_ns for path in data.releases.glob("[!b]*/**/*")}
    assert roll_back(data, "bbb").id == "b" * 12 == Warehouse.open(data.root).release.id
    assert os.readlink(data.current) == f"releases/{'b' * 12}"  # noqa: PTH115  (as it is written)
    assert {path: path.stat().st_mtime_ns for path in data.releases.glob("[!b]*/**/*")} == before
    assert {path.name for path in data.warehouse.iterdir()} == {"current", "releases"}


def test_a_release_that_is_gone_back_to_is_whole_wherever_it_was_made(data: DataDir) -> None:
    """Here it is a copy, whose views led to the release that it was copied from."""
    roll_back(data, "b")
    assert [finding.broken for finding in verify_release(data) if finding.broken] == []


@pytest.mark.parametrize("wanted", ["f", "../releases/" + "a" * 12, "*"])
def test_what_there_is_is_named_where_nothing_fits(wanted: str, data: DataDir) -> None:
    with pytest.raises(UsageError, match=", ".join(letter * 12 for letter in "abcde")):
        roll_back(data, wanted)
    assert find_current(data) == "e" * 12


def test_no_name_is_no_release(data: DataDir) -> None:
    with pytest.raises(UsageError, match="no release is named"):
        roll_back(data, "")


def test_nobody_goes_back_to_a_damaged_one(data: DataDir) -> None:
    path = data.releases / ("a" * 12) / "bins/bin_bucket=b0/part-0.parquet"
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1  # of the same size
    path.write_bytes(body)
    with pytest.raises(UsageError, match=r"a{12} is damaged, .*: bins/bin_bucket=b0/part-0\.parquet isn't what was"):
        roll_back(data, "a")
    assert find_current(data) == "e" * 12


def test_a_folder_in_the_place_of_the_link_is_named(data: DataDir) -> None:
    data.current.unlink()
    shutil.copytree(data.releases / ("e" * 12), data.current)
    with pytest.raises(UsageError, match=r"current is a folder, where there should be a link .*: remove it"):
        roll_back(data, "a")


# --- readers, while releases are published and pruned -----------------------------------------------------------------


def read_whole(data: DataDir) -> str:
    """Read the current release as a report does, and hold every byte to its manifest; returns its id."""
    warehouse = Warehouse.open(data.root)
    release = warehouse.release
    [(units,)] = warehouse.sql("select sum(quantity) from quantities").rows()
    for file in list_files(release.manifest):
        assert file | describe_file(release.path / file["path"], release.path) == file
    assert units == 1 + int(release.id, 16) % 2  # a release with an odd number holds two units
    return release.id


def test_readers_see_whole_releases_only_while_they_are_published_and_pruned(home: Path, tmp_path: Path) -> None:
    data, ended = DataDir(tmp_path / "data"), Event()
    publish_copy(home / "1", data, f"{0:012x}", NOW)
    held = Warehouse.open(data.root)

    def read() -> set[str]:
        seen = {read_whole(data)}
        while not ended.is_set():
            seen.add(read_whole(data))
        return seen

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            for number in range(1, PUBLISHES + 1):
                publish_copy(home / str(1 + number % 2), data, f"{number:012x}", NOW)
                prune_releases(data, keep=1, grace=NO_GRACE)
        finally:
            ended.set()
        seen = [reader.result() for reader in readers]
    assert all(len(ids) > 1 for ids in seen)
    assert held.sql("select sum(quantity) from quantities").rows() == [(1,)]
    prune_releases(data, keep=1, grace=NO_GRACE)
    assert {path.name for path in data.releases.iterdir()} == {f"{0:012x}", f"{PUBLISHES:012x}"}
