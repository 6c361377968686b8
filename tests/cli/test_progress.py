"""How long work tells how far it is, and how it ends when it is told to."""

import datetime as dt
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from commands import BIN, Run

from cli.lines import Lines
from cli.log import Json, Text
from cli.meter import Meter, Reading

LOG_FIELDS = {
    *("time", "level", "event", "step", "done", "total", "unit", "bytes", "per_second", "bytes_per_second"),
    *("retries", "slow_downs", "seconds", "seconds_left", "finished"),
}


class Clock:
    """Stands still until it is set forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said() -> list[str]:
    """The lines that the progress of this test has printed."""
    return []


@pytest.fixture
def progress(clock: Clock, said: list[str]) -> Lines:
    return Lines(lambda reading: said.append(Text().progress(reading)), clock)


def test_a_line_tells_all_that_is_known(progress: Lines, clock: Clock, said: list[str]) -> None:
    with progress.step("fetching documents", unit="documents") as step:
        step.expect(536_434)
        step.tally("retries", 12)
        step.tally("slow-downs", 2)
        step.tally("refusals", 0)
        clock.now += 5
        step.advance(24_900, 51_000_000)
    assert said[0] == (
        "fetching documents: 24,900 of 536,434 documents, 51.0 MB, 4,980/s, 10.2 MB/s, "
        "retries 12, slow-downs 2, 1 min 43 s left"
    )


def test_a_step_without_a_total_tells_the_time_gone_by(progress: Lines, clock: Clock, said: list[str]) -> None:
    with progress.step("listing documents", unit="objects") as step:
        clock.now += 80
        step.advance(120_000)
        assert said == ["listing documents: 120,000 objects, 1,500/s, 1 min 20 s so far"]


@pytest.mark.parametrize(
    ("done", "total", "size", "seconds", "line"),
    [
        (20_000, None, 0, 0.2, "fetching: 20,000 documents, 0.2 s"),
        (90, 90, 0, 3, "fetching: 90 documents, 30/s, 3.0 s"),
        (6, 9, 2_000_000, 4, "fetching: 6 of 9 documents, 2.0 MB, 1.5/s, 500.0 kB/s, 4.0 s"),
        (0, 0, 0, 0, "fetching: 0 documents, 0.0 s"),
    ],
)
def test_the_last_line_of_a_step_sums_it_up(done: int, total: int | None, size: int, seconds: float, line: str) -> None:
    clock = Clock()
    meter = Meter("fetching", total, "documents", clock)
    meter.advance(done, size)
    clock.now += seconds
    meter.finish()
    assert Text().progress(meter.read()) == line


def test_a_step_that_counts_nothing_tells_its_time(progress: Lines, clock: Clock, said: list[str]) -> None:
    with progress.step("checking"):
        clock.now += 7_500
    assert said == ["checking, 2 h 5 min"]


def test_lines_are_five_seconds_apart(progress: Lines, clock: Clock, said: list[str]) -> None:
    with progress.step("fetching", 100, "documents") as step:
        for _ in range(19):
            clock.now += 1
            step.advance(1)
        assert [line.split()[1] for line in said] == ["5", "10", "15"]


def test_a_step_that_does_not_move_says_nothing_until_it_has_news(
    progress: Lines, clock: Clock, said: list[str]
) -> None:
    with progress.step("fetching", 100, "documents") as step:
        for _ in range(60):
            clock.now += 1
            step.advance(0)
        assert said == []
        step.tally("retries", 1)
        assert said == ["fetching: 0 of 100 documents, 0/s, retries 1, 1 min 0 s so far"]


@pytest.mark.parametrize("heartbeats", [0, 600])
def test_the_time_left_goes_by_the_rate_since_a_stall(heartbeats: int, clock: Clock) -> None:
    """6,000 at 100/s, ten minutes of nothing, then 50/s: of 10,000, 2,250 are left after 35 seconds of that."""
    meter = Meter("fetching", 10_000, "documents", clock)
    for _ in range(60):
        clock.now += 1
        meter.advance(100)
    for _ in range(heartbeats):
        clock.now += 1
        meter.advance(0)
    clock.now += 600 - heartbeats
    for _ in range(35):
        clock.now += 1
        meter.advance(50)
    assert meter.read().seconds_left == 45


def test_a_total_may_grow(progress: Lines, clock: Clock, said: list[str]) -> None:
    with progress.step("fetching", 10, "documents") as step:
        clock.now += 5
        step.advance(10)
        step.expect(30)
        clock.now += 5
        step.advance(10)
        assert said[-1] == "fetching: 20 of 30 documents, 2.0/s, 5.0 s left"


def test_two_open_steps_each_have_their_lines_and_end_in_any_order(
    progress: Lines, clock: Clock, said: list[str]
) -> None:
    with ExitStack() as first, ExitStack() as second:
        listing = first.enter_context(progress.step("listing", unit="objects"))
        fetching = second.enter_context(progress.step("fetching", unit="documents"))
        listing.advance(50)
        clock.now += 5
        fetching.advance(20)
        assert said == ["listing: 50 objects, 10/s, 5.0 s so far", "fetching: 20 documents, 4.0/s, 5.0 s so far"]
        first.close()
        fetching.advance(5)
    assert said[2:] == ["listing: 50 objects, 10/s, 5.0 s", "fetching: 25 documents, 5.0/s, 5.0 s"]


def test_a_step_that_fails_does_not_sum_itself_up(progress: Lines, said: list[str]) -> None:
    with pytest.raises(InterruptedError), progress.step("fetching", 100, "documents"):
        raise InterruptedError
    assert said == []


def test_json_tells_the_same_in_numbers() -> None:
    moment = dt.datetime(2026, 11, 23, 8, 13, 8, tzinfo=dt.UTC)
    reading = Reading("fetching", "documents", 200, 500, 4096, {"slow-downs": 2}, 5.0, 40.0, 819.2, finished=False)
    assert json.loads(Json(lambda: moment).progress(reading)) == {
        "time": "2026-11-23T08:13:08Z",
        "level": "info",
        "event": "progress",
        "step": "fetching",
        "done": 200,
        "total": 500,
        "unit": "documents",
        "bytes": 4096,
        "per_second": 40.0,
        "bytes_per_second": 819.2,
        "retries": 0,
        "slow_downs": 2,
        "seconds": 5.0,
        "seconds_left": 7.5,
        "finished": False,
    }


def _read_log(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("by_variable", [True, False])
def test_with_json_every_line_is_an_object(by_variable: bool, run: Run) -> None:  # noqa: FBT001
    option, variable = ([], {"ABID_LOG_FORMAT": "json"}) if by_variable else (["--log-format", "json"], {})
    done = run("abid-etl", "synthesize", "made", "--bins", 50, *option, **variable)
    progress, note = _read_log(done.stderr)
    assert set(progress) == LOG_FIELDS
    assert [progress[name] for name in ("step", "done", "total", "finished")] == ["making documents", 50, 50, True]
    assert note["message"].startswith("made 50 documents")
    age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(note["time"])
    assert dt.timedelta() <= age < dt.timedelta(minutes=1)


def test_a_note_of_several_lines_is_one_object(run: Run, bucket: Path) -> None:
    done = run("abid-etl", "run", bucket, "--data-dir", "logged", "--log-format", "json")
    log = _read_log(done.stderr)
    assert {line["event"] for line in log} == {"progress", "note"}
    assert "\n  lines         4 seen = 4 loaded + 0 rejected\n" in log[-1]["message"]


@pytest.mark.parametrize(
    ("command", "arguments", "code", "message"),
    [
        ("abid-etl", ["build", "--log-format", "json"], 2, "abid-etl fetch"),
        ("abid-etl", ["build", "--log-format", "json", "--quiet"], 2, "abid-etl fetch"),
        ("abid-etl", ["build", "--log-format=json", "--threads", "0"], 2, "threads"),
        ("abid-etl", ["build", "--bogus", "--log-format", "json"], 2, "--bogus"),
        ("abid-etl", ["--log-format", "json", "launch"], 2, "--log-format"),
        ("abid-etl", ["build", "--log-format", "text", "--log-format", "json"], 2, "abid-etl fetch"),
    ],
)
def test_with_json_an_error_is_an_object_wherever_it_is_found(
    command: str, arguments: list[str], code: int, message: str, run: Run
) -> None:
    done = run(command, *arguments, ABID_DATA_DIR="empty")
    (error,) = _read_log(done.stderr)
    assert (done.returncode, error["exit_code"]) == (code, code)
    assert (error["level"], error["event"]) == ("error", "error")
    assert message in error["message"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["abid-etl"], "a command is missing"),
        (["abid-etl", "launch"], "No such command 'launch'"),
        (["abid-etl", "status", "--data-dir", "empty"], "abid-etl fetch"),
        (["abid-report", "item", "nothing"], "ASIN"),
    ],
)
def test_the_variable_counts_for_commands_without_the_option(arguments: list[str], message: str, run: Run) -> None:
    (error,) = _read_log(run(*arguments, ABID_LOG_FORMAT="json").stderr)
    assert message in error["message"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--log-format", "yaml"],
        ["--log-format"],
        ["--log", "json"],
        ["--", "--log-format", "json"],
        ["--log-format=text"],
    ],
)
def test_what_does_not_ask_for_json_gets_text(arguments: list[str], run: Run) -> None:
    said = run("abid-etl", "build", *arguments, ABID_DATA_DIR="empty", ABID_LOG_FORMAT="").stderr
    assert said.startswith("error: ")


def test_quiet_silences_json_too(run: Run) -> None:
    done = run("abid-etl", "synthesize", "made", "--bins", 50, "--quiet", "--log-format", "json")
    assert (done.returncode, done.stderr) == (0, "")


_BUG = "import typer; from cli.stderr import run; app = typer.Typer(); app.command()(lambda: 1 / 0); run(app, 'bug')"


def test_with_json_a_bug_is_an_object() -> None:
    environment = os.environ | {"ABID_LOG_FORMAT": "json"}
    done = subprocess.run([sys.executable, "-c", _BUG], env=environment, capture_output=True, text=True, check=False)
    (error,) = _read_log(done.stderr)
    assert (done.returncode, error["exit_code"]) == (1, 1)
    assert "ZeroDivisionError" in error["message"]


_TWO_STEPS = """
from contextlib import ExitStack
from cli.bars import Bars

