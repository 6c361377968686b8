"""Progress as lines, for whatever isn't a terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cli.meter import Clock, Meter, Reading
from etl.progress import Step

_SECONDS_BETWEEN_LINES = 5.0


class Lines:
    """A line every few seconds for each open step that has news, and one when it ends well.

    There is no timer: lines are due when any of the open steps reports.
    """

    def __init__(self, write: Callable[[Reading], None], clock: Clock = time.monotonic) -> None:
        self._write, self._clock = write, clock
        self._due: dict[Meter, float] = {}

    @contextmanager
    def step(self, label: str, total: int | None = None, unit: str = "") -> Iterator[Step]:
        """See `etl.progress.Progress`."""
        meter = Meter(label, total, unit, self._clock, self._write_due)
        self._due[meter] = self._clock() + _SECONDS_BETWEEN_LINES
        try:
            yield meter
        finally:
            del self._due[meter]
        meter.finish()
        self._write(meter.read())

    def _write_due(self) -> None:
        now = self._clock()
        for meter, due in self._due.items():
            if meter.has_news and now >= due:
                meter.has_news = False
                self._due[meter] = now + _SECONDS_BETWEEN_LINES
                self._write(meter.read())
