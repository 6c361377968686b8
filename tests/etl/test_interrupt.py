"""Ctrl-C and SIGTERM reach all processes of a command, at any moment: one sentence, and nobody is left."""

import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from stopping import SOAK, Moment, draw_moments, finish, start, stop, wait_until

from etl.datadir import DataDir
from etl.fetch import fetch_documents
from etl.sources.directory import DirectorySource
from etl.synthetic import synthesize

BINS = 17_000  # several processes pack them
SENTENCE = "error: interrupted. What was done stays; the same command goes on from there."
COMMANDS = {
    "fetch": (["fetch", "{bucket}", "--data-dir", "{folder}"], "raw/listings"),
    "build": (["build", "--data-dir", "{folder}"], "warehouse/staging"),
    "synthesize": (["synthesize", "{folder}", "--bins", str(BINS)], "metadata"),
}
"""By name; with what each makes first."""


@dataclass(frozen=True)
class Work:
    """A command, and the seconds that it takes once it is under way."""

    name: str
    bucket: Path
    seconds: float = 0

    def begin(self, folder: Path) -> "subprocess.Popen[str]":
        """Start it, and wait until it is under way: before that, nothing has been done, and Python itself ends."""
        if self.name == "build":
            fetch_documents(DirectorySource(self.bucket), DataDir(folder))
        words, made = COMMANDS[self.name]
        process = start(*(word.format(bucket=self.bucket, folder=folder) for word in words))
        wait_until((folder / made).exists, process)
        return process


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bucket")
    synthesize(folder, bins=BINS, seed=1)
    return folder


@pytest.fixture(scope="module", params=COMMANDS)
def work(request: pytest.FixtureRequest, bucket: Path, tmp_path_factory: pytest.TempPathFactory) -> Work:
    undisturbed = Work(request.param, bucket)
    process = undisturbed.begin(tmp_path_factory.mktemp("undisturbed") / "folder")
    started = time.monotonic()
    code, said = finish(process)
    assert code == 0, said
    return Work(request.param, bucket, time.monotonic() - started)


@pytest.mark.parametrize("moment", draw_moments(max(1, SOAK // 3)), ids=str)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
def test_a_signal_to_all_processes_ends_them_with_one_sentence(
    work: Work, number: int, code: int, moment: Moment, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    ended, said = stop(work.begin(folder), number, moment.share * work.seconds, everyone=True)
    assert ended in (0, code), said
    assert (said.count(SENTENCE), said.count("Traceback"), said.count("Warning")) == (int(ended != 0), 0, 0), said
    assert [path for path in folder.rglob("*") if path.name[0] == "." or path.name == "staging"] == []
