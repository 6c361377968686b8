"""The DuckDB that runs models, here or in a task on another machine: what it may use, and what its failures mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from etl.errors import CheckError, UsageError


@contextmanager
def connect(threads: int, memory: str, spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that may use so much, and spills to a folder.

    Raises:
        UsageError: the limits can't be set, or are too low for what is done in the block.
        CheckError: DuckDB failed at something else there.
    """
    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "memory_limit": memory,
        "temp_directory": str(spill),
        "preserve_insertion_order": False,
    }
    try:
        with _connect(settings) as connection:
            yield connection
    except duckdb.OutOfMemoryException as error:
        raise UsageError(
            f"the build needs more than {memory} of memory: give it more with --memory, or let it use fewer --threads"
        ) from error
    except duckdb.Error as error:
        raise CheckError(f"the build failed, and nothing was published: {error}") from error


def _connect(settings: dict[str, str | bool | int | float | list[str]]) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(config=settings)
    except duckdb.Error as error:
        raise UsageError(
            f"the limits of the build can't be set (--memory {settings['memory_limit']}): {error}"
        ) from error
