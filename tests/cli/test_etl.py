"""`abid-etl` as a user meets it."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from badnetwork import BadNetwork
from commands import BIN, Run
from documents import make_document, make_line, read_shards, write_bucket
from seaweed import S3Server
from stopping import wait_until

from etl.datadir import DataDir


def test_run_fetches_builds_and_sums_up(run: Run, bucket: Path) -> None:
    done = run("abid-etl", "run", bucket, "--data-dir", "fresh")
    assert (done.returncode, done.stdout) == (0, "")
    assert "fetched 5 documents" in done.stderr
    assert "5 listed = 4 loaded + 1 rejected + 0 not fetched" in done.stderr
    assert "rejected as not_json: 1" in done.stderr


def test_the_stages_run_on_their_own(run: Run, bucket: Path, tmp_path: Path) -> None:
    assert run("abid-etl", "fetch", bucket, "--data-dir", "staged").returncode == 0
    assert "no release yet" in run("abid-etl", "status", "--data-dir", "staged").stdout
    assert run("abid-etl", "build", "--data-dir", "staged").returncode == 0
    assert (tmp_path / "staged" / "warehouse" / "current" / "manifest.json").is_file()


def test_a_second_run_does_nothing_and_says_so(run: Run, bucket: Path) -> None:
    run("abid-etl", "run", bucket, "--data-dir", "again")
    said = run("abid-etl", "run", bucket, "--data-dir", "again").stderr
    assert "fetched nothing new: 5 listed, 5 held already" in said
    assert re.search(r"release [0-9a-f]{12} is current already", said)


def test_quiet_says_nothing(run: Run, bucket: Path) -> None:
    done = run("abid-etl", "run", bucket, "--data-dir", "quiet", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_data_dir_moves_everything(run: Run, bucket: Path, tmp_path: Path) -> None:
    run("abid-etl", "run", bucket, ABID_DATA_DIR="elsewhere")
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == ["raw", "warehouse"]


def test_status_says_what_is_fetched_published_and_missing(run: Run, bucket: Path) -> None:
    run("abid-etl", "run", bucket, "--data-dir", "here")
    write_bucket(bucket.parent / "grown", {"metadata/00001.json": make_document(make_line())})
    said = run("abid-etl", "status", "--data-dir", "here").stdout
    assert "5 of 5 fetched" in said
    assert "4 bins, 1 documents rejected" in said
    assert "pictures   not listed" in said


def test_a_release_of_a_part_says_what_was_picked(run: Run, bucket: Path) -> None:
    said = run("abid-etl", "run", bucket, "--data-dir", "part", "--include", "0000*", "--limit", 1).stderr
    assert "picked by include 0000*, limit 1" in said
    assert "picked by include 0000*, limit 1" in run("abid-etl", "status", "--data-dir", "part").stdout
    assert "picked by" not in run("abid-etl", "run", bucket, "--data-dir", "part").stderr


def test_a_document_that_can_not_be_read_is_named_and_the_source_failed(run: Run, tmp_path: Path) -> None:
    bucket = write_bucket(tmp_path / "bucket", {f"metadata/0000{n}.json": make_document() for n in range(1, 4)})
    (bucket / "metadata" / "00002.json").unlink()
    (bucket / "metadata" / "00002.json").symlink_to("/proc/self/mem")
    done = run("abid-etl", "run", bucket, "--data-dir", "partial")
    assert done.returncode == 3
    assert "metadata/00002.json" in done.stderr
    assert "2 of 3 fetched" in run("abid-etl", "status", "--data-dir", "partial").stdout
    assert run("abid-etl", "build", "--data-dir", "partial").returncode == 1
    assert run("abid-etl", "build", "--data-dir", "partial", "--allow-missing").returncode == 0


def test_synthesize_makes_a_bucket_that_is_known_as_such(run: Run) -> None:
    assert "made 50 documents" in run("abid-etl", "synthesize", "bucket", "--bins", 50).stderr
    assert "(synthetic)" in run("abid-etl", "run", "bucket", "--data-dir", "made").stderr
    assert run("abid-etl", "status", "--data-dir", "made").stdout.count("synthetic") == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("run", "loop"), 3, "loop can't be read: Too many levels of symbolic links"),
        (("run", "portal"), 3, "abid-synthetic.json of "),
        (("fetch", "s3://bucket", "--shard", ""), 2, "names no share"),
        (("run", "nowhere"), 2, "doesn't exist"),
        (("run", "https://example.org/x"), 2, "s3://"),
        (("fetch", "s3://bucket", "--profile", "nobody"), 2, "nobody"),
        (("fetch", "s3://bucket", "--endpoint-url", "http://127.0.0.1:9"), 3, "Can't reach"),
        (("build", "--data-dir", "empty"), 2, "abid-etl fetch"),
        (("status", "--data-dir", "empty"), 2, "abid-etl fetch"),
        (("build", "--memory", "lots"), 2, "lots"),
        (("build", "--threads", "0"), 2, "threads"),
        (("synthesize", ".", "--bins", "0"), 2, "bins"),
        (("synthesize", "/", "--bins", "1"), 2, "empty"),
        (("run", "--data-dir", "/dev/null/x", "/"), 2, ""),
        (("launch",), 2, "launch"),
    ],
)
def test_a_mistake_gets_a_sentence_and_an_exit_code(
    arguments: tuple[str, ...], code: int, said: str, run: Run, tmp_path: Path
) -> None:
    write_bucket(tmp_path / "portal", {"abid-synthetic.json": b"<html>", "metadata/1.json": b"{}"})
    (tmp_path / "loop/metadata").mkdir(parents=True)
    (tmp_path / "loop/metadata/1.json").symlink_to("1.json")
    done = run("abid-etl", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_arguments_the_help_is_shown(run: Run) -> None:
    done = run("abid-etl")
    assert done.returncode == 2
    assert "synthesize" in done.stdout


def test_a_build_that_needs_more_memory_says_how_to_give_it(run: Run, tmp_path: Path) -> None:
    write_bucket(tmp_path / "bucket", {"metadata/00001.json": make_document(make_line(name="x" * 20_000_000))})
    done = run("abid-etl", "run", "bucket", "--data-dir", "data", "--memory", "100MB")
    assert done.returncode == 2
    assert "--memory" in done.stderr
    assert "Traceback" not in done.stderr
    assert run("abid-etl", "run", "bucket", "--data-dir", "data").returncode == 0


def test_an_interrupt_ends_with_130_and_what_to_do(tmp_path: Path) -> None:
    """Interrupted while it waits for a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        command: list[str | Path] = [BIN / "abid-etl", "fetch", "s3://bucket", "--data-dir", tmp_path / "data"]
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        with (
            subprocess.Popen([*command, "--endpoint-url", endpoint], stderr=subprocess.PIPE, text=True) as process,
            server.accept()[0],
        ):
            process.send_signal(signal.SIGINT)
            _, said = process.communicate()
    assert (process.returncode, said) == (
        130,
        "error: interrupted. What was done stays; the same command goes on from there.\n",
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_has_come_from_s3_is_kept_when_the_fetch_is_interrupted(
    number: int, code: int, s3_server: S3Server, tmp_path: Path
) -> None:
    """Interrupted while it waits for the last of its documents."""
    bucket = f"interrupted-{code}"
    s3_server.create_bucket(bucket, {f"metadata/{n:05d}.json": b"{}" for n in range(50)}, public=True)
    with BadNetwork(s3_server.endpoint_url, {"hang": 1}, only=lambda _, path: path.endswith("00049.json")) as network:
        command: list[str | Path] = [BIN / "abid-etl", "fetch", f"s3://{bucket}", "--data-dir", tmp_path]
        options = ["--endpoint-url", network.endpoint_url, "--concurrency", "1"]
        with subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True) as process:
            wait_until(lambda: network.injected, process)
            process.send_signal(number)
            _, said = process.communicate()
    assert (process.returncode, "Traceback" in said) == (code, False), said
    assert read_shards(DataDir(tmp_path))["key"].to_pylist() == [f"metadata/{n:05d}.json" for n in range(49)]