now = 1000
bars = Bars(lambda: now)
with ExitStack() as first, ExitStack() as second:
    listing = first.enter_context(bars.step("listing documents", unit="objects"))
    fetching = second.enter_context(bars.step("fetching documents", unit="documents"))
    fetching.expect(536_434)
    fetching.tally("retries", 1212)
    for _ in range(40):
        now += 1
        listing.advance(13_000)
        fetching.advance(120, 1_250_000)
    first.close()
    fetching.tally("slow-downs", 112)
    raise InterruptedError
"""


def test_two_open_steps_are_two_bars_that_fit_80_columns(run_on_terminal: Callable[..., str]) -> None:
    shown = run_on_terminal(sys.executable, "-c", _TWO_STEPS)
    frame = shown.split("\x1b[2K")[-1]
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", frame)
    lines = [line.rstrip() for line in text.partition("Traceback")[0].splitlines()]
    assert lines[0] == "✓ listing documents  ━━━━━━━━━━━━ 520,000 objects, 40 s"
    assert lines[1].strip() == "13,000/s"
    assert lines[2][2:] == "fetching documents ━━━━━━━━━━━━ 4,800/536,434 documents, 1 h 13 min left"
    assert lines[3].strip() == "50.0 MB, 120/s, 1.2 MB/s"
    assert lines[4].strip() == "retries 1,212, slow-downs 112"
    assert max(map(len, lines)) <= 80


def test_with_json_a_terminal_gets_no_bars(run_on_terminal: Callable[..., str], tmp_path: Path) -> None:
    shown = run_on_terminal(BIN / "abid-etl", "synthesize", tmp_path / "made", "--bins", "50", "--log-format", "json")
    assert [line["event"] for line in _read_log(shown)] == ["progress", "note"]


@pytest.fixture
def run_on_terminal() -> Callable[..., str]:
    """Start a command on a terminal of 80 columns; returns what it shows."""

    def start(*command: str | Path) -> str:
        master, slave = pty.openpty()
        environment = os.environ | {"COLUMNS": "80", "TERM": "xterm"}
        with subprocess.Popen(command, stderr=slave, stdout=slave, env=environment):
            os.close(slave)
            shown = b""
            while chunk := _read(master):
                shown += chunk
        os.close(master)
        return shown.decode()

    return start


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed: that is how a terminal ends on Linux
        return b""


_WORK = """
import sys
import typer
from cli.stderr import run, say

