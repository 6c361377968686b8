"""What a fetch would do, said before it is done: counts, bytes, requests; and nothing is fetched or written for it."""

import hashlib
import os
from pathlib import Path

import pytest
from badnetwork import BadNetwork
from commands import Run
from documents import encode, make_document, make_line, write_bucket
from reading import open_s3
from seaweed import S3Server

from etl.datadir import DataDir
from etl.fetch import fetch_documents
from etl.plan import Plan, make_plan
from etl.selection import Selection
from etl.sources.base import Source
from etl.sources.directory import DirectorySource

FORMER = {f"metadata/0000{number}.json": encode(make_document(make_line(quantity=number))) for number in range(1, 8)}
CHANGED = {f"metadata/0000{number}.json": encode(make_document()) for number in (2, 5)}
DELETED = ["metadata/00001.json", "metadata/00003.json", "metadata/00007.json"]
NEW = {"metadata/1.json": b"{}", "metadata/00008.json": b"[]"}
NOW = {key: body for key, body in (FORMER | CHANGED | NEW).items() if key not in DELETED}
WANTED = CHANGED | NEW


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


@pytest.fixture
def bucket(tmp_path: Path, data: DataDir) -> Path:
    """A directory that has changed since it was fetched into `data`."""
    bucket = write_bucket(tmp_path / "bucket", FORMER)
    fetch_documents(DirectorySource(bucket), data)
    write_bucket(bucket, WANTED)
    for key in DELETED:
        (bucket / key).unlink()
    return bucket


def plan(source: Source, data: DataDir, selection: Selection | None = None) -> Plan:
    """Make a plan, and see that nothing is written."""
    before = read_all(data.root)
    made = make_plan(source, data, selection=selection)
    assert read_all(data.root) == before
    return made


def read_all(folder: Path) -> dict[str, str]:
    """The hash of every file and the name of every folder."""
    paths = [folder, *folder.rglob("*")] if folder.exists() else []
    return {str(path): hashlib.md5(path.read_bytes()).hexdigest() if path.is_file() else "" for path in paths}


def count_bytes(documents: dict[str, bytes]) -> int:
    return sum(map(len, documents.values()))


def test_a_plan_counts_what_is_held_new_changed_and_deleted(bucket: Path, data: DataDir) -> None:
    assert plan(DirectorySource(bucket), data) == Plan(
        source=str(bucket),
        listed=6,
        listed_bytes=count_bytes(NOW),
        held=2,
        changed=2,
        new=2,
        deleted=3,
        wanted=4,
        wanted_bytes=count_bytes(WANTED),
        cost=None,
    )


def test_before_the_first_fetch_everything_is_new(bucket: Path, tmp_path: Path) -> None:
    made = plan(DirectorySource(bucket), DataDir(tmp_path / "nothing"))
    assert (made.listed, made.held, made.changed, made.new, made.deleted, made.wanted) == (6, 0, 0, 6, 0, 6)
    assert not (tmp_path / "nothing").exists()


def test_what_a_plan_wants_is_what_the_fetch_gets_and_then_nothing(bucket: Path, data: DataDir) -> None:
    source = DirectorySource(bucket)
    made = plan(source, data)
    receipt = fetch_documents(source, data)
    assert (receipt.listed, receipt.held, receipt.documents, receipt.size) == (
        made.listed,
        made.held,
        made.wanted,
        made.wanted_bytes,
    )
    after = plan(source, data)
    assert (after.held, after.changed, after.new, after.deleted, after.wanted_bytes) == (6, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("selection", "held", "changed", "new", "deleted"),
    [
        (Selection("0*"), 2, 2, 1, 3),
        (Selection(ids=("1", "00002", "00003")), 0, 1, 1, 1),
        (Selection(limit=2), 1, 1, 0, 1),
    ],
    ids=str,
)
def test_a_plan_for_a_part_is_about_that_part(  # noqa: PLR0913, PLR0917  each is a figure of its own
    selection: Selection, held: int, changed: int, new: int, deleted: int, bucket: Path, data: DataDir
) -> None:
    made = plan(DirectorySource(bucket), data, selection)
    assert (made.held, made.changed, made.new, made.deleted) == (held, changed, new, deleted)
    assert made.wanted == changed + new


def test_a_plan_for_a_share_wants_that_share_only(bucket: Path, data: DataDir) -> None:
    for number in (1, 2, 3):
        made = plan(DirectorySource(bucket), data, Selection(shard=(number, 3)))
        share = [key for key in WANTED if int(hashlib.md5(key.encode()).hexdigest()[:8], 16) % 3 == number - 1]
        assert (made.listed, made.changed, made.new, made.wanted) == (6, 2, 2, len(share))
        assert made.wanted_bytes == sum(len(WANTED[key]) for key in share)


def test_the_command_says_it_on_standard_output(bucket: Path, run: Run) -> None:
    done = run("abid-etl", "plan", bucket)
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            f"source     {bucket}",
            f"listed     6 documents, {count_bytes(NOW) / 1000:.1f} kB",
            "held       2",
            "changed    2",
            "new        2",
            "deleted    3 since the last listing",
            f"to fetch   4 documents, {count_bytes(WANTED)} bytes",
        ],
    )


def test_a_plan_for_s3_only_lists_and_the_fetch_asks_as_often_as_it_says(s3_server: S3Server, data: DataDir) -> None:
    many = {f"metadata/{number:05d}.json": os.urandom(8) for number in range(90, 100_000, 90)}  # more than a page
    s3_server.create_bucket("plan", many, public=True)
    share = Selection(shard=(1, 20))
    with BadNetwork(s3_server.endpoint_url, {}) as network:
        source = open_s3(network.endpoint_url, "s3://plan")
        made = plan(source, data, share)
        assert (made.listed, count_documents_asked(network), set(network.requests)) == (1_111, 0, {"list", "get"})
        assert made.cost
        network.log.clear()
        fetch_documents(source, data, selection=share)
        asked = (network.requests["list"], count_documents_asked(network))
        assert (made.cost.list_requests, made.cost.get_requests) == asked
        assert made.wanted == asked[1] > 20
        network.log.clear()
        again = plan(open_s3(network.endpoint_url, "s3://plan"), data, share)
        assert again.cost
        assert (again.wanted, again.cost.get_requests, again.cost.seconds) == (0, 0, 0)


def count_documents_asked(network: BadNetwork) -> int:
    """A plan asks for something else, to see how long a request takes."""
    return sum(request.kind == "get" and "/metadata/" in request.path for request in network.log)
