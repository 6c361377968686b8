"""The formats of standard error: text for people, JSON for machines, one object a line.

A format makes strings of notes, errors and the readings of steps; `cli.stderr` prints them.
"""

import datetime as dt
import json
from collections.abc import Callable
from typing import Protocol

from cli.meter import Reading
from cli.text import escape_controls, format_bytes, format_seconds

_NEEDS_A_DECIMAL = 10  # below it
_SECONDS_FOR_A_RATE = 1


class Formatter(Protocol):
    """A format."""

    def note(self, message: str) -> str:
        """A note, which may have several lines."""

    def error(self, message: str, exit_code: int) -> str:
        """What ends the command."""

    def progress(self, reading: Reading) -> str:
        """How far a step is."""


class Text:
    """Sentences."""

    def note(self, message: str) -> str:
        """The message, its lines kept."""
        return escape_controls(message, keep="\n")

    def error(self, message: str, exit_code: int) -> str:  # noqa: ARG002  (the shell has it)
        """The message, marked."""
        return self.note(f"error: {message}")

    def progress(self, reading: Reading) -> str:
        """One line."""
        of_total = f" of {reading.total:,}" if reading.total and reading.done < reading.total else ""
        counted = f": {reading.done:,}{of_total} {reading.unit}" if reading.unit else ""
        size = [format_bytes(reading.size)] if reading.size else []
        facts = [*size, *describe_rates(reading), *describe_tallies(reading), describe_time(reading)]
        return self.note(", ".join([reading.step + counted, *facts]))


class Json:
    """Objects. What a field holds doesn't depend on the step, so that a reader needn't ask what is there."""

    def __init__(self, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        self._now = now

    def note(self, message: str) -> str:
        """The message is one string, however many lines it has."""
        return self._write_event("info", "note", message=message)

    def error(self, message: str, exit_code: int) -> str:
        """With the exit code, which may be all that a reader of logs gets."""
        return self._write_event("error", "error", message=message, exit_code=exit_code)

    def progress(self, reading: Reading) -> str:
        """Numbers without units: things, bytes, seconds."""
        tallies = {name.replace("-", "_"): count for name, count in reading.tallies.items()}
        left = reading.seconds_left
        return self._write_event(
            "info",
            "progress",
            step=reading.step,
            done=reading.done,
            total=reading.total,
            unit=reading.unit,
            bytes=reading.size,
            per_second=round(reading.per_second, 1),
            bytes_per_second=round(reading.bytes_per_second, 1),
            **{"retries": 0, "slow_downs": 0, **tallies},
            seconds=round(reading.seconds, 1),
            seconds_left=left if left is None else round(left, 1),
            finished=reading.finished,
        )

    def _write_event(self, level: str, event: str, **facts: object) -> str:
        time = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
        return json.dumps({"time": time, "level": level, "event": event, **facts})


def describe_rates(reading: Reading) -> list[str]:
    """Things and bytes a second; nothing before they mean something."""
    if not reading.unit or reading.seconds <= _SECONDS_FOR_A_RATE:
        return []
    things = f"{_round(reading.per_second)}/s"
    return [things, f"{format_bytes(reading.bytes_per_second)}/s"] if reading.size else [things]


def describe_tallies(reading: Reading) -> list[str]:
    """What else has happened, and how often."""
    return [f"{name} {count:,}" for name, count in reading.tallies.items()]


def describe_time(reading: Reading) -> str:
    """The time that is left, or else the time that has gone by."""
    if reading.finished:
        return format_seconds(reading.seconds)
    if reading.seconds_left:
        return f"{format_seconds(reading.seconds_left)} left"
    return f"{format_seconds(reading.seconds)} so far"


def _round(number: float) -> str:
    return f"{number:.1f}" if 0 < number < _NEEDS_A_DECIMAL else f"{number:,.0f}"
