"""What could not be had: kept with its attempts and last error, tried first by the next run, missed by the build."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from badnetwork import BadNetwork, Kind
from commands import Run
from documents import encode, make_document, make_line, read_listing, read_shards
from reading import PATIENT, open_s3
from seaweed import S3Server

from etl.build import build_release
from etl.datadir import DataDir
from etl.errors import CheckError
from etl.fetch import Receipt, fetch_documents
from etl.raw import NOT_FETCHED, RawFolder
from etl.selection import Selection
from etl.sources.base import LISTING_SCHEMA
from etl.verify_raw import verify_raw

DOCUMENTS = {f"metadata/000{n:02d}.json": encode(make_document(make_line(quantity=n))) for n in range(10, 16)}
LOST = ["metadata/00014.json", "metadata/00015.json"]
THRICE = replace(PATIENT, attempts=3)
ERROR = "the server answered 500 (InternalError)"


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


@pytest.fixture
def uri(s3_server: S3Server, tmp_path: Path) -> str:
    """Six documents, of which the network can lose two."""
    bucket = f"not-fetched-{abs(hash(tmp_path))}"
    s3_server.create_bucket(bucket, DOCUMENTS, public=True)
    return f"s3://{bucket}"


@pytest.fixture
def network(s3_server: S3Server) -> BadNetwork:
    return BadNetwork(s3_server.endpoint_url, {"500": 1.0}, only=is_lost)


def is_lost(kind: Kind, path: str) -> bool:
    return kind == "get" and path.endswith(tuple(LOST))


def put(server: S3Server, uri: str, documents: dict[str, bytes]) -> None:
    server.put_objects(uri.removeprefix("s3://"), documents)


def fetch(network: BadNetwork, uri: str, data: DataDir, selection: Selection | None = None) -> Receipt:
    """One request at a time, so that the order in which they are made is that of the log."""
    return fetch_documents(
        open_s3(network.endpoint_url, uri, persistence=THRICE, concurrency=1), data, selection=selection
    )


def list_asked(network: BadNetwork) -> list[str]:
    """The documents that were asked for, in order of requests."""
    return ["metadata/" + request.path.rpartition("/")[2] for request in network.log if "/metadata/" in request.path]


def read_not_fetched(data: DataDir) -> list[dict[str, object]]:
    names = RawFolder(data.raw).list_files(NOT_FETCHED)
    return [row for name in names for row in pq.read_table(data.raw / name).to_pylist()]


def test_what_could_not_be_had_is_kept_as_listed_with_attempts_that_add_up_and_the_last_error(
    network: BadNetwork, uri: str, data: DataDir
) -> None:
    with network:
        for run in (1, 2):
            receipt = fetch(network, uri, data)
            asked = Counter(list_asked(network))
            assert (receipt.listed, receipt.held, receipt.documents) == (6, 4 * (run - 1), 4 * (2 - run))
            assert receipt.not_fetched == [(key, ERROR) for key in LOST]
            listed = [row for row in read_listing(data) if row["key"] in LOST]
            assert asked[LOST[0]] == 3 * run
            assert read_not_fetched(data) == [row | {"attempts": asked[row["key"]], "error": ERROR} for row in listed]
    [name] = RawFolder(data.raw).list_files(NOT_FETCHED)
    assert pq.read_schema(data.raw / name).names == [*LISTING_SCHEMA.names, "attempts", "error"]


def test_the_next_run_asks_first_for_what_the_last_one_could_not_have(
    network: BadNetwork, uri: str, data: DataDir, s3_server: S3Server
) -> None:
    new = dict.fromkeys(("metadata/00001.json", "metadata/9.json"), b"{}")
    with network:
        fetch(network, uri, data)
        put(s3_server, uri, new)
        network.faults = {}
        network.log.clear()
        receipt = fetch(network, uri, data)
        asked = list_asked(network)
    assert (sorted(asked[:2]), sorted(asked[2:])) == (LOST, sorted(new))
    assert (receipt.held, receipt.documents, receipt.not_fetched) == (4, 4, [])
    assert read_not_fetched(data) == []


def test_the_build_names_what_is_missing_and_publishes_without_it_only_if_told(
    network: BadNetwork, uri: str, data: DataDir
) -> None:
    with network:
        fetch(network, uri, data)
    with pytest.raises(CheckError) as refusal:
        build_release(data)
    assert f"2 of the listed documents have not been fetched:\n  {LOST[0]}: {ERROR}\n  {LOST[1]}: {ERROR}\n" in str(
        refusal.value
    )
    assert f"abid-etl fetch {uri}" in str(refusal.value)
    manifest = build_release(data, allow_missing=True).manifest
    assert manifest["documents"] == {"listed": 6, "loaded": 4, "rejected": 0, "not_fetched": 2}
    assert manifest["not_fetched"] == [{"key": key, "error": ERROR} for key in LOST]


def test_what_has_changed_or_gone_since_is_got_once_in_its_new_version_or_forgotten(
    network: BadNetwork, uri: str, data: DataDir, s3_server: S3Server
) -> None:
    changed, gone = LOST
    with network:
        fetch(network, uri, data)
        put(s3_server, uri, {changed: b'{"BIN_FCSKU_DATA": {}, "EXPECTED_QUANTITY": 0}'})
        s3_server.client.delete_object(Bucket=uri.removeprefix("s3://"), Key=gone)
        network.faults = {}
        network.log.clear()
        receipt = fetch(network, uri, data)
        assert list_asked(network) == [changed]
    assert (receipt.listed, receipt.held, receipt.documents, receipt.not_fetched) == (5, 4, 1, [])
    assert read_shards(data)["key"].to_pylist().count(changed) == 1
    assert [finding.broken for finding in verify_raw(data)] == [[]] * 5


@pytest.mark.parametrize("selection", [Selection("*10"), Selection(limit=4)], ids=str)
def test_what_is_not_picked_is_not_tried_again(
    selection: Selection, network: BadNetwork, uri: str, data: DataDir
) -> None:
    with network:
        fetch(network, uri, data)
        network.log.clear()
        assert fetch(network, uri, data, selection).not_fetched == []
        assert list_asked(network) == []


def test_the_commands_name_what_is_missing(uri: str, network: BadNetwork, run: Run) -> None:
    network.faults = {"denied": 1.0}  # for which nobody asks many times
    with network:
        way = ("--endpoint-url", network.endpoint_url, "--concurrency", 1)
        fetched = run("abid-etl", "fetch", uri, *way)
        allowed = run("abid-etl", "run", uri, *way, "--allow-missing", "--data-dir", "other")
        again = [run("abid-etl", "run", uri, *way, "--allow-missing", "--data-dir", "other") for _ in range(2)]
    assert [done.returncode for done in again] == [0, 0]  # though nothing but what is denied is left
    assert fetched.returncode == 3
    assert (
        f"missing    2 of the documents:\n  {LOST[0]}: {uri} at {network.endpoint_url} denies access" in fetched.stderr
    )
    assert "2 of the listed documents could not be fetched" in fetched.stderr
    assert "build --allow-missing" in fetched.stderr
    assert allowed.returncode == 0
    assert f"\n  {LOST[1]}: " in allowed.stderr
    assert "6 listed = 4 loaded + 0 rejected + 2 not fetched" in allowed.stderr
