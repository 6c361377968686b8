"""Standard error and exit codes: errors, notes and progress. Standard output is for data (`cli.stdout`).

Exit codes: 0 done, 1 a check or a query failed, 2 usage or configuration, 3 the source failed, 130 interrupted, 143
ended by SIGTERM.
"""

import os
import signal
import sys
import traceback
from argparse import ArgumentParser
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from typing import NoReturn

import typer
from typer.exceptions import TyperException

from cli.lines import Lines
from cli.log import Formatter, Json, Text
from cli.options import LOG_FORMAT_VARIABLE, LogFormat
from cli.stdout import ReaderGoneError
from etl.errors import AbidError, CheckError, InterruptedQueryError, QueryError, SourceError, StorageError, is_full_disk
from etl.progress import UNWATCHED, Progress

_UNEXPECTED = 1
_USAGE = 2
_FAILED = 3
_EXIT_CODES: dict[type[AbidError], int] = {CheckError: 1, QueryError: 1, SourceError: _FAILED, StorageError: _FAILED}
_INTERRUPTED = 130
_TERMINATED = 143


@dataclass
class _Manner:
    """How this process speaks. There is one standard error, so there is one manner."""

    formatter: Formatter
    quiet: bool = False


_MANNER = _Manner(Text())


def set_log(log_format: LogFormat, *, quiet: bool = False) -> None:
    """Choose how standard error is written from now on; `quiet` leaves out all but errors."""
    _MANNER.formatter = Json() if log_format is LogFormat.JSON else Text()
    _MANNER.quiet = quiet


def run(app: typer.Typer, command: str, interrupted: str = "") -> None:
    """Run an app and exit. This is the one place where errors become messages and exit codes.

    `interrupted` is what to say more when it was.
    """
    _open_streams()
    set_log(_find_log_format())
    interrupt = _Interrupt()
    signal.signal(signal.SIGTERM, interrupt.take_sigterm)
    try:
        code = _attempt(app, command)
    except KeyboardInterrupt:
        code = _INTERRUPTED
    if code == _INTERRUPTED:
        code = say_error(f"interrupted. {interrupted}".rstrip(), interrupt.exit_code)
    _exit(code)


def _open_streams() -> None:
    """Have all three where the caller closed one, and write what their encoding lacks as JSON does.

    A file that is opened later would get the number of a closed one, and what is said would go into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _attempt(app: typer.Typer, command: str) -> int:
    try:
        return app(prog_name=command, standalone_mode=False) or 0
    except (ReaderGoneError, SystemExit):  # the latter is typer's, where nobody reads its help any more
        return 0
    except Exception as error:  # noqa: BLE001  (a log of JSON must tell of a bug, too)
        return _report(error, command)
    finally:  # still where an interrupt is taken; after it, none can break in on the end
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _report(error: Exception, command: str) -> int:
    """Say what ended the command, unless it was interrupted; returns the exit code."""
    match error:
        case typer.Abort() | InterruptedQueryError():
            return _INTERRUPTED
        case RuntimeError() if "interrupt" in str(error).lower():  # that is how DuckDB says it
            return _INTERRUPTED
        case AbidError():
            return say_error(str(error), _EXIT_CODES.get(type(error), _USAGE))
        case TyperException():
            return _report_usage(error, command)
        case OSError():
            code = _FAILED if is_full_disk(error) else _USAGE
            return say_error(f"{error.filename or command}: {error.strerror or error}", code)
        case _:
            return say_error(f"unexpected:\n{''.join(traceback.format_exception(error))}", _UNEXPECTED)


def _find_log_format() -> LogFormat:
    """What is asked for, before the command line is taken apart: an error in it must be written so already."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--log-format", nargs="?", default=os.environ.get(LOG_FORMAT_VARIABLE))
    asked = parser.parse_known_args()[0].log_format
    return LogFormat.JSON if asked == LogFormat.JSON else LogFormat.TEXT


class _Interrupt:
    """SIGTERM, which schedulers send, ends the work as Ctrl-C does; the exit code tells them apart."""

    exit_code = _INTERRUPTED

    def take_sigterm(self, *_: object) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # some send it twice, and cleaning up must not be cut short
        self.exit_code = _TERMINATED
        raise KeyboardInterrupt


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
    """Print a note, unless that is unwanted."""
    if not _MANNER.quiet:
        _print(_MANNER.formatter.note(message))


def say_error(message: str, exit_code: int) -> int:
    """Print what ends the command; returns `exit_code`."""
    _print(_MANNER.formatter.error(message, exit_code))
    return exit_code


def open_progress() -> Progress:
    """Bars on a terminal, lines of the chosen format elsewhere, nothing when that is unwanted."""
    if _MANNER.quiet:
        return UNWATCHED
    if sys.stderr.isatty() and isinstance(_MANNER.formatter, Text):
        from cli.bars import Bars  # noqa: PLC0415  (rich's progress is slow to import)

        return Bars()
    return Lines(lambda reading: _print(_MANNER.formatter.progress(reading)))


def _report_usage(error: TyperException, command: str) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else command
    # typer lists choices behind tabs, and names the exception that a value raised
    said = error.format_message().replace("\n\t", " ").replace(": Value error, ", ": ")
    return say_error(f"{said}\nTry `{path} --help`.", error.exit_code)


def _print(text: str) -> None:
    with suppress(BrokenPipeError):  # nobody reads it any more, and the work goes on
        print(text, file=sys.stderr, flush=True)  # noqa: T201  (the one place for it)
