"""What a step has done, how fast it goes, and how long the rest will take.

Under way, a rate is that of the last half minute. The rate of the whole step would promise a wrong end for long after a
stall, or after a start that was slower than what follows.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

Clock = Callable[[], float]

_WINDOW = 30.0  # seconds
_BETWEEN_SAMPLES = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Reading:
    """A step at one moment. Rates (things and bytes a second) are those of the whole once it is finished."""

    step: str
    unit: str
    done: int
    total: int | None
    size: int
    tallies: Mapping[str, int]
    seconds: float
    per_second: float
    bytes_per_second: float
    finished: bool

    @property
    def seconds_left(self) -> float | None:
        """None where that can't be told: the total isn't known, or nothing moves."""
        if self.total is None:
            return None
        if self.finished or self.done >= self.total:
            return 0.0
        return (self.total - self.done) / self.per_second if self.per_second else None


class _Sample(NamedTuple):
    at: float
    done: int
    size: int


class Meter:
    """An `etl.progress.Step` that counts. One thread changes it; others may read it meanwhile."""

    def __init__(
        self,
        label: str,
        total: int | None = None,
        unit: str = "",
        clock: Clock = time.monotonic,
        on_report: Callable[[], None] = lambda: None,
    ) -> None:
        self._label, self._total, self._unit = label, total, unit
        self._clock, self._on_report = clock, on_report
        self._done = self._size = 0
        self._tallies: dict[str, int] = {}
        self._started = clock()
        self._ended: float | None = None
        self._samples = deque([_Sample(self._started, 0, 0)])
        self.has_news = False

    def advance(self, count: int, size: int = 0) -> None:
        """See `etl.progress.Step`."""
        self._done += count
        self._size += size
        self._report(is_news=count > 0 or size > 0)

    def expect(self, total: int) -> None:
        """See `etl.progress.Step`."""
        is_news = total != self._total
        self._total = total
        self._report(is_news=is_news)

    def tally(self, name: str, count: int) -> None:
        """See `etl.progress.Step`."""
        is_news = count != self._tallies.get(name, 0)
        self._tallies = {**self._tallies, name: count}  # a new one: another thread may be reading the old
        self._report(is_news=is_news)

    def finish(self) -> None:
        """Stop the clock."""
        self._ended = self._clock()

    def read(self) -> Reading:
        """How things stand."""
        now = self._clock() if self._ended is None else self._ended
        since = self._samples[0] if self._ended is None else _Sample(self._started, 0, 0)
        span = now - since.at
        return Reading(
            step=self._label,
            unit=self._unit,
            done=self._done,
            total=self._total,
            size=self._size,
            tallies={name: count for name, count in self._tallies.items() if count},
            seconds=now - self._started,
            per_second=(self._done - since.done) / span if span else 0.0,
            bytes_per_second=(self._size - since.size) / span if span else 0.0,
            finished=self._ended is not None,
        )

    def _report(self, *, is_news: bool) -> None:
        self.has_news |= is_news
        self._take_sample()
        self._on_report()

    def _take_sample(self) -> None:
        now = self._clock()
        if now - self._samples[-1].at < _BETWEEN_SAMPLES:
            return
        self._samples.append(_Sample(now, self._done, self._size))
        while len(self._samples) > 2 and self._samples[0].at < now - _WINDOW:  # noqa: PLR2004  (a rate needs two)
            self._samples.popleft()
