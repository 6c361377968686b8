"""The commands in a folder of the test's own, and a raw layer in a bucket."""

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from botocore.loaders import JSONFileLoader
from commands import Run
from forkserver import ForkServer
from seaweed import S3Server

from etl.rawbucket import RawBucket
from etl.sources.options import S3Options


@pytest.fixture(scope="session", autouse=True)
def boto3_reads_its_models_once() -> Iterator[None]:
    """For each source anew, that would take most of the time of these tests."""
    read = cache(JSONFileLoader().load_file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: read(path))
        yield


@pytest.fixture
def run(fork_server: ForkServer, tmp_path: Path) -> Run:
    """Start a command; its data directory is `data` in the test's own folder."""

    def start(command: str, *arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
        return fork_server.run(command, arguments, tmp_path, environment)

    return start


@pytest.fixture(scope="session")
def lake(s3_server: S3Server) -> str:
    """A bucket for raw layers, which only the server's account can read and write."""
    s3_server.create_bucket("lake")
    return "s3://lake"


@pytest.fixture
def raw_bucket(
    s3_server: S3Server, lake: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> RawBucket:
    """A raw layer of the test's own in that bucket, still empty; the account is in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    return RawBucket(f"{lake}/{abs(hash(request.node.nodeid))}/raw", S3Options(endpoint_url=s3_server.endpoint_url))
