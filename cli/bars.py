"""Progress as bars, on a terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.progress_bar import ProgressBar
from rich.table import Column
from rich.text import Text

from cli.log import describe_rates, describe_tallies, describe_time
from cli.meter import Clock, Meter, Reading
from cli.text import format_bytes
from etl.progress import Step

_LABEL_WIDTH = 18  # of most labels, so that the bars of one display stand below those of the last
_BAR_WIDTH = 12  # leaves enough of 80 columns for the longest facts


class Bars:
    """A bar for each open step, with its facts beside it. They share one display, since rich allows no second one."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._display: Progress | None = None
        self._open = 0

    @contextmanager
    def step(self, label: str, total: int | None = None, unit: str = "") -> Iterator[Step]:
        """See `etl.progress.Progress`. A finished step keeps its place until the last open one has ended."""
        meter = Meter(label, total, unit, self._clock)
        with self._share_display() as display:
            task = display.add_task(label, meter=meter)
            yield meter
            meter.finish()
            display.update(task, total=1, completed=1)

    @contextmanager
    def _share_display(self) -> Iterator[Progress]:
        if self._display is None:
            self._display = _make_display()
            self._display.start()
        self._open += 1
        try:
            yield self._display
        finally:
            self._open -= 1
            if self._open == 0:
                self._display.stop()
                self._display = None


def _make_display() -> Progress:
    columns = (
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}", table_column=Column(min_width=_LABEL_WIDTH, no_wrap=True)),
        _Bar(),
        _Facts(),
    )
    # Standard output may be a file, while this is a terminal.
    return Progress(*columns, console=Console(stderr=True), redirect_stdout=False)


class _Bar(ProgressColumn):
    def render(self, task: Task) -> ProgressBar:
        """A bar that pulses while nobody knows the total."""
        reading = _read(task)
        total, done = (1, 1) if reading.finished else (reading.total or None, reading.done)
        return ProgressBar(total, done, width=_BAR_WIDTH, animation_time=task.get_time())


class _Facts(ProgressColumn):
    """Each fact has its place, so that none moves when another grows: things and time, size and rates, tallies."""

    def render(self, task: Task) -> Text:
        """Up to three lines."""
        reading = _read(task)
        size = [format_bytes(reading.size)] if reading.size else []
        lines = (
            [*_describe_count(reading), describe_time(reading)],
            [*size, *describe_rates(reading)],
            describe_tallies(reading),
        )
        return Text("\n".join(", ".join(facts) for facts in lines if facts), no_wrap=True, overflow="ellipsis")


def _read(task: Task) -> Reading:
    meter: Meter = task.fields["meter"]
    return meter.read()


def _describe_count(reading: Reading) -> list[str]:
    if not reading.unit:
        return []
    total = f"/{reading.total:,}" if reading.total else ""
    return [f"{reading.done:,}{total} {reading.unit}"]
