"""What every part of the benchmark measures with, and the table that it prints."""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
PROCESSES = os.cpu_count() or 1

Row = tuple[str, str, str, str]
"""What was measured, the figure, its aim, and the ratio that the aim is about."""


@dataclass(frozen=True)
class Run:
    """What one process took: seconds, and the most memory it held in MB.

    Linux counts what its parent holds while it starts it, too: nothing below the benchmark's own memory can be seen.
    """

    seconds: float
    memory: float


@dataclass(frozen=True)
class Comparison:
    """Median seconds of ours, and of the quickest of its peers."""

    ours: float
    peer: str
    theirs: float

    @property
    def ratio(self) -> float:
        """How many times as fast ours is."""
        return self.theirs / self.ours


def run_process(*command: str | Path, **environment: str) -> Run:
    """Run a command to its end; one that fails ends the benchmark."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(map(str, command))} failed")
    return Run(time.perf_counter() - started, usage.ru_maxrss / 1024)


def measure(action: Callable[[], object]) -> float:
    """The seconds of a call."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def best_of(count: int, *command: str | Path) -> float:
    """The median seconds of a whole process."""
    return statistics.median(run_process(*command).seconds for _ in range(count))


def compare(ours: Callable[[], float], peers: Mapping[str, Callable[[], float]], rounds: int) -> Comparison:
    """Let ours and its peers take turns, so that whatever else the machine does meets them all."""
    for warm_up in (ours, next(iter(peers.values()))):
        warm_up()
    taken: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, peer in peers.items():
            taken.append(ours())
            theirs[name].append(peer())
    medians = {name: statistics.median(seconds) for name, seconds in theirs.items()}
    best = min(medians, key=medians.__getitem__)
    ours_median = statistics.median(taken)
    settings = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in medians.items())
    print(f"ours {ours_median:.1f} s, peers: {settings}", file=sys.stderr)  # so that the choice of the best can be seen
    return Comparison(ours_median, best, medians[best])


def print_table(about: str, rows: list[Row]) -> None:
    """Print the rows as Markdown, below what they were measured on."""
    machine = f"{PROCESSES} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"\n{about}, {machine}, warm cache\n\n| what | measured | aim | ratio |\n|---|---:|---|---:|")
    print("\n".join(f"| {' | '.join(row)} |" for row in rows), flush=True)
