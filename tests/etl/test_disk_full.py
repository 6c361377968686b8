"""A disk that is full: one sentence that says where and what to do, the old release as it was, and nothing left behind.

The disk is a small file system in memory, in a mount namespace of its own: nobody else sees it, and it goes with the
process that holds it.
"""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from commands import BIN
from documents import run_pipeline, write_bucket
from jpegs import make_jpegs

from etl.build import build_release
from etl.datadir import DataDir
from etl.errors import StorageError, explain_full_disk
from etl.fetch import fetch_documents
from etl.sources.directory import DirectorySource
from etl.synthetic import synthesize

MANY = 17_000  # more than one process packs
ROOM = 64 << 20  # bytes
INODES = 10_000
HOLD = f'mount -t tmpfs -o size={ROOM},nr_inodes={INODES} abid "$0" && echo ready && exec cat'
NAMESPACES = (
    (["unshare", "--mount"], ["nsenter", "--mount"]),  # for root
    (["unshare", "--mount", "--map-root-user"], ["nsenter", "--mount", "--user", "--preserve-credentials"]),
)
NO_DISK = (
    "no small disk can be mounted: run the tests as root, or allow user namespaces "
    "(sysctl user.max_user_namespaces=1000; on Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0)"
)
SENTENCE = (
    "error: no space is left in {}: free some, or move it to a larger disk and name it there with --data-dir, "
    "then run the same command again: what was done stays"
)


