"""What tests of several packages share: no AWS account of the machine, commands, and an S3 server of our own."""

import os
from collections.abc import Iterator

import pytest
from forkserver import ForkServer
from loaded import Loaded, load_real
from seaweed import NO_ACCOUNT, S3Server, run_seaweed

__all__ = ["S3Server"]  # what the fixture gives, for tests to name


@pytest.fixture(scope="session", autouse=True)
def no_aws_account() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in NO_ACCOUNT.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    with ForkServer() as server:
        yield server


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with run_seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(scope="session")
def real_sample(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load_real(tmp_path_factory.mktemp("real"))
