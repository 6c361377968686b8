"""How many cores there are for this process: a scheduler may bind it to some of the machine's."""

import os


def count_cores() -> int:
    """At least one."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
