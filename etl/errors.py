"""The errors a user can cause or meet. Each message says what failed, on what, and what to do next.

The type decides the exit code of a command (`cli.stderr` maps it).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


class AbidError(Exception):
    """The root of all errors that are reported without a traceback."""


class UsageError(AbidError):
    """Something was asked that can't be done as asked: wrong argument, wrong folder, no warehouse yet."""


class SourceError(AbidError):
    """The source can't be read: missing bucket, no access, no answer, broken archive."""


class CheckError(AbidError):
    """A release would break a promise, so it isn't published."""


class QueryError(AbidError):
    """A query over a release was refused or failed."""


@contextmanager
def explain_damage(what: str, remedy: str) -> Iterator[None]:
    """Turn what readers of files raise on a damaged one into a UsageError that names the remedy."""
    try:
        yield
    except (duckdb.Error, ValueError) as error:  # PyArrow's and JSON's errors are ValueErrors
        raise UsageError(f"{what} can't be read: {str(error).splitlines()[0]}\n{remedy}") from error