app = typer.Typer()

@app.command()
def work() -> None:
    try:
        say("at work")
        sys.stdin.readline()
    finally:
        say("cleaning up")
        sys.stdin.readline()
        say("cleaned up")

run(app, "work", interrupted="Nothing is half done.")
"""


def test_sigterm_ends_a_command_after_its_cleaning_up_even_when_it_comes_twice() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _WORK], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        assert process.stderr.readline() == "at work\n"
        process.send_signal(signal.SIGTERM)
        assert process.stderr.readline() == "cleaning up\n"
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate("\n")
    assert said == "cleaned up\nerror: interrupted. Nothing is half done.\n"
    assert process.returncode == 143


def test_sigterm_ends_a_fetch_that_waits_for_a_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        command: list[str | Path] = [BIN / "abid-etl", "fetch", "s3://bucket", "--endpoint-url", endpoint]
        with subprocess.Popen(
            [*command, "--data-dir", tmp_path / "data", "--log-format", "json"], stderr=subprocess.PIPE, text=True
        ) as process:
            request, _ = server.accept()
            with request:
                process.send_signal(signal.SIGTERM)
                _, said = process.communicate()
    (error,) = _read_log(said)
    assert (process.returncode, error["exit_code"]) == (143, 143)
    assert error["message"].startswith("interrupted")
