"""The errors a user can cause or meet. Each message says what failed, on what, and what to do next.

The type decides the exit code of a command (`cli.stderr` maps it), and whether trying again can help.
"""


class AbidError(Exception):
    """The root of all errors that are reported without a traceback."""


class UsageError(AbidError):
    """Something was asked that can't be done as asked: wrong argument, wrong folder, no warehouse yet."""


class SourceError(AbidError):
    """The source can't be read at all (missing bucket, no access, broken archive). Trying again won't help."""


class CheckError(AbidError):
    """A release would break a promise, so it isn't published."""


class QueryError(AbidError):
    """A query over a release was refused or failed."""
