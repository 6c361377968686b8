"""The whole fetch over a line that fails in every way at once: all documents arrive, and each is the right one."""

import hashlib
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from badnetwork import BadNetwork, Fault
from documents import run_pipeline
from seaweed import S3Server

from etl.build import build_release
from etl.datadir import DataDir
from etl.fetch import fetch_documents
from etl.raw import RawFolder
from etl.sources.options import S3Options
from etl.sources.s3 import S3Source
from etl.synthetic import synthesize
from etl.verify_raw import verify_raw

BINS = 50 * int(os.environ.get("ABID_SOAK", "4"))
FAULTS: dict[Fault, float] = dict.fromkeys(
    ("500", "503", "reset", "stall", "truncated", "corrupted", "empty"),
    0.05,
)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad-network") / "bucket"
    synthesize(folder, bins=BINS, seed=1)
    return folder


@pytest.fixture(scope="module")
def uri(bucket: Path, s3_server: S3Server) -> str:
    s3_server.create_bucket("bad-network", public=True)
    s3_server.upload("bad-network", bucket)
    return "s3://bad-network"


def read_md5s(data: DataDir) -> dict[str, str]:
    """Of every document that the shards hold, by key."""
    rows = [row for path in RawFolder(data.raw).list_paths("documents") for row in pq.read_table(path).to_pylist()]
    found = {row["key"]: hashlib.md5(row["body"]).hexdigest() for row in rows}
    assert len(found) == len(rows)
    return found


def test_every_document_arrives_though_a_third_of_all_answers_is_bad(
    bucket: Path, uri: str, s3_server: S3Server, tmp_path: Path
) -> None:
    data = DataDir(tmp_path / "data")
    with BadNetwork(s3_server.endpoint_url, FAULTS, seed=1) as network:
        receipt = fetch_documents(S3Source(uri, S3Options(endpoint_url=network.endpoint_url)), data)
        injected, requests = network.injected, network.requests
    files = (bucket / "metadata").iterdir()
    md5s = {f"metadata/{path.name}": hashlib.md5(path.read_bytes()).hexdigest() for path in files}
    assert read_md5s(data) == md5s
    assert (receipt.listed, receipt.held, receipt.documents, receipt.not_fetched) == (BINS, 0, BINS, [])
    assert set(injected) == set(FAULTS)
    assert requests["get"] >= BINS + sum(injected.values())
    assert [finding.broken for finding in verify_raw(data)] == [[]] * 5
    release = build_release(data)
    documents = release.manifest["documents"]
    assert documents["listed"] == documents["loaded"] + documents["rejected"] == BINS
    straight = run_pipeline(bucket, tmp_path / "straight")
    assert straight.manifest["documents"] == documents
    assert straight.manifest["lines"] == release.manifest["lines"]


def test_a_document_that_is_held_is_never_asked_for_again(uri: str, s3_server: S3Server, tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    with BadNetwork(s3_server.endpoint_url, {}) as network:
        source = S3Source(uri, S3Options(endpoint_url=network.endpoint_url))
        fetch_documents(source, data)
        first = [request.path for request in network.log if "/metadata/" in request.path]
        receipt = fetch_documents(source, data)
        both = [request.path for request in network.log if "/metadata/" in request.path]
    assert len(first) == len(set(first)) == BINS
    assert both == first
    assert (receipt.held, receipt.documents) == (BINS, 0)
