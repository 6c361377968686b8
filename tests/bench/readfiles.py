"""Open and read every file of a folder, and do nothing else, with as many processes as a fetch has.

`python -m bench.readfiles FOLDER` is a process of its own, so that nothing but this is imported.
"""

import multiprocessing
import os
import sys

_SLICE = 16_384  # files


def read_every_file(folder: str) -> int:
    """How many bytes there were."""
    # Plain names and no Path for each: making half a million of those would take as long as the reading.
    paths = [f"{folder}/{name}" for name in os.listdir(folder)]  # noqa: PTH208
    slices = [paths[start : start + _SLICE] for start in range(0, len(paths), _SLICE)]
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        return sum(pool.imap_unordered(_read_files, slices))


def _read_files(paths: list[str]) -> int:
    size = 0
    for path in paths:
        with open(path, "rb") as file:  # noqa: PTH123  (the plainest way there is, as the measure of all others)
            size += len(file.read())
    return size


if __name__ == "__main__":
    read_every_file(sys.argv[1])
