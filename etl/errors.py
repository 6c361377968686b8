"""The errors a user can cause or meet. Each message says what failed, on what, and what to do next.

The type decides the exit code of a command (`cli.stderr` maps it).
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Python, PyArrow and DuckDB have no type for it in common, but the kernel's words. The last are DuckDB's, whose limit
# for what it spills is most of the space that was free at the start.
_SPILL_LIMIT = "max_temp_directory_size"
_FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), _SPILL_LIMIT)


class AbidError(Exception):
    """The root of all errors that are reported without a traceback."""


class UsageError(AbidError):
    """Something was asked that can't be done as asked: wrong argument, wrong folder, no warehouse yet."""


class SourceError(AbidError):
    """The source can't be read: missing bucket, no access, no answer, broken archive."""


class StorageError(AbidError):
    """There is no space left where the pipeline writes."""


class CheckError(AbidError):
    """A release would break a promise, so it isn't published."""


class QueryError(AbidError):
    """A query over a release was refused or failed."""


class InterruptedQueryError(QueryError):
    """Somebody cancelled a query."""


@contextmanager
def explain_damage(what: str, remedy: str) -> Iterator[None]:
    """Turn what readers of files raise on a damaged one into a UsageError that names the remedy."""
    try:
        yield
    except Exception as error:
        if not _tells_damage(error):
            raise
        raise UsageError(f"{what} can't be read: {str(error).splitlines()[0]}\n{remedy}") from error


@contextmanager
def explain_full_disk(folder: Path) -> Iterator[None]:
    """Turn whatever is raised because nothing more fits on the disk of `folder` into a StorageError with the remedy."""
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        if not is_full_disk(error):
            raise
        raise StorageError(
            f"no space is left in {folder}: free some, or move it to a larger disk and name it there with --data-dir, "
            "then run the same command again: what was done stays"
        ) from error


@contextmanager
def explain_full_spill(folder: Path) -> Iterator[None]:
    """The same of a folder for temporary files, where an error is about that folder."""
    try:
        yield
    except Exception as error:
        told = error.__cause__ if isinstance(error, AbidError) else error
        if not is_full_disk(error) or not any(text in str(told) for text in (str(folder), _SPILL_LIMIT)):
            raise
        raise StorageError(
            f"no space is left in {folder}: free some, or name a folder on a larger disk with --temp-dir"
        ) from error


def is_full_disk(error: Exception) -> bool:
    """Whether the disk is full, which looks like damage or too little memory to code that knows of those only."""
    told = error.__cause__ if isinstance(error, AbidError) else error
    return any(words in str(told) for words in _FULL)


def _tells_damage(error: Exception) -> bool:
    import duckdb  # noqa: PLC0415  (slow to import, and every command imports this file)

    if isinstance(error, duckdb.OutOfMemoryException):  # tells of the limit
        return False
    return isinstance(error, (duckdb.Error, ValueError))  # PyArrow's and JSON's errors are ValueErrors
