"""Stopping commands at random moments. `ABID_SOAK` says at how many."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from commands import BIN

SOAK = int(os.environ.get("ABID_SOAK", "2"))
_SEED = 1
_STEP = "step"
_LOOK_SECONDS = 0.005
_COUNT_STEPS = f"""
import os, sys

folder, last, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
del sys.argv[1:4]
count = 0

def take(event, arguments):
    global count
    if event in {{"os.remove", "os.rename", "os.rmdir", "os.symlink", "shutil.rmtree"}} or (
        event == "open" and str(arguments[0]).startswith(folder)
    ):
        os.write(2, b"{_STEP}\\n")
        count += 1
        if count == last:
            os.kill(os.getpid(), number)

sys.addaudithook(take)
from cli.etl import main
main()
"""


@dataclass(frozen=True)
class Moment:
    """When a command gets a signal, as a share of the time that it takes; and who: all its processes, or the first."""

    share: float
    everyone: bool

    def __str__(self) -> str:
        return f"seed {_SEED}, at {self.share:.4f}, {'all' if self.everyone else 'first'}"


def draw_moments(count: int) -> list[Moment]:
    """Each from another part of the time."""
    chance = random.Random(_SEED)
    return [Moment((number + chance.random()) / count, number % 2 == 0) for number in range(count)]


def start(*arguments: object) -> "subprocess.Popen[str]":
    return _start(BIN / "abid-etl", *arguments)


def kill_at_step(
    last: int, folder: Path, *arguments: object, number: signal.Signals = signal.SIGKILL
) -> tuple[int, int]:
    """Run a command whose first process gets a signal just before its `last` step with files (0: never).

    A step is a file of `folder` that Python opens, or any that it links, renames or removes. Making folders is none:
    threads do it, in any order.

    Returns:
        The exit code, and how many steps there were.
    """
    code, said = finish(_start(sys.executable, "-B", "-c", _COUNT_STEPS, folder, last, int(number), *arguments))
    return code, said.splitlines().count(_STEP)


def _start(*words: object) -> "subprocess.Popen[str]":
    command = [str(word) for word in words]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def wait_until(condition: Callable[[], object], process: "subprocess.Popen[str]") -> None:
    """Return when something is so, or the process has ended; look so rarely that it gets the processor meanwhile."""
    while not condition():
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_SECONDS)
            return


def finish(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """The exit code, and what all processes of a command said. It returns when the last one has ended."""
    with process:
        try:
            said = process.communicate(timeout=60)[1]
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, said


def run(*arguments: object) -> None:
    code, said = finish(start(*arguments))
    assert code == 0, said


def stop(process: "subprocess.Popen[str]", number: int, seconds: float, *, everyone: bool) -> tuple[int, str]:
    """Send a signal after so many seconds, if the command still runs."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    if process.returncode is None:
        (os.killpg if everyone else os.kill)(process.pid, number)
    return finish(process)
