"""A Spark cluster on loopback: a master and two workers, each a process of its own, stopped by whoever started them.

PySpark has not the scripts that start them, but the program that these call.
"""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyspark
from spark import ENVIRONMENT

_SPARK_CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
_DEPLOY = "org.apache.spark.deploy"
_START_SECONDS = 60.0


class Daemon:
    """A master or a worker, leading a group of all that it starts, and what it says."""

    def __init__(self, kind: str, *options: str) -> None:
        command = [str(_SPARK_CLASS), f"{_DEPLOY}.{kind}", "--host", "127.0.0.1", "--webui-port", "0", *options]
        self._process = subprocess.Popen(
            command,
            env=os.environ | ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._said = ""
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, pattern: str) -> str:
        """What the group of a pattern matches, as soon as something does."""

        def find() -> re.Match[str] | None:
            return re.search(pattern, self._said)

        with self._more:
            match = self._more.wait_for(find, _START_SECONDS)
        assert match, f"Spark never said {pattern}:\n{self._said}"
        return match[1]

    def kill(self) -> None:
        """End it with all that it has started, as a machine does that loses its power."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stderr
        with self._process.stderr as lines:
            for line in lines:
                with self._more:
                    self._said += line
                    self._more.notify_all()


@dataclass
class Cluster:
    """Its URL, and its workers, of one core each."""

    url: str
    workers: list[Daemon] = field(default_factory=list)


@contextmanager
def run_cluster(folder: Path) -> Iterator[Cluster]:
    """Start one; the block begins when both workers are there. They keep their files in `folder`."""
    master = Daemon("master.Master", "--port", "0")
    workers: list[Daemon] = []
    try:
        url = master.wait_for(r"Starting Spark master at (spark://\S+)")
        for number in (1, 2):
            place = str(folder / f"worker{number}")
            workers.append(Daemon("worker.Worker", "--cores", "1", "--memory", "2g", "--work-dir", place, url))
        for worker in workers:
            worker.wait_for(r"Successfully registered with master (\S+)")
        yield Cluster(url, workers)
    finally:
        for daemon in (*workers, master):
            daemon.kill()
