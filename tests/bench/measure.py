"""What every part of the benchmark measures with."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
PROCESSES = os.cpu_count() or 1
_TESTS = Path(__file__).resolve().parents[1]
_TREE = Path(__file__).parent / "tree.py"


@dataclass(frozen=True)
class Run:
    """What a command took, with all that it started: seconds, seconds of a core, MB of its largest process."""

    seconds: float
    cpu_seconds: float
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
    """Run a command to its end; one that fails ends the benchmark, with what it said."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        measured = [sys.executable, "-S", _TREE, report.name, *command]
        given = os.environ | environment
        done = subprocess.run(
            measured, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=given, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"{done.stderr}{' '.join(map(str, command))} failed")
        return Run(**json.loads(Path(report.name).read_bytes()))


def run_module(name: str, *arguments: str | Path, **environment: str) -> Run:
    """The same with a module of the benchmark that is a program, wherever this process has its own modules from."""
    path = os.pathsep.join(filter(None, [str(_TESTS), os.environ.get("PYTHONPATH")]))
    return run_process(sys.executable, "-m", name, *arguments, **environment, PYTHONPATH=path)


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
