"""Standard error and exit codes: errors, notes and progress. Standard output is for data (`cli.stdout`).

Exit codes: 0 done, 1 a check or a query failed, 2 usage or configuration, 3 the source failed, 130 interrupted.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

import typer
from typer.exceptions import TyperException

from cli.stdout import ReaderGoneError
from cli.text import escape_controls, format_bytes
from etl.errors import AbidError, CheckError, QueryError, SourceError
from etl.progress import UNWATCHED, Progress, Step

_EXIT_CODES: dict[type[AbidError], int] = {CheckError: 1, QueryError: 1, SourceError: 3}
_USAGE = 2
_INTERRUPTED = 130
_SECONDS_BETWEEN_LINES = 5.0


def run(app: typer.Typer, command: str) -> None:
    """Run an app and exit. This is the one place where errors become messages and exit codes."""
    code = 0
    try:
        code = app(prog_name=command, standalone_mode=False) or 0
    except AbidError as error:
        say_error(str(error))
        code = _EXIT_CODES.get(type(error), _USAGE)
    except TyperException as error:
        code = _report_usage(error, command)
    except ReaderGoneError:
        pass
    except (typer.Abort, KeyboardInterrupt):
        code = _INTERRUPTED
    except RuntimeError as error:
        if "interrupt" not in str(error).lower():  # that is how DuckDB says it
            raise
        code = _INTERRUPTED
    except OSError as error:
        say_error(f"{error.filename or command}: {error.strerror or error}")
        code = _USAGE
    if code == _INTERRUPTED:
        say_error("interrupted. What was done stays; the same command goes on from there.")
    _exit(code)


def _exit(code: int) -> NoReturn:
    """End the process without taking the interpreter apart.

    A thread of obstore that lets go of a Python object meanwhile would abort the process: one run in ten against an
    endpoint that doesn't answer ended so. It also saves the time that the taking apart takes.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


def say(message: str) -> None:
    """Print a note."""
    print(escape_controls(message, keep="\n"), file=sys.stderr)  # noqa: T201  (the one place for it)


def say_error(message: str) -> None:
    """Print an error."""
    say(f"error: {message}")


def _report_usage(error: TyperException, command: str) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else command
    message = error.format_message()
    if not message.startswith("Usage:"):  # a command without its arguments shows its help
        message = f"error: {message}\nTry `{path} --help`."
    say(message)
    return error.exit_code


def open_progress(*, quiet: bool) -> Progress:
    """Bars on a terminal, lines elsewhere, nothing when `quiet`."""
    if quiet:
        return UNWATCHED
    if sys.stderr.isatty():
        from cli.bars import Bars  # noqa: PLC0415  (rich's progress is slow to import)

        return Bars()
    return _Lines()


class _Lines:
    """A line when a step ends, and one every few seconds while it lasts."""

    @contextmanager
    def step(self, label: str, total: int | None = None, unit: str = "") -> Iterator[Step]:
        line = _Line(label, total, unit)
        yield line
        line.print()


class _Line:
    def __init__(self, label: str, total: int | None, unit: str) -> None:
        self._label, self._total, self._unit = label, total, unit
        self._count = self._size = 0
        self._started = self._printed = time.monotonic()

    def advance(self, count: int, size: int = 0) -> None:
        self._count += count
        self._size += size
        if time.monotonic() - self._printed > _SECONDS_BETWEEN_LINES:
            self.print()

    def print(self) -> None:
        self._printed = time.monotonic()
        seconds = self._printed - self._started
        of_total = f" of {self._total:,}" if self._total and self._count < self._total else ""
        counted = f": {self._count:,}{of_total} {self._unit}" if self._unit else ""
        rate = f", {self._count / seconds:,.0f}/s" if counted and seconds > 1 else ""
        size = f", {format_bytes(self._size)}" if self._size else ""
        say(f"{self._label}{counted}{size}{rate}, {seconds:.1f} s")