def test_the_work_goes_on_when_nobody_reads_what_it_says(bucket: Path, tmp_path: Path) -> None:
    command: list[str | Path] = [BIN / "abid-etl", "run", bucket, "--data-dir", tmp_path / "data"]
    reader, writer = os.pipe()
    os.close(reader)
    assert subprocess.run(command, stderr=writer, check=False).returncode == 0
    os.close(writer)
    assert (tmp_path / "data/warehouse/current/manifest.json").is_file()


def test_a_full_disk_below_what_is_printed_is_told_from_a_mistake(data_dir: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command: list[str | Path] = [BIN / "abid-report", "summary", "--data-dir", data_dir]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "error: abid-report: No space left on device\n")


def test_on_a_terminal_there_are_bars(bucket: Path, tmp_path: Path) -> None:
    master, slave = pty.openpty()
    command: list[str | Path] = [BIN / "abid-etl", "run", bucket, "--data-dir", tmp_path / "data"]
    environment = os.environ | {"COLUMNS": "80", "TERM": "xterm"}
    with subprocess.Popen(command, stderr=slave, stdout=slave, env=environment):
        os.close(slave)
        shown = b""
        while chunk := _read(master):
            shown += chunk
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    assert "━" in text
    assert "5/5 documents" in text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed: that is how a terminal ends on Linux
        return b""


def test_the_manifest_is_json_with_the_conservation_equations(run: Run, bucket: Path, tmp_path: Path) -> None:
    run("abid-etl", "run", bucket, "--data-dir", "data")
    manifest = json.loads((tmp_path / "data" / "warehouse" / "current" / "manifest.json").read_text())
    assert manifest["documents"] == {"listed": 5, "loaded": 4, "rejected": 1, "not_fetched": 0}
    assert manifest["lines"] == {"seen": 4, "loaded": 4, "rejected": 0}