@dataclass(frozen=True)
class Disk:
    """A small file system at `folder`, for those who enter the namespace of its holder."""

    holder: "subprocess.Popen[str]"
    enter: list[str]
    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def seen(self) -> Path:
        """The folder from outside."""
        return Path(f"/proc/{self.holder.pid}/root{self.folder}")

    def run(self, *command: object) -> "subprocess.CompletedProcess[str]":
        words = [*self.enter, f"--target={self.holder.pid}", *map(str, command)]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    def leave(self, *, size: int | None = None, files: int | None = None) -> None:
        """Have room for so many bytes or files more; for plenty by default."""
        now = os.statvfs(self.seen)
        new_size = ROOM if size is None else (now.f_blocks - now.f_bfree) * now.f_frsize + size
        inodes = INODES if files is None else now.f_files - now.f_ffree + files
        self.run("mount", "-o", f"remount,size={new_size},nr_inodes={inodes}", self.folder).check_returncode()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    for make, enter in NAMESPACES if shutil.which("unshare") else ():
        holder = subprocess.Popen(
            [*make, "sh", "-c", HOLD, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with holder:  # leaving ends its input, which ends it
            if holder.stdout and holder.stdout.readline():
                yield Disk(holder, enter, folder)
                return
    pytest.skip(NO_DISK)


# --- what lies on the disk, and what it needs -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`data` holds a release of the bucket `old` and the documents of `new`; in `built`, they are released."""
    home = tmp_path_factory.mktemp("home")
    synthesize(home / "old", bins=50, seed=2, processes=1)
    synthesize(home / "new", bins=300, seed=1, processes=1)
    run_pipeline(home / "old", home / "data")
    fetch_documents(DirectorySource(home / "new"), DataDir(home / "data"))
    shutil.copytree(home / "data", home / "built", symlinks=True)
    build_release(DataDir(home / "built"))
    return home


@pytest.fixture(scope="module")
def release(home: Path) -> Path:
    """What a build makes where there is room."""
    return (home / "built/warehouse/current").resolve()


@pytest.fixture(scope="module")
def many(home: Path) -> Path:
    """A bucket; `fetched` holds its documents."""
    body = '{"BIN_FCSKU_DATA": {}, "EXPECTED_QUANTITY": %d}'
    documents = {f"metadata/{number:05d}.json": (body % number).encode() for number in range(1, MANY + 1)}
    fetch_documents(DirectorySource(write_bucket(home / "many", documents)), DataDir(home / "fetched"))
    return home / "many"


@pytest.fixture
def data(home: Path, disk: Disk) -> Path:
    """The data directory on the disk, from outside."""
    return Path(shutil.copytree(home / "data", disk.seen / "data", symlinks=True))


def weigh(folder: Path) -> int:
    """The bytes that its files take on a disk."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def find_leftovers(data: Path) -> list[Path]:
    odd = {"staging", "spill", "abid.duckdb.wal"}
    return [path for path in data.rglob("*") if path.name.startswith(".") or path.name in odd]


def read_current(disk: Disk) -> dict[Path, bytes]:
    """The current release, byte by byte, and what a report says of it."""
    report = disk.run(BIN / "abid-report", "summary", "--data-dir", disk.data)
    assert (report.returncode, report.stderr) == (0, "")
    warehouse = disk.seen / "data/warehouse"
    files = [path for path in (warehouse / (warehouse / "current").readlink()).rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in files} | {Path("report"): report.stdout.encode()}


def require_failure(disk: Disk, *command: object) -> None:
    """Run a command that finds too little room."""
    before = read_current(disk)
    done = disk.run(BIN / "abid-etl", *command, "--data-dir", disk.data)
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert done.stderr.splitlines()[-1] == SENTENCE.format(disk.data)
    assert "Traceback" not in done.stderr
    assert find_leftovers(disk.seen / "data") == []
    assert read_current(disk) == before


def require_success(disk: Disk, *command: object) -> None:
    """Run a command that finds room again."""
    disk.leave()
    done = disk.run(BIN / "abid-etl", *command, "--data-dir", disk.data)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert find_leftovers(disk.seen / "data") == []


def require_release(disk: Disk, release: Path) -> None:
    """What is current is `release`, and DuckDB's own shell can read it."""
    current = disk.seen / "data/warehouse/releases" / release.name
    assert (disk.seen / "data/warehouse/current").readlink() == Path("releases", release.name)
    assert {path.relative_to(current) for path in current.rglob("*")} == {
        path.relative_to(release) for path in release.rglob("*")
    }
    for path in release.rglob("*.parquet"):
        assert (current / path.relative_to(release)).read_bytes() == path.read_bytes()
    catalog = disk.data / "warehouse/current/abid.duckdb"
    answer = disk.run(BIN / "duckdb", "-readonly", "-csv", catalog, "-c", "select count(*) as bins from bins")
    assert answer.stdout.split() == ["bins", "300"]


# --- fetch ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.9])
@pytest.mark.usefixtures("data")
def test_a_fetch_by_several_processes_is_done_once_there_is_space(
    share: float, many: Path, home: Path, disk: Disk
) -> None:
    disk.leave(size=int(share * weigh(home / "fetched")))
    require_failure(disk, "fetch", many)
    require_success(disk, "fetch", many)
    assert f"{MANY:,} of {MANY:,} fetched" in disk.run(BIN / "abid-etl", "status", "--data-dir", disk.data).stdout


@pytest.mark.parametrize("room", [{"size": 32 << 10}, {"files": 1}], ids=str)
@pytest.mark.usefixtures("data")
def test_a_fetch_by_one_process_is_done_once_there_is_space(room: dict[str, int], home: Path, disk: Disk) -> None:
    archive = shutil.make_archive(str(home / "archive"), "tar", home / "new")
    disk.leave(**room)
    require_failure(disk, "fetch", archive)
    require_success(disk, "fetch", archive)
    require_success(disk, "build")


def test_a_data_directory_that_can_not_be_made_is_named(home: Path, disk: Disk) -> None:
    disk.leave(files=0)
    done = disk.run(BIN / "abid-etl", "run", home / "new", "--data-dir", disk.data)
    assert (done.returncode, done.stdout, done.stderr) == (3, "", SENTENCE.format(disk.data) + "\n")


# --- build ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0, 0.8])
@pytest.mark.usefixtures("data")
def test_a_build_publishes_nothing_until_there_is_space(share: float, release: Path, disk: Disk) -> None:
    disk.leave(size=int(share * weigh(release)))
    require_failure(disk, "build")
    require_success(disk, "build")
    require_release(disk, release)


@pytest.mark.parametrize("lacking", [1, 3])
@pytest.mark.usefixtures("data")
def test_a_build_publishes_nothing_until_it_can_make_all_files(lacking: int, release: Path, disk: Disk) -> None:
    scratch = ["staging", "spill", "link to the release", "log of the catalog"]
    later = ["manifest"]  # when the last two are gone again
    files = 1 + len(list(release.rglob("*"))) + len(scratch) - len(later)
    disk.leave(files=max(1, files - lacking))
    require_failure(disk, "build")
    require_success(disk, "build")
    require_release(disk, release)


@pytest.mark.usefixtures("data")
def test_a_run_that_gets_the_documents_but_no_release_goes_on_from_there(home: Path, release: Path, disk: Disk) -> None:
    disk.leave(size=weigh(release) // 2)
    require_failure(disk, "run", home / "new")
    require_success(disk, "run", home / "new")
    require_release(disk, release)


@pytest.mark.usefixtures("data")
def test_a_build_that_can_not_spill_says_that_the_disk_is_full_and_not_the_memory(release: Path, disk: Disk) -> None:
    disk.leave(size=16 << 10)
    require_failure(disk, "build", "--threads", 1, "--memory", "20MB")
    require_success(disk, "build")
    require_release(disk, release)


def test_a_release_that_is_there_already_becomes_current_once_there_is_space(
    data: Path, release: Path, disk: Disk
) -> None:
    former = (data / "warehouse/current").readlink()
    require_success(disk, "build")
    (data / "warehouse/current").unlink()
    (data / "warehouse/current").symlink_to(former)
    disk.leave(files=len(["staging", "release", "spill"]))
    require_failure(disk, "build")
    require_success(disk, "build")
    require_release(disk, release)


# --- images -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("room", "said", "left"),
    [
        ({"size": 40 << 10}, "has 40,960 bytes free, and the pictures to get need 49,152: ", 0),
        ({"files": 8}, "no space is left in ", 7),  # and the folder itself
    ],
    ids=str,
)
def test_pictures_that_do_not_fit_are_got_once_there_is_space(
    room: dict[str, int], said: str, left: int, tmp_path: Path, disk: Disk
) -> None:
    held = make_jpegs(12)
    bucket = write_bucket(tmp_path / "bucket", {"metadata/00001.json": b"{}", **held})
    manifest = tmp_path / "pictures.csv"
    manifest.write_text("\n".join(["image_key", *held]))
    words = [BIN / "abid-etl", "images", "--manifest", manifest, "--source", bucket, "--to", disk.folder / "to"]
    disk.leave(**room)
    done = disk.run(*words)
    assert done.returncode == 3, done.stderr
    assert said in done.stderr
    assert "name a folder on a larger disk with --to" in done.stderr
    assert len(list((disk.seen / "to").iterdir())) == left
    disk.leave()
    assert disk.run(*words).returncode == 0
    assert {f"bin-images/{path.name}": path.read_bytes() for path in (disk.seen / "to").glob("*.jpg")} == held


def test_a_quota_that_is_used_up_is_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no space is left"), explain_full_disk(tmp_path):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
