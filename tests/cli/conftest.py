"""A small warehouse, and the commands as a user starts them."""

import subprocess
from pathlib import Path

import pytest
from commands import EVIL_NAME, Run
from documents import make_document, make_line, run_pipeline, write_bucket
from forkserver import ForkServer


@pytest.fixture(scope="session")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    documents = {
        "metadata/00001.json": make_document(make_line("B00TEST001", 2), make_line("B00TEST002", name=EVIL_NAME)),
        "metadata/00523.json": make_document(make_line("B00TEST001")),
        "metadata/523.json": make_document(make_line("0307981584", normalizedName=...), image_fname="523.jpg"),
        "metadata/00002.json": make_document(),
        "metadata/00003.json": b"{",
    }
    return write_bucket(tmp_path_factory.mktemp("cli") / "bucket", documents)


@pytest.fixture(scope="session")
def data_dir(bucket: Path) -> Path:
    run_pipeline(bucket, bucket.parent / "data")
    return bucket.parent / "data"


@pytest.fixture
def run(fork_server: ForkServer, data_dir: Path, tmp_path: Path) -> Run:
    """Start a command in an empty folder, with the warehouse's data directory in the environment."""

    def start(command: str, *arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
        return fork_server.run(command, arguments, tmp_path, {"ABID_DATA_DIR": str(data_dir)} | environment)

    return start
