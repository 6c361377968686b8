"""Run a command, and say what it took, with all the processes that it started and those that outlived it.

`python tree.py REPORT COMMAND...` writes to the file REPORT. A process of its own, and a small one: Linux counts what
the parent of a process holds as that process's memory, and hands orphans only to a parent that asks for them.
"""

import ctypes
import json
import os
import resource
import sys
import time

_PR_SET_CHILD_SUBREAPER = 36


def _run(report: str, command: list[str]) -> int:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    started = time.perf_counter()
    _, status = os.waitpid(os.posix_spawnp(command[0], command, os.environ), 0)
    seconds = time.perf_counter() - started
    _wait_for_orphans()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = {"seconds": seconds, "cpu_seconds": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss / 1024}
    with open(report, "w", encoding="utf-8") as file:  # noqa: PTH123  (pathlib would be more than all the rest here)
        json.dump(taken, file)
    return os.waitstatus_to_exitcode(status)


def _wait_for_orphans() -> None:
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return


if __name__ == "__main__":
    sys.exit(abs(_run(sys.argv[1], sys.argv[2:])))
