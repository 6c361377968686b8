"""Commands that are killed, interrupted or started twice, at any moment: afterwards the same command makes it whole.

A moment is a share of the time that the command takes when nobody disturbs it.
"""

import json
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from documents import hash_files, read_listing, read_shards, run_pipeline
from seaweed import S3Server
from stopping import SOAK, Moment, draw_moments, finish, kill_at_step, run, start, stop

from etl.datadir import DataDir
from etl.fetch import fetch_documents
from etl.release import open_release
from etl.sources.directory import DirectorySource
from etl.synthetic import synthesize

MANY = 17_000  # bins that several processes pack, into several shards
OLD, NEW = 50, 1500  # bins of two releases
LOCKED = re.compile(r"error: another abid-etl is writing to \S+: wait until it is done, or use another --data-dir")

at_any_moment = pytest.mark.parametrize("moment", draw_moments(SOAK), ids=str)


@dataclass(frozen=True)
class Whole:
    """A command without its data directory, the seconds that it took undisturbed, and the directory that it filled."""

    command: list[object]
    seconds: float
    data: DataDir


def run_whole(command: list[object], data: DataDir) -> Whole:
    started = time.monotonic()
    run(*command, "--data-dir", data.root)
    return Whole(command, time.monotonic() - started, data)


def kill(whole: Whole, moment: Moment, data: DataDir) -> None:
    process = start(*whole.command, "--data-dir", data.root)
    code, said = stop(process, signal.SIGKILL, moment.share * whole.seconds, everyone=moment.everyone)
    assert code in (0, -signal.SIGKILL), said


def read_raw(data: DataDir) -> tuple[pa.Table, list[dict[str, Any]]]:
    """What is held, in whichever shards, and what is listed."""
    held = read_shards(data).select(["key", "etag", "md5", "body"])
    return held.sort_by([("key", "ascending"), ("etag", "ascending")]), read_listing(data)


def read_release(data: DataDir) -> tuple[str, dict[str, str]]:
    release = open_release(data)
    return release.id, hash_files(release)


def find_leftovers(data: DataDir) -> list[Path]:
    odd = {data.staging, *filter(Path.is_symlink, data.releases.glob("*"))}
    return [path for path in data.root.rglob("*") if path in odd or path.name[0] == "." or path.suffix == ".wal"]


def count_bins(data: DataDir) -> int:
    """Read the current release as a stranger would; it must be whole."""
    release = data.current.resolve(strict=True)
    tables = json.loads((release / "manifest.json").read_text())["tables"]
    files = {file["path"]: file["bytes"] for table in tables.values() for file in table["files"]}
    assert {name: (release / name).stat().st_size for name in files} == files
    with duckdb.connect(str(release / "abid.duckdb"), read_only=True) as connection:
        return int(connection.execute("select count(*) from bins").fetchall()[0][0])


@contextmanager
def reading(data: DataDir) -> Iterator[None]:
    """Look at the current release again and again: it is the old one or the new one, and whole."""
    ended = Event()

    def look() -> set[int]:
        seen = {count_bins(data)}
        while not ended.wait(0.01):
            seen.add(count_bins(data))
        return seen

    with ThreadPoolExecutor(1) as pool:
        seen = pool.submit(look)
        try:
            yield
        finally:
            ended.set()
        assert {OLD} <= seen.result() <= {OLD, NEW}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The buckets `many`, `old` and `new`."""
    home = tmp_path_factory.mktemp("home")
    synthesize(home / "many", bins=MANY, seed=3)
    synthesize(home / "old", bins=OLD, seed=2, processes=1)
    synthesize(home / "new", bins=NEW, seed=1, processes=1)
    return home


# --- kill -9 --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["directory", "s3"])
def fetched(request: pytest.FixtureRequest, home: Path, s3_server: S3Server) -> Whole:
    if request.param == "directory":
        return run_whole(["fetch", home / "many"], DataDir(home / "from-directory"))
    s3_server.create_bucket("killed", public=True)
    s3_server.upload("killed", home / "new")
    return run_whole(["fetch", "s3://killed", "--endpoint-url", s3_server.endpoint_url], DataDir(home / "from-s3"))


@at_any_moment
def test_a_killed_fetch_leaves_no_process_and_is_resumed(moment: Moment, fetched: Whole, tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    kill(fetched, moment, data)
    run(*fetched.command, "--data-dir", data.root)
    assert read_raw(data) == read_raw(fetched.data)
    assert find_leftovers(data) == []


@pytest.fixture(scope="module")
def built(home: Path) -> Whole:
    with release_old_and_fetch_new(home, DataDir(home / "built")) as data:
        return run_whole(["build"], data)


@contextmanager
def release_old_and_fetch_new(home: Path, data: DataDir) -> Iterator[DataDir]:
    run_pipeline(home / "old", data.root)
    fetch_documents(DirectorySource(home / "new"), data)
    with reading(data):
        yield data


@at_any_moment
def test_a_killed_build_is_seen_by_no_reader_and_is_repeated(
    moment: Moment, built: Whole, home: Path, tmp_path: Path
) -> None:
    with release_old_and_fetch_new(home, DataDir(tmp_path / "data")) as data:
        kill(built, moment, data)
        run("build", "--data-dir", data.root)
    assert count_bins(data) == NEW
    assert read_release(data) == read_release(built.data)
    assert find_leftovers(data) == []


@pytest.fixture(scope="module")
def stepped(home: Path) -> tuple[int, DataDir]:
    """Into how many steps a run falls, and the directory that it filled."""
    data = DataDir(home / "stepped")
    run_pipeline(home / "old", data.root)
    code, steps = kill_at_step(0, data.root, "run", home / "new", "--data-dir", data.root)
    assert code == 0
    return steps, data


@at_any_moment
def test_a_run_that_is_killed_between_two_changes_of_files_is_repeated(
    moment: Moment, stepped: tuple[int, DataDir], home: Path, tmp_path: Path
) -> None:
    data, (steps, undisturbed) = DataDir(tmp_path / "data"), stepped
    command = ("run", home / "new", "--data-dir", data.root)
    run_pipeline(home / "old", data.root)
    with reading(data):
        assert kill_at_step(1 + int(moment.share * steps), data.root, *command)[0] == -signal.SIGKILL
        run(*command)
    assert (read_raw(data), read_release(data)) == (read_raw(undisturbed), read_release(undisturbed))
    assert find_leftovers(data) == []


# --- two at once ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alone(home: Path) -> Whole:
    return run_whole(["run", home / "new"], DataDir(home / "alone"))


@pytest.mark.parametrize("number", range(max(4, SOAK // 2)))
def test_of_two_at_once_one_is_done_and_the_other_done_or_refused(
    number: int, alone: Whole, home: Path, tmp_path: Path
) -> None:
    data = DataDir(tmp_path / "data")
    other = (alone.command, ["fetch", home / "new"], alone.command, ["compact"])[number % 4]
    processes = [start(*command, "--data-dir", data.root) for command in (alone.command, other)]
    ends = [finish(process) for process in processes]
    assert {0} <= {code for code, _ in ends} <= {0, 2}, ends
    assert [said for code, said in ends if code == 2 and not LOCKED.fullmatch(said.splitlines()[-1])] == []
    if ends[0][0] and other is not alone.command:
        run(*alone.command, "--data-dir", data.root)
    assert (read_raw(data), read_release(data)) == (read_raw(alone.data), read_release(alone.data))
    assert find_leftovers(data) == []
